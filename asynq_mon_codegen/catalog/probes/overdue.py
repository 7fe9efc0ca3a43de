"""How due tasks and groups are left waiting, and what only looks like it."""

from __future__ import annotations

from asynq_mon_codegen.simulator import Probe, QueueState, Saw, Then, World

__all__ = ["AGGREGATION_STUCK", "SCHEDULED_OVERDUE"]

# -- scheduled and retry ------------------------------------------------------------------------

_MOVING = Saw(2, 10, 5)
"""A set that shrinks every two and a half minutes."""


def _retry_stands(world: World, name: str, value: float) -> dict[str, str]:
    """At the very scrape that the test looks at one exporter is a task ahead."""
    healthy = QueueState(processed=2, failed=1, retry=_MOVING)
    return {**world.queue(name, healthy, QueueState(retry=Then(value / 2, 51, value))), "state": "retry"}


def _scheduled_only_grows(world: World, name: str, value: float) -> dict[str, str]:
    """Something is scheduled every eight minutes, and nothing becomes pending."""
    growing = Then(value / 4, 16, Then(value / 2, 16, Then(value * 3 / 4, 16, value)))
    healthy = QueueState(processed=2, scheduled=_MOVING)
    return {**world.queue(name, healthy, QueueState(scheduled=growing)), "state": "scheduled"}


def _scheduled_shrinks(world: World, name: str, value: float) -> dict[str, str]:
    """Once in ten minutes; handlers take long, so that no attempt finishes meanwhile."""
    healthy = QueueState(processed=2, scheduled=_MOVING)
    return world.queue(name, healthy, QueueState(scheduled=Saw(2, 10, 20), active=1))


def _moved_now_and_then(world: World, name: str, value: float) -> dict[str, str]:
    """Every three and a half minutes: four times in 15 minutes, wherever the window begins."""
    return world.queue(name, QueueState(processed=2, retry=Saw(2, 10, 7)), QueueState(retry=10))


def _moved_only_lately(world: World, name: str, value: float) -> dict[str, str]:
    """It began to move 75 minutes before it stood still."""
    return world.queue(name, QueueState(processed=2, retry=Then(10, 40, _MOVING)), QueueState(retry=10))


def _retry_while_processed(world: World, name: str, value: float) -> dict[str, str]:
    """In an outage the set only grows, but workers are there."""
    healthy = QueueState(processed=2, failed=1, retry=_MOVING)
    return world.queue(name, healthy, QueueState(processed=0.02, failed=0.02, retry=10))


def _end_of_business(world: World, name: str, value: float) -> dict[str, str]:
    """What is left is due tomorrow, and nothing is added."""
    return world.queue(name, QueueState(processed=2, scheduled=_MOVING), QueueState(scheduled=10))


SCHEDULED_OVERDUE = Probe(
    drive=_retry_stands,
    also={"the scheduled set only grows": _scheduled_only_grows},
    quiet={
        "the set has not shrunk for 15 minutes": _scheduled_shrinks,
        "it shrank again and again in the hours before": _moved_now_and_then,
        "it began to move only lately": _moved_only_lately,
        "no attempt has finished for 5 minutes": _retry_while_processed,
        "nothing new is scheduled either": _end_of_business,
    },
    settle="15m",
    ripens="24m30s",
    before="95m",
    lasting="1m",
    after="1m",
)

# -- aggregation --------------------------------------------------------------------------------

_FLUSHED = Saw(0, 8, 4)
"""Groups that are flushed every two minutes."""


def _never_flushed(world: World, name: str, value: float) -> dict[str, str]:
    """Half of it joins at the very scrape that the test looks at, seen by one exporter only."""
    waiting = Then(0.5 * value, 131, value)
    return world.queue(
        name,
        QueueState(processed=1, aggregating=_FLUSHED, pending=3, completed=40),
        QueueState(processed=1, aggregating=waiting, pending=3, completed=40),
    )


def _grouped_lately(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, QueueState(processed=1), QueueState(processed=1, aggregating=Then(0, 60, 5)))


def _flushed_once(world: World, name: str, value: float) -> dict[str, str]:
    """The last flush was forty minutes ago."""
    flushed = QueueState(processed=1, aggregating=Then(10, 50, 5))
    return world.queue(name, QueueState(processed=1, aggregating=_FLUSHED), flushed)


AGGREGATION_STUCK = Probe(
    drive=_never_flushed,
    quiet={
        "tasks waited in a group an hour ago too": _grouped_lately,
        "no group was flushed within the hour": _flushed_once,
    },
    settle="1h",
    ripens="64m30s",
    before="4m",
    lasting="1m",
    after="1m",
)
