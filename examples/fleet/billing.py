"""Invoices and payouts: two namespaces, one team; a queue that is paused every night."""

from _teams import CHECKOUT

from asynq_mon_codegen import Monitoring, Queue, TaskType, asynq

monitoring = Monitoring(
    service="billing",
    team="checkout",
    where={"namespace": ("billing", "billing-jobs")},
    queues=(Queue("default"), Queue("payouts", thresholds={asynq.QUEUE_PAUSED: None})),
    task_types=TaskType("ledger:close", every="24h"),
    alerts=asynq.ALERTS,
    receivers=CHECKOUT,
    instrumentation=True,
)
