from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    queues=[Queue("orders", thresholds={"AsynqQueueWaitHihg": Above(warning="30s")})],
)
