from asynq_mon_codegen import Below, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    queues=[Queue("orders", thresholds={"AsynqQueueWaitHigh": Below(warning="30s")})],
)
