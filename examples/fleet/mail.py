"""Mails: nobody minds an hour's delay, and nobody is woken; the receivers are those of fleet.py."""

from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="mail",
    team="growth",
    where={"namespace": "notifications"},
    queues=(Queue("default"), Queue("campaigns", team="marketing", optional=True)),
    thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="1h")},
    alerts=asynq.ALERTS,
)
