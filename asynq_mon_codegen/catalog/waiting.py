"""Tasks wait: their age, whether the backlog is being worked off, and whether a flood comes in."""

from __future__ import annotations

from asynq_mon_codegen.catalog.queue_flow import ARRIVED, USUAL_ARRIVALS
from asynq_mon_codegen.catalog.records import LATENCY, PAUSED, PENDING, PROCESSED, SUCCEEDED
from asynq_mon_codegen.catalog.runbooks import waiting as runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, floor, only, unless
from asynq_mon_codegen.promql import Expr
from asynq_mon_codegen.simulator import Probe, QueueState, Ramp, Saw, Then, World

__all__ = [
    "ALERTS",
    "ARRIVALS_PER_PROCESSED",
    "BACKLOG_NOT_DRAINING",
    "GROUP",
    "IS_PAUSED",
    "OLDEST_PENDING",
    "QUEUE_SURGE",
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
ARRIVALS_PER_PROCESSED = Signal(
    title="Arrivals per processed task",
    expr=ARRIVED / PROCESSED,
    unit=Unit.TIMES,
    description="Estimated arrivals over finished attempts: above 1 the queue takes in more than it gets done.",
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
    succeeded = pending / value
    if not (succeeded * 2**10).is_integer():
        succeeded /= 1.000001  # a hair slower, so that rounding in rate() does not print 18m 44s for 18m 45s
    processed, failed = 3 * succeeded, 2 * succeeded
    return world.queue(
        name,
        healthy=QueueState(processed=processed, failed=failed, pending=3, latency=1),
        broken=QueueState(processed=processed, failed=failed, pending=pending, latency=20, paused=paused),
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
    ),
    runbook=runbooks.BACKLOG_NOT_DRAINING,
)

_PACE = 0.2
"""Attempts per second of the flooded queue: so slow that a flood stays below three times the floor."""
_FAILED = 0.05


def _usual() -> Expr:
    """Arrivals of an hour ago (70 to 40 minutes); more recent ones where the queue is younger.

    Recent ones alone would call a flood usual after a quarter of an hour of it.
    """
    return USUAL_ARRIVALS.offset("30m").or_(USUAL_ARRIVALS)


def _history(*parts: tuple[int, float]) -> Then | float:
    """Rates one after the other, each for a number of minutes; the last one goes on."""
    (minutes, rate), *rest = parts
    return Then(rate, 2 * minutes, _history(*rest)) if rest else rate


def _flood(
    world: World,
    name: str,
    value: float,
    *parts: tuple[int, float],
    broken: QueueState | None = None,
    start: float = 600,
) -> dict[str, str]:
    """Arrivals are ``value`` times what is processed; ``parts`` are earlier arrivals, as shares of those."""
    arrivals = value * _PACE
    before = parts or ((50, 0.47), (30, 0.95))
    history = _history(*((minutes, share * arrivals) for minutes, share in before))
    kept = Ramp(0, _PACE - _FAILED)
    flooded = QueueState(
        pending=Ramp(start, _growth(value)), latency=30, completed=kept, processed=_PACE, failed=_FAILED
    )
    return world.queue(name, QueueState(pending=start, latency=1, processed=history), broken or flooded)


def _growth(value: float, pace: float = _PACE, failed: float = _FAILED) -> float:
    return value * pace - (pace - failed)


def _flood_after_a_late_rise(world: World, name: str, value: float) -> dict[str, str]:
    return _flood(world, name, value, (40, 0.1), (40, 0.95))


def _flood_in_steps(world: World, name: str, value: float) -> dict[str, str]:
    """The backlog grows in steps of 90 seconds, the tasks of each step being scheduled first."""
    growth = _growth(value)
    pending: Then | float = 600.0
    scheduled: Then | Ramp = Ramp(0, growth)
    for step in range(20, -1, -1):
        pending = Then(600 + 90 * growth * step, 3, pending)
        scheduled = Then(Ramp(0, growth), 3, scheduled)
    steps = QueueState(pending=pending, scheduled=scheduled, latency=30, processed=_PACE, failed=_FAILED)
    return _flood(world, name, value, broken=steps)


def _flood_just_large_enough(world: World, name: str, value: float) -> dict[str, str]:
    """Pending reaches the floor at the very moment from which the hold must be counted."""
    return _flood(world, name, value, start=500 - 330 * _growth(value))


def _flood_is_small(world: World, name: str, value: float) -> dict[str, str]:
    growing = Ramp(250, _growth(value, 0.05, 0.01))
    broken = QueueState(pending=growing, latency=30, processed=0.05, failed=0.01)
    return _flood(world, name, value, (80, 0.1), broken=broken, start=250)


def _flood_ends_in_a_drain(world: World, name: str, value: float) -> dict[str, str]:
    """Pending grew for five minutes and grows no more, though tasks are still being scheduled."""
    growth = _growth(value)
    stands = Then(Ramp(600, 0.1), 10, 630)
    scheduled = Then(Ramp(0, growth - 0.1), 10, Ramp(300 * (growth - 0.1), growth))
    broken = QueueState(pending=stands, scheduled=scheduled, latency=30, processed=_PACE, failed=_FAILED)
    return _flood(world, name, value, broken=broken)


def _flood_nothing_done(world: World, name: str, value: float) -> dict[str, str]:
    return _flood(world, name, value, broken=QueueState(pending=Ramp(600, 1), latency=30))


def _slow_consumers(world: World, name: str, value: float) -> dict[str, str]:
    return _flood(world, name, value, (80, 0.6))


def _slow_consumers_since_a_rise(world: World, name: str, value: float) -> dict[str, str]:
    return _flood(world, name, value, (30, 0.05), (20, 1.05), (30, 0.05))


QUEUE_SURGE = Alert(
    name="AsynqQueueSurge",
    group=GROUP,
    threat=Threat.SURGE,
    signal=ARRIVALS_PER_PROCESSED,
    when=Above(warning=2, critical=4),
    hold="5m",
    guards=(
        floor(PENDING, 500, "at least {minimum} tasks are pending"),
        only(PENDING.greater_than(PENDING.offset("2m")), "more tasks are pending than two minutes ago"),
        # a queue that gets nothing done is stalled, whatever comes in; the ratio would be +Inf
        only(PROCESSED.above(0), "some tasks are still processed"),
        # slow workers raise the ratio too, with arrivals as ever; a queue without history may fire
        unless(_usual().greater_than(ARRIVED / 2), "arrivals are less than twice what they were an hour ago"),
    ),
    summary="A flood of tasks is coming in",
    description="Queue {queue} receives {value} what it gets done (threshold {threshold}, for {hold}), far more than "
    "an hour ago, and its backlog grows.",
    dashboard="asynq-queue",
    inhibits=("AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining", "AsynqWorkersSaturated"),
    probe=Probe(
        drive=_flood,
        also={
            "a flood after a late rise": _flood_after_a_late_rise,
            "a backlog that grows in steps": _flood_in_steps,
            "a flood just large enough": _flood_just_large_enough,
        },
        quiet={
            "at least {minimum} tasks are pending": _flood_is_small,
            "more tasks are pending than two minutes ago": _flood_ends_in_a_drain,
            "some tasks are still processed": _flood_nothing_done,
            "arrivals are less than twice what they were an hour ago": _slow_consumers,
            "slow workers after arrivals rose and fell": _slow_consumers_since_a_rise,
        },
        settle="5m",
        ripens="7m30s",
        before="80m",
        lasting="1m",
        after="1m",
        exact=False,
    ),
    runbook=runbooks.SURGE,
)

ALERTS = (QUEUE_WAIT_HIGH, BACKLOG_NOT_DRAINING, QUEUE_SURGE)
RECORDS = ()
