from asynq_mon_codegen import Receiver, Route

everything = Route(to=Receiver.slack("chat", channel="#orders"))
