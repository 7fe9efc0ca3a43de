from asynq_mon_codegen import Monitoring, Receiver, Route, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    routes=[Route(to=Receiver.slack("chat", channel="#orders"), alerts="AsynqQueueWait")],
)
