"""How handlers become slow or stuck, and producers and schedulers fail, in rule tests."""

from __future__ import annotations

from collections.abc import Mapping

from asynq_mon_codegen.catalog.metrics.instrumentation import (
    CLIENT_ENQUEUES,
    SCHEDULER_ENQUEUE_ERRORS,
    SERVER_BUSY,
    SERVER_CONCURRENCY,
    TASK_DURATION,
    TASK_LAST_SUCCESS,
    TASK_OLDEST_START,
)
from asynq_mon_codegen.simulator import ABSENT, Cycle, Drive, Probe, QueueState, Ramp, Then, World
from asynq_mon_codegen.simulator.tracks import Level, Rate, times

# -- durations -----------------------------------------------------------------------------------


def _durations(before: float, during: float, every: int = 1) -> Drive:
    """Attempts per second, in health below a second, in the fault with a 95th percentile of ``value``.

    A fifth of them ends just below the bucket in which the percentile then lies, all on the first worker;
    the second one is older and has coarser buckets. They return together, ``every`` so many scrapes.
    """

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        labels = world.task(name)
        low, high = f"{value - 15:g}", f"{value + 1:g}"
        # with other numbers a hair more than the value, for what is below a whole second is cut off in the text
        fifth = 0.2 if world.volume == 1 else 0.2 - 1e-5
        finest = {"1": 0.0, low: fifth, high: 0.6, "+Inf": 0.6}
        coarse = {"1": 0.0, high: 0.4, "+Inf": 0.4}
        before_now, now = before * world.volume, during * world.volume
        for instance, slow in (("worker-1:9100", finest), ("worker-2:9100", coarse)):
            batch = Cycle((now * every, *[0] * (every - 1)))
            healthy: Mapping[str, Rate] = dict.fromkeys(slow, before_now * slow["+Inf"])
            broken: Mapping[str, Rate] = {le: times(batch, share) for le, share in slow.items()}
            world.histogram(TASK_DURATION, {**labels, "instance": instance}, healthy, broken)
        return labels

    return drive


DURATION = Probe(
    drive=_durations(15 / 1800, 15 / 1800),
    also={"the slower they are, the fewer return": _durations(30 / 1800, 3.75 / 1800, 5)},
    quiet={"at least {minimum} attempts returned within 30 minutes": _durations(9 / 1800, 9 / 1800)},
    before="40m",
    settle="5m",
    ripens="12m",
    lingers="2m30s",
    floor=10,
)

# -- times ---------------------------------------------------------------------------------------


def _ago(world: World, seconds: float) -> Ramp:
    """A moment that is always ``seconds`` before now, during the fault."""
    return Ramp(world.start.seconds - seconds, 1)


def _hangs(world: World, name: str, value: float) -> dict[str, str]:
    labels = world.task(name)
    tracks: Mapping[str, tuple[Level, Level]] = {
        "worker-1:9100": (Ramp(-5, 1), _ago(world, value)),
        "worker-2:9100": (Ramp(-9, 1), _ago(world, value / 2)),
        "worker-3:9100": (0, 0),  # no handler runs
    }
    for instance, (healthy, broken) in tracks.items():
        world.gauge(TASK_OLDEST_START, {**labels, "instance": instance}, healthy, broken, 0)
    return labels


TASK_STUCK = Probe(drive=_hangs)


def _late(world: World, name: str, value: float) -> dict[str, str]:
    labels = world.task(name)
    recovered = Ramp(world.end.seconds - 5, 1)
    for instance, seconds in (("worker-1:9100", value), ("worker-2:9100", value * 3)):
        own = {**labels, "instance": instance}
        world.gauge(TASK_LAST_SUCCESS, own, ABSENT, _ago(world, seconds), recovered)
    world.gauge(TASK_LAST_SUCCESS, {**labels, "instance": "worker-3:9100"}, 0, 0)
    return {"task_type": labels["task_type"]}


PERIODIC_TASK = Probe(drive=_late)

# -- schedulers and producers --------------------------------------------------------------------


def _scheduler_fails(world: World, name: str, value: float) -> dict[str, str]:
    for instance, share in (("scheduler-1:9100", 0.4), ("scheduler-2:9100", 0.3), ("scheduler-3:9100", 0.3)):
        labels = {"task_type": name, "instance": instance}
        # from 0, so that ``increase`` extrapolates nothing
        world.track(SCHEDULER_ENQUEUE_ERRORS, labels, (*[0.0] * world.phases[0], value * share))
    return {"task_type": name}


SCHEDULER = Probe(drive=_scheduler_fails, settle="2m", lasting="10m", lingers="1m", before="20m")

_FAILED = 1 / 32
"""Failed enqueues per second, 9 within 5 minutes; a power of two, so that levels are met to the bit."""
_JUST_ENOUGH = 1 / 60
_TOO_FEW = 0.015
_QUIET_PACE = 0.001


def _enqueues(world: World, name: str, well: Rate, failed: Rate, *, producers: int = 2) -> dict[str, str]:
    """Two producers; what asynq refuses as a duplicate or a conflict is a call that went well.

    With one producer a sum has two addends, so that it is the same to the bit in whatever order.
    """
    labels = world.task(name)
    alone = (("api-1:9100", "ok", 1, _QUIET_PACE, well), ("api-1:9100", "error", 1, 0, failed))
    shares = (
        ("api-1:9100", "ok", 0.5, _QUIET_PACE, well),
        ("api-2:9100", "ok", 0.25, _QUIET_PACE, well),
        ("api-1:9100", "duplicate", 0.125, _QUIET_PACE, well),
        ("api-2:9100", "conflict", 0.125, _QUIET_PACE, well),
        ("api-1:9100", "error", 0.75, 0, failed),
        ("api-2:9100", "error", 0.25, 0, failed),
    )
    for instance, result, share, healthy, broken in shares if producers > 1 else alone:
        own = {**labels, "result": result, "instance": instance}
        part = share * world.volume
        world.counter(CLIENT_ENQUEUES, own, healthy * part, times(broken, part))
    return labels


def _of(value: float) -> float:
    """Calls that go well for each that fails, where ``value`` of all fail."""
    return round((1 - value) / value, 9)


def _enqueues_fail(failed: float, producers: int = 2) -> Drive:
    return lambda world, name, value: _enqueues(world, name, failed * _of(value), failed, producers=producers)


def _enqueues_fail_in_bursts(world: World, name: str, value: float) -> dict[str, str]:
    failed = 4 * _FAILED
    return _enqueues(world, name, Cycle((1e-6, failed * _of(value), 1e-6)), Cycle((0, failed, 0)))


def _enqueues_fail_in_batches(world: World, name: str, value: float) -> dict[str, str]:
    failed = 10 * _FAILED
    return _enqueues(world, name, Cycle((0, 0, 0, failed * _of(value), 0, 0)), Cycle((0, 0, 0, failed, 0, 0)))


def _enqueues_failed_before(world: World, name: str, value: float) -> dict[str, str]:
    still = 0.008
    return _enqueues(world, name, Then(1, 10, Then(0, 4, 1 - still)), Then(0, 10, Then(4, 4, still)))


ENQUEUES = Probe(
    drive=_enqueues_fail(_FAILED, producers=1),
    also={
        "of two producers": _enqueues_fail(_FAILED),
        "just enough failed enqueues": _enqueues_fail(_JUST_ENOUGH),
        "failures come in bursts, and little else happens in between": _enqueues_fail_in_bursts,
        "a batch every three minutes, and nothing in between": _enqueues_fail_in_batches,
    },
    quiet={
        "at least {minimum} enqueues failed within 5 minutes": _enqueues_fail(_TOO_FEW),
        "an outage of two minutes that is over": _enqueues_failed_before,
    },
    settle="5m",
    top=1,
    floor=5,
)

# -- servers -------------------------------------------------------------------------------------


def _saturated(queues: Mapping[str, tuple[Level, bool]]) -> Drive:
    """Servers whose slots are busy to ``value``; ``queues`` are what waits, and whether the queue is paused.

    One server leaves as the fault begins and one during it (a deploy), which must not matter. Before, they are busy
    to a hair below the level, so that the mean of 10 minutes is above it soon.
    """

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        # server: concurrency and busy handlers in health and in the fault
        servers: Mapping[str, tuple[Rate, Rate, Rate, Rate]] = {
            "a": (10, 10, 7.6, 40 * value - 28),
            "b": (30, 30, 28, 28),
            "leaves-first": (10, ABSENT, 8.9, ABSENT),
            "leaves-later": (10, Then(10, 20, ABSENT), 8.9, Then(10 * value, 20, ABSENT)),
        }
        for instance, seen in (("exporter-1:9876", 1.0), ("exporter-2:9876", 0.5)):
            for server, (slots, slots_now, busy, busy_now) in servers.items():
                own = {"instance": instance, "server": server}
                world.gauge(SERVER_CONCURRENCY, own, slots, slots_now)
                world.gauge(SERVER_BUSY, own, times(busy, seen), times(busy_now, seen))
        for queue, (pending, paused) in queues.items():
            state = QueueState(pending=pending, processed=0 if paused else 10, paused=paused)
            world.queue(queue, healthy=QueueState(pending=3, processed=10), broken=state)
        return {}

    return drive


WORKERS = Probe(
    drive=_saturated(
        {"mail": (500, False), "reports": (300, False), "idle": (0, False), "off": (Ramp(5_000, -1), True)}
    ),
    quiet={
        "tasks are waiting": _saturated({"mail": (0, False), "reports": (900, True)}),
        "fewer tasks are waiting than 10 minutes ago": _saturated(
            {"mail": (Then(1_000, 13, 500), False), "reports": (600, False), "off": (Ramp(2_000, 2), True)}
        ),
    },
    settle="10m",
    top=1,
    many=False,
)
