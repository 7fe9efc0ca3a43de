"""Recorded series that several domains share: one number per queue, whatever the number of exporters."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.promql import Record

__all__ = [
    "ACTIVE",
    "ARCHIVED",
    "FAILED",
    "LATENCY",
    "PAUSED",
    "PENDING",
    "PROCESSED",
    "QUEUE_RECORDS",
    "RETRY",
    "SCHEDULED",
    "SIZE",
    "SUCCEEDED",
    "state",
]


def state(name: str, help_: str) -> Record:
    """The tasks of one state, per queue."""
    return Record(
        metric=f"asynq_tasks_{name}",
        operations="max",
        by="queue",
        expr=asynq.TASKS_ENQUEUED.where(state=name).max(by="queue"),
        help=help_,
    )


PENDING = state("pending", "Tasks that wait for a worker: the backlog.")
ACTIVE = state("active", "Tasks that workers hold, tasks of dead workers included for 60 to 120 seconds.")
SCHEDULED = state("scheduled", "Tasks enqueued for later.")
RETRY = state("retry", "Failed tasks that wait for their next attempt.")
ARCHIVED = state("archived", "Dead-letter tasks; asynq drops the oldest beyond 9,999.")
SIZE = Record(
    metric="asynq_queue_size",
    operations="max",
    by="queue",
    expr=asynq.QUEUE_SIZE.max(by="queue"),
    help="Tasks in all states.",
)
LATENCY = Record(
    metric="asynq_queue_latency_seconds",
    operations="max",
    by="queue",
    expr=asynq.QUEUE_LATENCY.max(by="queue"),
    help="Age of the oldest pending task.",
)
PAUSED = Record(
    metric="asynq_queue_paused",
    operations="max",
    by="queue",
    expr=asynq.QUEUE_IS_PAUSED.max(by="queue"),
    help="1 while the queue is paused.",
)
PROCESSED = Record(
    metric="asynq_tasks_processed",
    operations="rate5m",
    by="queue",
    expr=asynq.TASKS_PROCESSED.rate("5m").max(by="queue"),
    help="Finished attempts per second, failed ones included.",
)
FAILED = Record(
    metric="asynq_tasks_failed",
    operations="rate5m",
    by="queue",
    expr=asynq.TASKS_FAILED.rate("5m").max(by="queue"),
    help="Failed attempts per second.",
)
SUCCEEDED = Record(
    metric="asynq_tasks_succeeded",
    operations="rate5m",
    by="queue",
    expr=PROCESSED - FAILED,
    help="Successful attempts per second.",
)

QUEUE_RECORDS = (PENDING, ACTIVE, SCHEDULED, RETRY, ARCHIVED, SIZE, LATENCY, PAUSED, PROCESSED, FAILED, SUCCEEDED)
"""In the order in which one group evaluates them: each before those that are made of it."""
