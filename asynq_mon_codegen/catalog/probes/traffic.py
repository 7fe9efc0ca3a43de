"""Floods and standstills, and what looks like them."""

from __future__ import annotations

from asynq_mon_codegen.simulator import ABSENT, Probe, QueueState, Ramp, Then, World
from asynq_mon_codegen.simulator.tracks import Rate

__all__ = ["SURGE", "TRAFFIC_STOPPED"]


def _schedule(*parts: tuple[int, float]) -> Then | float:
    """Rates one after the other, each for a number of minutes; the last one goes on."""
    (minutes, rate), *rest = parts
    return Then(rate, 2 * minutes, _schedule(*rest)) if rest else rate


# -- a flood -----------------------------------------------------------------------------------

_PACE = 1.0
"""Attempts per second of the flooded queue, and the most that came in during the hour before last."""
_FAILED = 0.25


def _earlier(world: World) -> Then | float:
    """130 minutes with two peaks: one that counts whenever the flood is looked at, and one that is still too recent.

    With a longer hold the flood is looked at so late that the second would count: there is none.
    """
    recent = _PACE / 2 if world.later > 0 else 1.9 * _PACE
    return _schedule((55, _PACE / 2), (35, _PACE), (23, _PACE / 2), (14, recent), (3, _PACE / 2))


_FLOOR = 500
"""Pending tasks; what comes in each second is the signal, and does not hang on it."""


def _many(world: World) -> float:
    """Pending tasks that are enough from the beginning."""
    return 1.2 * _FLOOR * world.volume


def _growth(value: float) -> float:
    return value - (_PACE - _FAILED)


def _flood(
    world: World, name: str, value: float, broken: QueueState | None = None, start: float | None = None
) -> dict[str, str]:
    """``value`` tasks per second come in; one a second stays in pending, the rest is scheduled for later."""
    start = _many(world) if start is None else start
    flooded = QueueState(
        pending=Ramp(start, 1),
        scheduled=Ramp(0, _growth(value) - 1),
        latency=30,
        completed=Ramp(0, _PACE - _FAILED),
        processed=_PACE,
        failed=_FAILED,
    )
    return world.queue(name, QueueState(pending=start, latency=1, processed=_earlier(world)), broken or flooded)


def _just_large_enough(world: World, name: str, value: float) -> dict[str, str]:
    """Pending reaches the floor at the very moment from which the hold must be counted."""
    return _flood(world, name, value, start=max(1, _FLOOR * world.volume - 360))


def _in_steps(world: World, name: str, value: float) -> dict[str, str]:
    """The backlog grows in steps of 90 seconds, the tasks of each step being scheduled first."""
    growth = _growth(value)
    many = _many(world)
    pending: Then | float = many
    scheduled: Then | Ramp = Ramp(0, growth)
    for step in range(20, -1, -1):
        pending = Then(many + 90 * growth * step, 3, pending)
        scheduled = Then(Ramp(0, growth), 3, scheduled)
    steps = QueueState(pending=pending, scheduled=scheduled, latency=30, processed=_PACE, failed=_FAILED)
    return _flood(world, name, value, steps)


def _small(world: World, name: str, value: float) -> dict[str, str]:
    start = 0.4 * _FLOOR * world.volume
    pace = 0.2 * min(1, world.volume)
    broken = QueueState(
        pending=Ramp(start, pace), scheduled=Ramp(0, _growth(value) - pace), latency=30, processed=_PACE, failed=_FAILED
    )
    return _flood(world, name, value, broken, start=start)


def _ends_in_a_drain(world: World, name: str, value: float) -> dict[str, str]:
    """Pending grew for six minutes and grows no more, though tasks are still being scheduled."""
    growth, many = _growth(value), _many(world)
    stands = Then(Ramp(many, 0.1), 12, many + 36)
    scheduled = Then(Ramp(0, growth - 0.1), 12, Ramp(360 * (growth - 0.1), growth))
    return _flood(
        world,
        name,
        value,
        QueueState(pending=stands, scheduled=scheduled, latency=30, processed=_PACE, failed=_FAILED),
    )


def _comes_due(world: World, name: str, value: float) -> dict[str, str]:
    """Tasks scheduled long ago come due: pending grows, the queue works at full speed, and nothing new comes in."""
    pace = value + 1
    many = _many(world)
    broken = QueueState(pending=Ramp(many, 1), scheduled=Ramp(9_000, -2), latency=30, processed=pace)
    healthy = QueueState(pending=many, scheduled=9_000, latency=1, processed=_earlier(world))
    return world.queue(name, healthy, broken)


def _slow_consumers(world: World, name: str, value: float) -> dict[str, str]:
    """As much comes in as an hour ago, and little of it gets done."""
    arrivals = _PACE
    broken = QueueState(
        pending=Ramp(_many(world), arrivals - 0.05),
        latency=Ramp(30, 1),
        completed=Ramp(0, 0.05),
        processed=0.06,
        failed=0.01,
    )
    return _flood(world, name, value, broken)


def _workers_gone(world: World, name: str, value: float) -> dict[str, str]:
    return _flood(world, name, value, QueueState(pending=Ramp(_many(world), _PACE), latency=Ramp(30, 1)))


SURGE = Probe(
    drive=_flood,
    also={"a backlog that grows in steps": _in_steps, "a flood just large enough": _just_large_enough},
    quiet={
        "at least {minimum} tasks are pending": _small,
        "more tasks are pending than two minutes ago": _ends_in_a_drain,
        "more comes in than gets done": _comes_due,
        "slow consumers": _slow_consumers,
        "no worker at all": _workers_gone,
    },
    usual=_PACE,
    floor=_FLOOR,
    settle="5m",
    ripens="6m",
    before="130m",
    lasting="1m",
    after="1m",
    exact=False,
)

# -- a standstill ------------------------------------------------------------------------------

_LEAST = 0.02
"""The least attempts per second of any 15 minutes in the hours before: 18 in 15 minutes."""


def _before(least: float = _LEAST) -> Then | float:
    """Almost three hours: a dip that is a little longer than the mean's window, and twice as much all the time else."""
    return _schedule((30, 2 * least), (23, least), (117, 2 * least))


def _stops(world: World, name: str, value: float, least: float = _LEAST, **other: object) -> dict[str, str]:
    stopped = QueueState(processed=value, **other)  # type: ignore[arg-type]
    return world.queue(name, QueueState(processed=_before(least)), stopped)


def _waits(world: World, name: str, value: float) -> dict[str, str]:
    return _stops(world, name, value, pending=1, latency=Ramp(0, 1))


def _paused(world: World, name: str, value: float) -> dict[str, str]:
    return _stops(world, name, value, paused=True)


def _sparse(world: World, name: str, value: float) -> dict[str, str]:
    """Seven attempts in the least quarter of an hour."""
    return _stops(world, name, 0, least=0.008)


def _new(world: World, name: str, value: float) -> dict[str, str]:
    """A queue that has existed for a little more than an hour and a half, as that of a job that runs once."""
    lately: Rate = Then(ABSENT, 2 * (170 - 100), 2 * _LEAST)
    return world.queue(name, QueueState(processed=lately), QueueState(processed=value))


def _idle_before(world: World, name: str, value: float) -> dict[str, str]:
    """A batch that ran for an hour and ended; before, the queue was idle."""
    return world.queue(name, QueueState(processed=_schedule((100, 0), (70, 5))), QueueState(processed=0))


def _pauses(world: World, name: str, value: float) -> dict[str, str]:
    """Nothing for a quarter of an hour, of which the last attempts before are still seen."""
    return world.queue(name, QueueState(processed=_before()), QueueState(processed=Then(2 * _LEAST, 22, 0)))


def _slow_day(world: World, name: str, value: float) -> dict[str, str]:
    return _stops(world, name, _LEAST / 4)


TRAFFIC_STOPPED = Probe(
    drive=_stops,
    quiet={
        "tasks are waiting": _waits,
        "the queue is paused": _paused,
        "too little is usual": _sparse,
        "the queue is new": _new,
        "a batch has ended": _idle_before,
        "a quarter of what was least is left": _slow_day,
        "a pause of a quarter of an hour": _pauses,
    },
    usual=_LEAST,
    settle="20m",
    ripens="23m",
    before="170m",
    lasting="1m",
    after="1m",
    exact=False,
)
