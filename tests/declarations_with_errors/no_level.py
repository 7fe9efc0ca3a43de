from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    queues=[Queue("orders", thresholds={"AsynqQueueWaitHigh": Above()})],
)
