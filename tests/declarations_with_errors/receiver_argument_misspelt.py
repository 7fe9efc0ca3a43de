from asynq_mon_codegen import Receiver

chat = Receiver.slack("chat", chanel="#orders")
