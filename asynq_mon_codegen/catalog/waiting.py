"""Tasks wait: their age, and whether the backlog is being worked off."""

from __future__ import annotations

from asynq_mon_codegen.catalog.records import LATENCY, PAUSED, PENDING, SUCCEEDED
from asynq_mon_codegen.catalog.runbooks import waiting as runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, floor, unless
from asynq_mon_codegen.simulator import Probe, QueueState, Ramp, Saw, Then, World

__all__ = [
    "ALERTS",
    "BACKLOG_NOT_DRAINING",
    "GROUP",
    "IS_PAUSED",
    "OLDEST_PENDING",
    "QUEUE_WAIT_HIGH",
    "RECORDS",
    "TIME_TO_DRAIN",
]

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
    description="Pending tasks over successful tasks per second: how long the backlog takes if nothing new comes. "
    "+Inf when nothing succeeds.",
)


def _healthy(**other: object) -> QueueState:
    return QueueState(processed=10, failed=1, pending=3, latency=1, **other)  # type: ignore[arg-type]


def _waits(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, _healthy(), QueueState(processed=10, failed=1, pending=500, latency=value))


def _waits_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, _healthy(), QueueState(pending=500, latency=value, paused=True))


def _waits_in_bursts(world: World, name: str, value: float) -> dict[str, str]:
    """Every two minutes the head of the queue is fresh again."""
    burst = QueueState(processed=10, failed=1, pending=Saw(1, 500, 4), latency=Saw(1, value, 4))
    return world.queue(name, _healthy(), burst)


QUEUE_WAIT_HIGH = Alert(
    name="AsynqQueueWaitHigh",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=OLDEST_PENDING,
    when=Above(warning="1m", critical="5m"),
    hold="2m",
    # an overloaded queue hovers about its level: one incident, however often the wait dips below
    keep_firing_for="5m",
    guards=(IS_PAUSED,),
    summary="Tasks wait too long for a worker",
    description="The next task of queue {queue} has waited {value} for a worker (threshold {threshold}, for {hold}); "
    "every task behind it is late too.",
    dashboard="asynq-queue",
    inhibits=("AsynqQueueBacklogNotDraining", "AsynqWorkersSaturated"),
    probe=Probe(
        drive=_waits,
        quiet={"the queue is paused": _waits_while_paused, "bursts that are worked off": _waits_in_bursts},
    ),
    runbook=runbooks.WAIT_HIGH,
)

_BACKLOG = 225
"""Between the floor of 100 tasks and three times as many; 15 minutes at 0.25 tasks per second."""


def _drains(world: World, name: str, value: float, pending: float = _BACKLOG, paused: bool = False) -> dict[str, str]:
    waiting = pending * world.volume
    succeeded = waiting / value
    if not (succeeded * 2**10).is_integer():
        succeeded /= 1.000001  # a hair slower, so that rounding in rate() does not print 18m 44s for 18m 45s
    processed, failed = 3 * succeeded, 2 * succeeded
    return world.queue(
        name,
        healthy=QueueState(processed=processed, failed=failed, pending=3 * min(1, world.volume), latency=1),
        broken=QueueState(processed=processed, failed=failed, pending=waiting, latency=20, paused=paused),
    )


def _drains_just_enough(world: World, name: str, value: float) -> dict[str, str]:
    return _drains(world, name, value, pending=100)


def _drains_a_little(world: World, name: str, value: float) -> dict[str, str]:
    return _drains(world, name, value, pending=99)


def _drains_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    return _drains(world, name, value, paused=True)


def _drains_a_nightly_batch(world: World, name: str, value: float) -> dict[str, str]:
    """10,000 tasks of one minute, worked off in 20: the backlog shrinks faster than the hold lasts."""
    return world.queue(
        name,
        healthy=QueueState(),
        broken=QueueState(
            pending=Then(Ramp(5_000, 160), 2, Ramp(9_750, -8.2)),
            latency=Ramp(1, 0.95),
            processed=8.33,
        ),
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
    description="At its present pace queue {queue} needs {value} to work off its backlog, even if nothing new comes "
    "(threshold {threshold}, for {hold}; +Inf means that no task succeeds).",
    dashboard="asynq-queue",
    probe=Probe(
        drive=_drains,
        also={"just enough tasks are pending": _drains_just_enough},
        quiet={
            "at least {minimum} tasks are pending": _drains_a_little,
            "the queue is paused": _drains_while_paused,
            "a nightly batch": _drains_a_nightly_batch,
        },
        floor=100,
    ),
    runbook=runbooks.BACKLOG_NOT_DRAINING,
)

ALERTS = (QUEUE_WAIT_HIGH, BACKLOG_NOT_DRAINING)
RECORDS = ()
