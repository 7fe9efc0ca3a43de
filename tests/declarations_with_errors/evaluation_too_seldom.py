from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(
    service="orders",
    alerts=[asynq.QUEUE_WAIT_HIGH, asynq.EXPORTER_DOWN],
    evaluation_interval="150s",
)
