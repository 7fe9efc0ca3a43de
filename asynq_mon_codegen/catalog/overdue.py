"""Due tasks and groups that nobody hands out: watched over an hour, and therefore not every 30 seconds."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.catalog.probes import overdue as probes
from asynq_mon_codegen.catalog.queue_flow import AGGREGATING, DUE_FALLS
from asynq_mon_codegen.catalog.runbooks import overdue as runbooks
from asynq_mon_codegen.catalog.stalls import NOTHING_DONE
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, only, unless

__all__ = [
    "AGGREGATING_TASKS",
    "AGGREGATION_STUCK",
    "ALERTS",
    "GROUP",
    "RECORDS",
    "SCHEDULED_OVERDUE",
    "TASKS_FOR_LATER",
]

GROUP = "overdue"
"""Evaluated as seldom as learnt thresholds: its windows are long, and hold thousands of samples of many queues."""

TASKS_FOR_LATER = Signal(
    title="Scheduled tasks and tasks in retry",
    expr=asynq.TASKS_ENQUEUED.where(state=("scheduled", "retry")).max(by=("queue", "state")),
    unit=Unit.TASKS,
    description="Tasks that a worker moves to pending once they are due.",
)
AGGREGATING_TASKS = Signal(
    title="Tasks waiting in a group",
    expr=AGGREGATING,
    unit=Unit.TASKS,
    description="Tasks that a worker will combine into one when their group is complete.",
)

SCHEDULED_OVERDUE = Alert(
    name="AsynqScheduledOverdue",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=TASKS_FOR_LATER,
    when=Above(warning=0),
    hold="10m",
    longest_hold="20m",
    guards=(
        only(DUE_FALLS.equals(0), "the set has not shrunk for 15 minutes"),
        # five times in every quarter of an hour: a set that thins out, or holds tomorrow's tasks, drops below that
        # long before it stands still
        only(DUE_FALLS.offset("1h").min_over("30m").above(4), "it shrank again and again in the hours before"),
        # workers themselves hand out what is due, so a queue that gets work done has somebody who does
        NOTHING_DONE,
        unless(
            asynq.TASKS_ENQUEUED.where(state="scheduled").changes("15m").max(by=("queue", "state")).equals(0),
            "nothing new is scheduled either",
        ),
    ),
    summary="Due tasks are not handed to workers",
    description="The {state} set of queue {queue} holds {value} and has not shrunk for 15 minutes, although it moved "
    "all the time before: no worker forwards tasks that are due.",
    dashboard="asynq-queue",
    probe=probes.SCHEDULED_OVERDUE,
    runbook=runbooks.SCHEDULED_OVERDUE,
)

AGGREGATION_STUCK = Alert(
    name="AsynqAggregationStuck",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=AGGREGATING_TASKS,
    when=Above(warning=0),
    hold="5m",
    guards=(
        only(AGGREGATING.offset("1h").above(0), "tasks waited in a group an hour ago too"),
        only(AGGREGATING.falls("1h").equals(0), "no group was flushed within the hour"),
    ),
    summary="Grouped tasks are never flushed",
    description="{value} of queue {queue} wait in groups that no worker has flushed for an hour.",
    dashboard="asynq-queue",
    probe=probes.AGGREGATION_STUCK,
    runbook=runbooks.AGGREGATION_STUCK,
)

ALERTS = (SCHEDULED_OVERDUE, AGGREGATION_STUCK)
RECORDS = ()
