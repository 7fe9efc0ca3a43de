"""How queues come to a standstill, and what only looks like it."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.catalog.probes.tracks import over
from asynq_mon_codegen.simulator import Cycle, Drive, Probe, QueueState, Then, World

__all__ = [
    "MISSING",
    "OPTIONAL_MISSING",
    "PAUSED",
    "STALLED",
    "STARVED",
]

# per scrape of 30 s a fraction that is exact in binary, for sums of others fall by a rounding error: a counter reset
_PASSED_OVER = "workers serve another queue that always has tasks waiting, and hold none of this one"
_SCRAPED_SLOWLY = "it is so where exporters are scraped once a minute"
_SLOW = 0.25 / 30
"""One attempt in two minutes: at most 2.5 in 5 minutes."""
_EVERY_MINUTE = 0.5 / 30

_BUSY = QueueState(processed=10, failed=1, active=2)
_NEVER_EMPTY = QueueState(processed=10, failed=1, active=2, pending=3)


def _age(pending: float) -> float:
    """The age of the oldest pending task: 0 where none is pending."""
    return 200 if pending else 0


# -- stalled: tests look back 80 minutes, for the rule looks at the best rate of an hour --------


def _killed(world: World, name: str, value: float) -> dict[str, str]:
    """A queue whose last attempt is more than an hour old; dead workers still seem to hold tasks."""
    idle = QueueState(processed=Then(_SLOW, 20, 0))
    return world.queue(name, idle, QueueState(pending=value, latency=_age(value), active=3))


def _busy_workers_killed(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, _BUSY, QueueState(pending=value, latency=_age(value), active=3))


def _handlers_of_a_minute_stuck(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(
        name,
        QueueState(processed=Then(_EVERY_MINUTE, 120, 0), active=2),
        QueueState(pending=value, latency=_age(value), active=2),
    )


def _scaled_to_zero(world: World, name: str, value: float) -> dict[str, str]:
    """Tasks that stopping workers put back have no age: latency is 0, however long they wait."""
    return world.queue(name, QueueState(processed=_SLOW, active=1), QueueState(pending=value))


def _still_processed(world: World, name: str, value: float) -> dict[str, str]:
    """Every five minutes it is empty for a moment, so it starves no other queue of this world."""
    waiting = Cycle((0, 0, 0, 0, *[5 * value] * 6))
    return world.queue(name, _BUSY, QueueState(pending=waiting, latency=200, processed=0.02))


def _not_waiting_for_long(world: World, name: str, value: float) -> dict[str, str]:
    """The first tasks of a quiet day came four and a half minutes ago."""
    return world.queue(name, QueueState(), QueueState(pending=Then(0, 6, 5 * value), latency=Then(0, 6, 200)))


def _deleted_by_hand(world: World, name: str, value: float) -> dict[str, str]:
    """Tasks waited for six minutes, and are gone without having been processed."""
    return world.queue(name, _BUSY, QueueState(pending=Then(5 * value, 12, 0)))


def _stands_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, _BUSY, QueueState(pending=5 * value, latency=200, paused=True))


def _long_handlers(world: World, name: str, value: float) -> dict[str, str]:
    """Handlers of many minutes: the last one finished half an hour ago, and faster ones more than an hour ago."""
    slow = QueueState(processed=Then(_EVERY_MINUTE, 20, Then(_SLOW, 80, 0)), active=2)
    return world.queue(name, slow, QueueState(pending=5 * value, latency=200, active=2))


def _another_is_served(world: World, name: str, value: float) -> dict[str, str]:
    """The tasks go to a queue that no server lists; that of the others is empty in between."""
    world.queue("served", _BUSY, QueueState(processed=10, failed=1, active=2, pending=Cycle((3, 0, 0))))
    return world.queue(name, QueueState(), QueueState(pending=value, latency=_age(value)))


def _another_finished_last(world: World, name: str, value: float) -> dict[str, str]:
    """All workers stop, and those of another queue finish what they have, which takes them two and a half minutes."""
    world.queue(
        "long tasks", QueueState(processed=1, active=2, pending=3), QueueState(processed=Then(1, 5, 0), pending=3)
    )
    return world.queue(name, _BUSY, QueueState(pending=value, latency=_age(value)))


def _another_takes_all(world: World, name: str, value: float) -> dict[str, str]:
    world.queue("takes all", _BUSY, _NEVER_EMPTY)
    return world.queue(name, _BUSY, QueueState(pending=5 * value, latency=200))


def _another_seen_each_minute(world: World, name: str, value: float) -> dict[str, str]:
    labels = _another_takes_all(world, name, value)
    _each_minute(world, "takes all")
    return labels


def _each_minute(world: World, queue: str) -> None:
    """Its attempts as exporters show them that are scraped every other time, with the queue never idle."""

    def total(minute: float) -> float | None:
        return 1000 + 600 * minute if minute == int(minute) else None

    for instance in world.exporters:
        world.track(asynq.TASKS_PROCESSED, {"queue": queue, "instance": instance}, over(world, total))


STALLED = Probe(
    drive=_killed,
    also={
        "busy workers are killed": _busy_workers_killed,
        "handlers of a minute are stuck": _handlers_of_a_minute_stuck,
        "workers are scaled to zero": _scaled_to_zero,
        "no worker serves it, but another queue": _another_is_served,
        "workers of another queue finish after it": _another_finished_last,
    },
    quiet={
        "no attempt has finished for 5 minutes": _still_processed,
        "tasks were pending 5 minutes ago too": _not_waiting_for_long,
        "the waiting tasks were deleted": _deleted_by_hand,
        "the queue is paused": _stands_while_paused,
        "workers hold tasks of a queue that never finishes 3 in 5 minutes": _long_handlers,
        _PASSED_OVER: _another_takes_all,
        _SCRAPED_SLOWLY: _another_seen_each_minute,
    },
    apart=(_PASSED_OVER, _SCRAPED_SLOWLY, "workers of another queue finish after it"),
    settle="5m",
    ripens="6m30s",
    before="80m",
    lasting="1m",
    after="1m",
)

# -- starved: one world each, for another queue must be served in most of them ------------------


_SERVED = QueueState(processed=3, active=1)
_EMPTY_NOW_AND_THEN = Cycle((3, 3, 3, 3, 3, 3, 3, 0, 0, 3))
"""Empty once in five minutes, and not within the last three when the test looks."""


def _starved(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=value, latency=_age(value)))


def _as_starved(world: World, name: str, broken: QueueState, healthy: QueueState = _SERVED) -> dict[str, str]:
    world.queue("served", _BUSY, _NEVER_EMPTY)
    world.queue("idle", QueueState(), QueueState())
    return world.queue(name, healthy, broken)


def _beside(other: QueueState) -> Drive:
    """As starved, but for the state of the other queue."""

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        world.queue("other", _BUSY, other)
        return world.queue(name, _SERVED, QueueState(pending=5 * value, latency=400))

    return drive


def _served_a_little(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=5 * value, latency=200, processed=0.02))


def _starved_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=5 * value, latency=200, paused=True))


def _starved_for_three_minutes(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=Then(0, 6, 5 * value), latency=Then(0, 6, 200)))


def _starved_for_a_minute(world: World, name: str, value: float) -> dict[str, str]:
    """Six and a half minutes after its first task: the condition holds, but has not held for 2 minutes."""
    return _as_starved(world, name, QueueState(pending=Then(0, 3, 5 * value), latency=Then(0, 3, 200)), QueueState())


def _starving_tasks_deleted(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=Then(5 * value, 12, 0)))


def _starved_and_seen_each_minute(world: World, name: str, value: float) -> dict[str, str]:
    labels = _starved(world, name, value)
    _each_minute(world, "served")
    return labels


def _held(world: World, name: str, value: float) -> dict[str, str]:
    return _as_starved(world, name, QueueState(pending=5 * value, latency=200, active=1))


STARVED = Probe(
    drive=_starved,
    also={_SCRAPED_SLOWLY: _starved_and_seen_each_minute},
    quiet={
        "no attempt has finished for 5 minutes": _served_a_little,
        "tasks were pending 5 minutes ago too": _starved_for_three_minutes,
        "it starved for a minute only": _starved_for_a_minute,
        "the waiting tasks were deleted": _starving_tasks_deleted,
        _PASSED_OVER: _beside(QueueState(processed=10, active=2, pending=_EMPTY_NOW_AND_THEN)),
        "the other queue stood still in between": _beside(QueueState(processed=Then(10, 5, 0), pending=30, active=2)),
        "the other queue stands still as well": _beside(QueueState(pending=30, active=2)),
        "workers hold tasks of the queue": _held,
        "the queue is paused": _starved_while_paused,
    },
    settle="5m",
    ripens="6m30s",
    before="2m",
    lasting="1m",
    after="1m",
    many=False,
)

# -- paused -------------------------------------------------------------------------------------


def _paused(world: World, name: str, value: float) -> dict[str, str]:
    return world.queue(name, _BUSY, QueueState(pending=50, latency=20, paused=value > 0))


PAUSED = Probe(drive=_paused)

# -- missing ------------------------------------------------------------------------------------


def _all_exist(world: World, kind: str, subject: str = "") -> None:
    """All declared queues and another; whole ones, but of hundreds only what tells that they exist."""
    declared = world.declared.get(kind, ())
    whole = {*declared[:_WHOLE], subject}
    for name in (*declared, "never declared"):
        if name in whole or name not in declared:
            world.queue(name, _BUSY, _BUSY)
            continue
        for instance in world.exporters:
            world.gauge(asynq.QUEUE_SIZE, {"queue": name, "instance": instance}, 0, 0)


_WHOLE = 3


def _missing(kind: str) -> Drive:
    def drive(world: World, name: str, value: float) -> dict[str, str]:
        names = world.declared.get(kind, ())
        gone = name if name in names else names[0]
        _all_exist(world, kind, gone)
        world.lose_queue(gone)
        return {"queue": gone}

    return drive


def _present(kind: str) -> Drive:
    def drive(world: World, name: str, value: float) -> dict[str, str]:
        _all_exist(world, kind)
        return {"queue": world.declared[kind][0]}

    return drive


def _unreachable(kind: str) -> Drive:
    def drive(world: World, name: str, value: float) -> dict[str, str]:
        _all_exist(world, kind)
        world.lose_redis()
        return {"queue": world.declared[kind][0]}

    return drive


def _missing_probe(kind: str) -> Probe:
    return Probe(
        drive=_missing(kind),
        quiet={"the queue has series": _present(kind), "redis is unreachable": _unreachable(kind)},
        many=False,
    )


MISSING = _missing_probe("queues")
OPTIONAL_MISSING = _missing_probe("optional_queues")
