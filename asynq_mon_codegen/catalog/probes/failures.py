"""How attempts are made to fail in rule tests."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.simulator import Cycle, Drive, Probe, QueueState, Then, World
from asynq_mon_codegen.simulator.tracks import Rate, times

_FAILED = 0.05
"""Failed attempts per second: 15 within 5 minutes."""
_JUST_ENOUGH = 1 / 30
_TOO_FEW = 0.03
_QUIET_PACE = 0.01
"""So few in health that the ratio of the fault shows at once."""

# in scrapes of 30 s; the checks look 10 minutes into the fault, when this one is over but still in the 5m window
_OUTAGE_FROM, _OUTAGE_FOR = 10, 4
_STILL = 0.04
"""What fails of one attempt a second after it: less than the warning level."""


# -- queues --------------------------------------------------------------------------------------


def _queue(world: World, name: str, processed: Rate, failed: Rate) -> dict[str, str]:
    healthy, broken = QueueState(processed=_QUIET_PACE), QueueState(processed=processed, failed=failed)
    return world.queue(name, healthy=healthy.times(world.volume), broken=broken.times(world.volume))


def _fails(failed: float) -> Drive:
    return lambda world, name, value: _queue(world, name, failed / value, failed)


def _fails_in_bursts(world: World, name: str, value: float) -> dict[str, str]:
    failed = 4 * _FAILED
    return _queue(world, name, Cycle((1e-6, failed / value, 1e-6)), Cycle((0, failed, 0)))


def _fails_in_batches(world: World, name: str, value: float) -> dict[str, str]:
    failed = 10 * _FAILED
    return _queue(world, name, Cycle((0, 0, 0, failed / value, 0, 0)), Cycle((0, 0, 0, failed, 0, 0)))


def _failed_before(world: World, name: str, value: float) -> dict[str, str]:
    processed = Then(1, _OUTAGE_FROM, Then(4, _OUTAGE_FOR, 1))
    return _queue(world, name, processed, Then(0, _OUTAGE_FROM, Then(4, _OUTAGE_FOR, _STILL)))


_IN_BURSTS = "failures come in bursts, and little else happens in between"
_IN_BATCHES = "a batch every three minutes, and nothing in between"
_FEW = "just enough failed attempts"
_FLOOR = "at least {minimum} attempts failed within 5 minutes"
_BEFORE = "an outage of two minutes that is over"

FAILURE_RATIO = Probe(
    drive=_fails(_FAILED),
    also={_FEW: _fails(_JUST_ENOUGH), _IN_BURSTS: _fails_in_bursts, _IN_BATCHES: _fails_in_batches},
    quiet={_FLOOR: _fails(_TOO_FEW), _BEFORE: _failed_before},
    settle="5m",
    top=1,
    floor=10,
)

# -- task types ----------------------------------------------------------------------------------


def _task(world: World, name: str, succeeded: Rate, failed: Rate, *, workers: int = 2) -> dict[str, str]:
    """A task type on two workers, one busier than the other; revoked and skipped attempts do not count.

    With one worker a sum has two addends at most, so that it is the same to the bit in whatever order.
    """
    labels = world.task(name)
    alone = (
        ("worker-1:9100", "succeeded", 1, _QUIET_PACE, succeeded),
        ("worker-1:9100", "retried", 1, 0, failed),
        ("worker-1:9100", "skipped", 1, 3, 3),
    )
    shares = (
        ("worker-1:9100", "succeeded", 0.75, _QUIET_PACE, succeeded),
        ("worker-2:9100", "succeeded", 0.25, _QUIET_PACE, succeeded),
        ("worker-1:9100", "retried", 0.5, 0, failed),
        ("worker-2:9100", "retried", 0.25, 0, failed),
        ("worker-2:9100", "archived", 0.25, 0, failed),
        ("worker-1:9100", "revoked", 1, 2, 2),
        ("worker-2:9100", "skipped", 1, 3, 3),
    )
    for instance, outcome, share, healthy, broken in shares if workers > 1 else alone:
        own = {**labels, "outcome": outcome, "instance": instance}
        part = share * world.volume
        world.counter(TASK_OUTCOMES, own, healthy * part, times(broken, part))
    return labels


def _of(value: float) -> float:
    """Successful attempts for each failed one, where ``value`` of all fail."""
    return round((1 - value) / value, 9)


def _task_fails(failed: float, workers: int = 2) -> Drive:
    return lambda world, name, value: _task(world, name, failed * _of(value), failed, workers=workers)


def _task_fails_in_bursts(world: World, name: str, value: float) -> dict[str, str]:
    failed = 4 * _FAILED
    return _task(world, name, Cycle((1e-6, failed * _of(value), 1e-6)), Cycle((0, failed, 0)))


def _task_fails_in_batches(world: World, name: str, value: float) -> dict[str, str]:
    failed = 10 * _FAILED
    return _task(world, name, Cycle((0, 0, 0, failed * _of(value), 0, 0)), Cycle((0, 0, 0, failed, 0, 0)))


def _task_failed_before(world: World, name: str, value: float) -> dict[str, str]:
    succeeded = Then(1, _OUTAGE_FROM, Then(0, _OUTAGE_FOR, 1 - _STILL))
    return _task(world, name, succeeded, Then(0, _OUTAGE_FROM, Then(4, _OUTAGE_FOR, _STILL)))


TASK_FAILURE_RATIO = Probe(
    drive=_task_fails(_FAILED, workers=1),
    also={
        "on two workers": _task_fails(_FAILED),
        _FEW: _task_fails(_JUST_ENOUGH),
        _IN_BURSTS: _task_fails_in_bursts,
        _IN_BATCHES: _task_fails_in_batches,
    },
    quiet={_FLOOR: _task_fails(_TOO_FEW), _BEFORE: _task_failed_before},
    settle="5m",
    top=1,
    floor=10,
)

# -- outages -------------------------------------------------------------------------------------

_MANY = 20
_QUIET = QueueState(processed=_QUIET_PACE, retry=7)
_SLOW_PACE = 0.071
"""Attempts per second of which 95 % are just above 20 in 5 minutes."""


def _outage(processed: float, retry: float, healthy: QueueState = _QUIET) -> Drive:
    """``value`` of all attempts fail while so many tasks wait for a retry."""

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        broken = QueueState(processed=processed, failed=processed * value, retry=retry)
        return world.queue(name, healthy=healthy.times(world.volume), broken=broken.times(world.volume))

    return drive


def _outage_in_bursts(world: World, name: str, value: float) -> dict[str, str]:
    broken = QueueState(processed=Cycle((1e-6, 1, 1e-6)), failed=Cycle((0, value, 0)), retry=_MANY)
    return world.queue(name, healthy=_QUIET.times(world.volume), broken=broken.times(world.volume))


def _short_outage(world: World, name: str, value: float) -> dict[str, str]:
    healthy = QueueState(processed=1, retry=7)
    broken = QueueState(processed=Then(4, 3, 1), failed=Then(4, 3, 0), retry=Then(400, 6, 7))
    return world.queue(name, healthy=healthy.times(world.volume), broken=broken.times(world.volume))


DEPENDENCY_OUTAGE = Probe(
    drive=_outage(1, _MANY),
    also={
        _FEW: _outage(_SLOW_PACE, 3 * _MANY, QueueState(processed=1, failed=_SLOW_PACE, retry=7)),
        _IN_BURSTS: _outage_in_bursts,
    },
    quiet={
        _FLOOR: _outage(0.97 * _SLOW_PACE, 100 * _MANY),
        "at least {minimum} tasks wait for a retry": _outage(1, _MANY - 1),
        "an outage of a minute and a half": _short_outage,
    },
    settle="2m",
    ripens="2m",
    top=1,
    floor=_MANY,
)

# -- retries -------------------------------------------------------------------------------------

_PACE = 0.25
"""Successes per second; a power of two, so that levels are met to the bit."""
_ENOUGH = 100


def _retry(
    *, pace: float = 0, retry: float = 0, grown: float = 1.15, paused: bool = False, batch: bool = False
) -> Drive:
    """Retries that are ``value`` of work at ``pace``, of which either may be given, and have ``grown`` by that factor.

    Until 40 minutes before the fault the queue was far busier and had as many; after a ``batch`` it is idle instead.
    """

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        # a hair more than the value, for what is below a whole second is cut off in the text
        hair = (0 if pace else 1e-9) if world.volume == 1 else 1e-6
        tasks = (retry or value * pace) * world.volume
        usual = (pace or retry / value) * (1 - hair) * world.volume
        busy = Then(10 * world.volume, 88, 0) if batch else Then(100 * usual, 40, usual)
        # and more of these, for products of odd numbers are rounded
        old = round(tasks / grown, 6) if world.volume == 1 else tasks / grown * (1 + 1e-8)
        return world.queue(
            name,
            healthy=QueueState(processed=busy, retry=Then(tasks, 40, old)),
            after=QueueState(processed=usual, retry=old),
            broken=QueueState(processed=0 if batch else usual, retry=tasks, paused=paused),
        )

    return drive


RETRY_BACKLOG = Probe(
    drive=_retry(pace=_PACE),
    also={"a slow queue with few retries": _retry(retry=_ENOUGH)},
    quiet={
        "at least {minimum} tasks wait for a retry": _retry(retry=99),
        "they have grown by more than 10 % within 30 minutes": _retry(retry=1100, grown=1.1),
        "the queue is paused": _retry(pace=_PACE, paused=True),
        "a batch ended 15 minutes before, its pace still counts": _retry(retry=_ENOUGH, grown=20, batch=True),
    },
    before="60m",
    floor=_ENOUGH,
)
