from asynq_mon_codegen import Receiver

hook = Receiver.webhook("hook", url="https://hooks.example.com/alert?token=abc")
