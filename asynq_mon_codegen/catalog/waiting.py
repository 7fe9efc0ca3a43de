"""Tasks wait: the backlog, its age, and whether it is being worked off."""

from __future__ import annotations

from asynq_mon_codegen.catalog.records import LATENCY, PAUSED, PENDING, SUCCEEDED
from asynq_mon_codegen.model import (
    Above,
    Alert,
    Cause,
    Runbook,
    Signal,
    Step,
    Threat,
    Unit,
    asynq_cli,
    floor,
    promql_query,
    unless,
)
from asynq_mon_codegen.simulator import Probe, QueueState, World

GROUP = "waiting"

IS_PAUSED = unless(PAUSED.equals(1), "the queue is paused")

OLDEST_PENDING = Signal(
    title="Age of the oldest pending task",
    expr=LATENCY,
    unit=Unit.SECONDS,
    description="How long the task that is next in line has waited. Healthy idle queues show up to 1.5 s.",
)
TIME_TO_DRAIN = Signal(
    title="Time to drain",
    expr=PENDING / SUCCEEDED,
    unit=Unit.SECONDS,
    description="Pending tasks over successful tasks per second: how long the backlog takes if nothing new comes.",
)


def _waits(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(
        name,
        healthy=QueueState(processed=10, pending=3, latency=1),
        broken=QueueState(processed=10, pending=500, latency=value),
    )


def _waits_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(
        name,
        healthy=QueueState(processed=10, pending=3, latency=1),
        broken=QueueState(pending=500, latency=value, paused=True),
    )


QUEUE_WAIT_HIGH = Alert(
    name="AsynqQueueWaitHigh",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=OLDEST_PENDING,
    when=Above(warning="1m", critical="5m"),
    hold="2m",
    guards=(IS_PAUSED,),
    summary="Tasks wait too long for a worker",
    description="The oldest pending task of queue {queue} has waited {value} (threshold {threshold}, for {hold}).",
    dashboard="asynq-queue",
    probe=Probe(drive=_waits, quiet={"the queue is paused": _waits_while_paused}),
    runbook=Runbook(
        meaning="The task that is next in line has been pending for longer than the threshold: work comes in faster "
        "than workers take it, or nobody takes it at all.",
        impact="Everything behind it in the queue is late by at least as much; users of this queue notice first.",
        causes=(
            Cause(
                "No worker takes tasks of this queue",
                "Processed per second is 0 although tasks are pending.",
                promql_query("queue:asynq_tasks_processed:rate5m{queue=\"{queue}\"}", "0 means nobody works"),
            ),
        ),
        actions=(Step("See what the queue is doing.", asynq_cli("asynq queue inspect {queue}")),),
        tuning="Give the queue its own thresholds: Queue(..., thresholds={\"AsynqQueueWaitHigh\": Above(...)}).",
        lies="After a graceful stop of workers asynq reports 0 for tasks that were put back; AsynqQueueStalled sees those.",
    ),
)


def _drains(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(
        name,
        healthy=QueueState(processed=2, pending=3, latency=1),
        broken=QueueState(processed=2, pending=2 * value, latency=20),
    )


BACKLOG_NOT_DRAINING = Alert(
    name="AsynqQueueBacklogNotDraining",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=TIME_TO_DRAIN,
    when=Above(warning="15m", critical="1h"),
    hold="10m",
    guards=(floor(PENDING, 100, "at least {minimum} tasks are pending"), IS_PAUSED),
    summary="The backlog will not be worked off soon",
    description="At its present pace queue {queue} needs {value} to work off its backlog (threshold {threshold}).",
    dashboard="asynq-queue",
    probe=Probe(drive=_drains),
    runbook=Runbook(meaning="x", actions=("y",)),
)

ALERTS = (QUEUE_WAIT_HIGH, BACKLOG_NOT_DRAINING)
RECORDS = ()
