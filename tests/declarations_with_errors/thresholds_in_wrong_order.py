from asynq_mon_codegen import Above, Monitoring, evolve, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqQueueWaitHigh"], when=Above(warning="5m", critical="1m"))),
)
