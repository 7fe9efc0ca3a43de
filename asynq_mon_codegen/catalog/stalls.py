"""Work stands still: nobody takes tasks, a queue is paused or gone."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.catalog.probes import stalls as probes
from asynq_mon_codegen.catalog.records import ACTIVE, PAUSED, PENDING, PROCESSED, SIZE
from asynq_mon_codegen.catalog.runbooks import missing as missing_runbooks
from asynq_mon_codegen.catalog.runbooks import stalls as runbooks
from asynq_mon_codegen.catalog.waiting import IS_PAUSED
from asynq_mon_codegen.model import Above, Alert, Present, Severity, Signal, Threat, Unit, only, unless
from asynq_mon_codegen.promql import Expr, ForEach, Record, per_second

__all__ = [
    "ALERTS",
    "GROUP",
    "NOTHING_DONE",
    "OPTIONAL_QUEUE_MISSING",
    "PAUSED_QUEUES",
    "PENDING_TASKS",
    "QUEUE_MISSING",
    "QUEUE_PAUSED",
    "QUEUE_STALLED",
    "QUEUE_STARVED",
    "RECORDS",
]

GROUP = "stalls"

PENDING_TASKS = Signal(
    title="Pending tasks", expr=PENDING, unit=Unit.TASKS, description="Tasks that wait for a worker: the backlog."
)
PAUSED_QUEUES = Signal(
    title="Paused", expr=PAUSED, unit=Unit.COUNT, description="1 while the queue is paused: workers skip it."
)
NOTHING_DONE = only(PROCESSED.equals(0), "no attempt has finished for 5 minutes")

_LONGEST_HANDLERS = per_second(0.01)
"""Attempts per second: three in 5 minutes. A queue whose best 5 minutes are below has handlers of minutes."""


def _slow_by_nature() -> Expr:
    best = PROCESSED.max_over("1h").above(0).below(_LONGEST_HANDLERS)
    return ACTIVE.above(0).and_(best)


_PASSED_OVER = "workers serve another queue that always has tasks waiting, and hold none of this one"


def _passed_over() -> Expr:
    """What starves a queue: strict priority gives every free slot to another one, which never becomes empty.

    Without a consumer or with dead workers, the queues that are served become empty again and again. Two
    minutes and not five, for the last long tasks of stopping workers finish after all others.
    """
    served = asynq.TASKS_PROCESSED.rate("2m").max(by="queue")
    never_empty = served.above(0).and_(PENDING.min_over("5m").above(0))
    return ACTIVE.equals(0).and_(never_empty.group())


ANY_QUEUE = Record(
    metric="asynq_queue_size",
    operations="group",
    by=(),
    expr=SIZE.group(),
    help="1 where there is any queue at all.",
)


def _declared(key: str) -> Expr:
    """The declared queues, once for every deployment that has any queue at all."""
    return ForEach(ANY_QUEUE, "queue", key)


_OF_A_STANDSTILL = (
    "AsynqQueueWaitHigh",
    "AsynqQueueBacklogNotDraining",
    "AsynqScheduledOverdue",
    "AsynqWorkersSaturated",
    "AsynqPeriodicTaskMissing",
)
"""What follows where a queue gets nothing done."""

QUEUE_STALLED = Alert(
    name="AsynqQueueStalled",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=PENDING_TASKS,
    when=Above(critical=0),
    hold="2m",
    longest_hold="30m",
    # handlers that hang all fail at once when their timeout comes: for 5 minutes something seems to get done
    keep_firing_for="10m",
    guards=(
        NOTHING_DONE,
        # asynq's latency would not do: it is 0 after a graceful stop of workers that put tasks back
        only(PENDING.offset("5m").above(0), "tasks were pending 5 minutes ago too"),
        IS_PAUSED,
        unless(_slow_by_nature(), "workers hold tasks of a queue that never finishes 3 in 5 minutes"),
        unless(_passed_over(), _PASSED_OVER),
    ),
    summary="Nobody works on a queue that has tasks waiting",
    description="Queue {queue} has {value} pending, and not one attempt has finished for more than 5 minutes.",
    dashboard="asynq-queue",
    inhibits=_OF_A_STANDSTILL,
    probe=probes.STALLED,
    runbook=runbooks.STALLED,
)

QUEUE_STARVED = Alert(
    name="AsynqQueueStarved",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=PENDING_TASKS,
    when=Above(critical=0),
    hold="2m",
    guards=(
        NOTHING_DONE,
        only(PENDING.offset("5m").above(0), "tasks were pending 5 minutes ago too"),
        only(_passed_over(), _PASSED_OVER),
        IS_PAUSED,
    ),
    summary="A queue gets no worker, for another one takes them all",
    description="Queue {queue} has {value} pending and for more than 5 minutes none of them has been taken, while "
    "workers of the same Redis serve another queue that never becomes empty.",
    dashboard="asynq-overview",
    inhibits=_OF_A_STANDSTILL,
    probe=probes.STARVED,
    runbook=runbooks.STARVED,
)

QUEUE_PAUSED = Alert(
    name="AsynqQueuePaused",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=PAUSED_QUEUES,
    when=Above(warning=0),
    hold="30m",
    summary="A queue has been paused for long",
    description="Queue {queue} has been paused for more than {hold}: tasks are still accepted, but none is started.",
    dashboard="asynq-queue",
    inhibits=(
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqQueueSurge",
    ),
    probe=probes.PAUSED,
    runbook=runbooks.PAUSED,
)

QUEUE_MISSING = Alert(
    name="AsynqQueueMissing",
    group="missing",
    threat=Threat.MONITORING,
    signal=Signal(title="Declared queues", expr=_declared("queues"), unit=Unit.COUNT),
    when=Present(Severity.WARNING),
    hold="10m",
    guards=(unless(SIZE, "the queue has series"),),
    summary="A declared queue does not exist in Redis",
    description="Queue {queue} is declared, but asynq's exporter has shown no such queue for {hold}, although it shows "
    "others: no alert about it can fire.",
    dashboard="asynq-health",
    probe=probes.MISSING,
    runbook=missing_runbooks.MISSING,
)

OPTIONAL_QUEUE_MISSING = Alert(
    name="AsynqOptionalQueueMissing",
    group="missing",
    threat=Threat.MONITORING,
    signal=Signal(title="Optional queues", expr=_declared("optional_queues"), unit=Unit.COUNT),
    when=Present(Severity.INFO),
    hold="10m",
    guards=(unless(SIZE, "the queue has series"),),
    summary="An optional queue does not exist in Redis",
    description="Queue {queue} is declared as optional, and asynq's exporter has shown no such queue for {hold}.",
    dashboard="asynq-health",
    probe=probes.OPTIONAL_MISSING,
    runbook=missing_runbooks.OPTIONAL_MISSING,
)

ALERTS = (
    QUEUE_STALLED,
    QUEUE_STARVED,
    QUEUE_PAUSED,
    QUEUE_MISSING,
    OPTIONAL_QUEUE_MISSING,
)
RECORDS = ()
