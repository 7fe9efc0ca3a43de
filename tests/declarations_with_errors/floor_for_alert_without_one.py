from asynq_mon_codegen import Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    queues=[Queue("reports", floors={"AsynqQueueWaitHigh": 50})],
)
