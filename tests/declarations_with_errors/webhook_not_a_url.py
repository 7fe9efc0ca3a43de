from asynq_mon_codegen import Receiver

hook = Receiver.webhook("hook", url="hooks.example.com/alert")
