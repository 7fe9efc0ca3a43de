from asynq_mon_codegen import Receiver

chat = Receiver.slack("chat", channel="#orders", api_url="https://hooks.example.com/T000/B000/XXXX")
