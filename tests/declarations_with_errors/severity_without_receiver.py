from asynq_mon_codegen import Monitoring, Receiver, Severity, asynq

monitoring = Monitoring(
    service="orders",
    alerts=[asynq.QUEUE_WAIT_HIGH, asynq.BACKLOG_NOT_DRAINING],
    receivers={
        Severity.CRITICAL: Receiver.pagerduty("oncall"),
        Severity.INFO: Receiver.email("mail", to="orders@example.com"),
        Severity.NONE: Receiver.webhook("watchdog", url="https://watchdog.example.com/asynq"),
        Severity.WARNING: (),
    },
)
