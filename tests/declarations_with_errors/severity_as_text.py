from asynq_mon_codegen import Monitoring, Receiver, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    receivers={"critical": Receiver.pagerduty("oncall")},
)
