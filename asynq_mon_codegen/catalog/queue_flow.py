"""Recorded series of what flows into, through and out of a queue, where asynq shows only levels."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.catalog.records import ARCHIVED, PROCESSED, SIZE, SUCCEEDED, state
from asynq_mon_codegen.promql import Record

__all__ = ["AGGREGATING", "ARRIVED", "COMPLETED", "DUE_FALLS", "THROUGHPUT", "UNFINISHED"]

COMPLETED = state("completed", "Finished tasks that their Retention keeps.")
UNFINISHED = Record(
    metric="asynq_tasks_unfinished",
    operations="max",
    by="queue",
    expr=SIZE - COMPLETED - ARCHIVED,
    help="Tasks that still have to run: pending, active, scheduled, in retry or waiting in a group.",
)
ARRIVED = Record(
    metric="asynq_tasks_arrived",
    operations="rate5m",
    by="queue",
    # asynq counts no enqueues: what came in is what was finished plus what is more than before
    expr=(SUCCEEDED + UNFINISHED.deriv("5m")).clamp_min(0),
    help="Tasks enqueued per second, estimated; tasks that a worker archives are not in it.",
)
THROUGHPUT = Record(
    metric="asynq_tasks_processed",
    operations="avg15m",
    by="queue",
    expr=PROCESSED.avg_over("15m"),
    help="Finished attempts per second, failed ones included, as a mean over 15 minutes.",
)
DUE_FALLS = Record(
    metric="asynq_tasks_enqueued",
    operations="resets15m",
    by=("queue", "state"),
    expr=asynq.TASKS_ENQUEUED.where(state=("scheduled", "retry")).falls("15m").max(by=("queue", "state")),
    help="How often the scheduled or retry set shrank in 15 minutes: due tasks that were handed to workers.",
)
_EXPORTER = ("queue", "job", "instance")
AGGREGATING = Record(
    metric="asynq_tasks_aggregating",
    operations="max",
    by="queue",
    # per exporter first: two exporters are scraped at different moments, and their difference would not be 0
    expr=(asynq.QUEUE_SIZE.max(by=_EXPORTER) - asynq.TASKS_ENQUEUED.sum(by=_EXPORTER)).max(by="queue"),
    help="Tasks that wait in a group; asynq counts them in the queue's size but shows no such state.",
)
