from asynq_mon_codegen import Monitoring, evolve, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqQueueWaitHigh"], name="AsynqQueueWaitsHigh")),
)
