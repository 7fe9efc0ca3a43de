from asynq_mon_codegen import Monitoring, TaskType, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    task_types=[TaskType("mail:send"), TaskType("mail:send", every="1h")],
)
