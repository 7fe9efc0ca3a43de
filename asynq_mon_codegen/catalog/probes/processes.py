"""How rule tests bring worker processes to their limits."""

from __future__ import annotations

import math
from functools import cache

from asynq_mon_codegen.catalog.metrics.systems import (
    CONTAINER_MEMORY,
    CONTAINER_MEMORY_LIMIT,
    GO_GOGC,
    GO_GOROUTINES,
    GO_MAX_PROCS,
    GO_MEM_LIMIT,
    NODE_MEM_TOTAL,
    PROCESS_CPU,
    PROCESS_MAX_FDS,
    PROCESS_OPEN_FDS,
    PROCESS_RSS,
    PROCESS_START,
)
from asynq_mon_codegen.catalog.probes.tracks import Labels, Level, constant, over, put, spell
from asynq_mon_codegen.catalog.targets import instance_of
from asynq_mon_codegen.promql import Gauge, Source
from asynq_mon_codegen.simulator import Drive, Probe, World

_MIB = 2**20
_GIB = 2**30

# -- CPU and descriptors -------------------------------------------------------------------------


def _burns(world: World, name: str, value: float) -> Labels:
    cores = 4
    labels = {"instance": instance_of(name)}
    world.gauge(GO_MAX_PROCS, labels, cores, cores)
    return world.counter(PROCESS_CPU, labels, 0.3 * cores, value * cores, 0.9 * value * cores)


def _batch(world: World, name: str, value: float) -> Labels:
    labels = {"instance": instance_of(name)}
    world.gauge(GO_MAX_PROCS, labels, 2, 2)
    seconds, out = 0.0, []
    for i in range(sum(world.phases)):
        out.append(seconds)
        busy = (i - world.phases[0]) * world.step.seconds % 1200 < 600
        seconds += world.step.seconds * (2 if busy else 0.2)
    return world.track(PROCESS_CPU, labels, tuple(out))


WORKER_CPU_HIGH = Probe(
    drive=_burns, quiet={"batches of ten minutes": _batch}, settle="5m", lingers="90s", exact=False, top=1
)


def _opens(world: World, name: str, value: float) -> Labels:
    labels = {"instance": instance_of(name)}
    world.gauge(PROCESS_MAX_FDS, labels, 1024, 1024)
    return world.gauge(PROCESS_OPEN_FDS, labels, 40, 1024 * value)


WORKER_FILE_DESCRIPTORS_HIGH = Probe(drive=_opens, top=1)

# -- memory against a limit ----------------------------------------------------------------------


def _process(world: World, name: str, used: float, limit: float, gogc: float = 100) -> Labels:
    """A worker that is scraped at two endpoints, of which one lags behind."""
    labels = world.target(Source.WORKER, instance_of(name))
    for endpoint, share in (("metrics", 1.0), ("admin", 0.9)):
        own = {**labels, "endpoint": endpoint}
        put(world, PROCESS_RSS, own, spell(world, used * share))
        put(world, GO_MEM_LIMIT, own, constant(limit if share == 1 else min(limit, 9e18)))
        put(world, GO_GOGC, own, constant(gogc))
    return labels


def _soft_limit(world: World, name: str, value: float) -> Labels:
    return _process(world, name, value * 2 * _GIB, 2 * _GIB)


def _host(world: World, name: str, value: float) -> Labels:
    node = world.target(Source.HOST, instance_of(name, 9101))
    for job, total in ((node["job"], 4 * _GIB), ("node-of-a-container", 3 * _GIB)):
        put(world, NODE_MEM_TOTAL, {**node, "job": job}, constant(total))
    return _process(world, name, value * 4 * _GIB, 2.0**63)


def _container(world: World, name: str, value: float, limit: float = _GIB) -> Labels:
    container = instance_of(name).removesuffix(":9100")
    target = world.target(Source.KUBERNETES, "node-1:10250")
    pod = world.label(Source.KUBERNETES, "pod", "asynq-worker-7d4b9")
    namespace = world.identity.get("namespace", world.label(Source.KUBERNETES, "namespace", "jobs"))
    for own, share, of in (
        ({"container": container, "id": "/new"}, 1.0, limit),
        ({"container": container, "id": "/dead"}, 0.5, limit * 0.75),
        ({"container": container, "id": "/new", "namespace": "staging"}, 0.5, limit),
        ({"container": "", "id": "/pod"}, 3.0, limit),
    ):
        labels = {**target, "namespace": namespace, "pod": pod, **own}
        put(world, CONTAINER_MEMORY, labels, spell(world, value * (limit or _GIB) * share))
        put(world, CONTAINER_MEMORY_LIMIT, labels, constant(of))
    return {"job": container, "instance": pod}


def _with_gogc(percent: float) -> Drive:
    def drive(world: World, name: str, value: float) -> Labels:
        return _process(world, name, value * 2 * _GIB, 2 * _GIB, gogc=percent)

    return drive


WORKER_MEMORY_HIGH = Probe(
    drive=_soft_limit,
    also={
        "no GOMEMLIMIT, but a host": _host,
        "the limit of its container": _container,
        "the largest GOGC that still counts": _with_gogc(1e6),
    },
    quiet={
        "GOGC is off, so that it lives at its soft limit": _with_gogc(2.0**64),
        "GOGC is so large that it is as good as off": _with_gogc(2e6),
        "a container without a limit": lambda world, name, value: _container(world, name, value, 0),
    },
    top=1,
)

# -- growth --------------------------------------------------------------------------------------

_BEGIN = -70.0
"""When growth begins: minutes before the fault, for the windows reach back so far."""
_SETTLE, _HOLD = 50.0, 30.0
_CHECK = _SETTLE + 1 + _HOLD
"""When the alert has to fire: minutes after the fault began."""
_DUE = _CHECK - _HOLD
"""When it has to hold at last."""


@cache
def _pace(factor: float) -> float:
    """Growth per minute of an exponential that one hour's regression extrapolates to ``factor`` in four hours."""
    low, high = 0.0, 0.1
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _extrapolated(middle) < factor else (low, middle)
    return low


def _extrapolated(pace: float) -> float:
    minutes = [-x / 2 for x in range(121)]
    values = [math.exp(pace * t) for t in minutes]
    mean_t, mean_v = -30.0, sum(values) / len(values)
    slope = sum((t - mean_t) * v for t, v in zip(minutes, values, strict=True)) / sum(
        (t - mean_t) ** 2 for t in minutes
    )
    return mean_v + slope * (240 - mean_t)


def _grows(metric: Gauge, start: float, *, begin: float = _BEGIN, age: float = 155) -> Drive:
    """Grows from ``begin`` until the process ends with the fault; ``age`` is its age at the check, in minutes."""

    def drive(world: World, name: str, value: float) -> Labels:
        pace, big = _pace(value), start * world.volume
        return _grown(world, name, metric, lambda m: big * math.exp(pace * max(0.0, m - begin)), age)

    return drive


def _just_grows(metric: Gauge, enough: float) -> Drive:
    """The same, but when the alert's hold has to begin it is just large enough, and just two hours old."""

    def drive(world: World, name: str, value: float) -> Labels:
        pace, just = _pace(value), enough * world.volume
        return _grown(world, name, metric, lambda m: just * math.exp(pace * (max(m, _BEGIN) - _DUE)), 120 + _HOLD)

    return drive


def _grown(world: World, name: str, metric: Gauge, level: Level, age: float) -> Labels:
    labels = {"instance": instance_of(name)}
    began = world.start.seconds + 60 * (_CHECK - age)
    world.gauge(PROCESS_START, labels, began, began)
    end = world.phases[1] * world.step.seconds / 60
    return world.track(metric, labels, over(world, lambda m: level(m) if m < end else None))


def _batches(metric: Gauge, start: float) -> Drive:
    """Up within 20 minutes, nearly level for an hour and a half, and up again 45 minutes before the check."""

    def level(minute: float) -> float:
        before = _CHECK - minute
        climb = min(1.0, max(0.0, (150 - before) / 20))
        creep = 1 + 0.05 * max(0.0, 130 - before) / 60
        return start * (1 + climb) * creep * (2.0 if before <= 45 else 1.0)

    def drive(world: World, name: str, value: float) -> Labels:
        return _grown(world, name, metric, lambda m: level(m) * world.volume, 600)

    return drive


def _deployed(metric: Gauge, start: float) -> Drive:
    """A new process an hour ago, which fills its caches for half an hour."""

    def level(minute: float) -> float:
        since = minute - (_CHECK - 60)
        return start * (4 if since < 0 else 1 + min(1.0, since / 30))

    def drive(world: World, name: str, value: float) -> Labels:
        return _grown(world, name, metric, lambda m: level(m) * world.volume, 60)

    return drive


def _growth(metric: Gauge, floor: float, few: str, before: str, unit: float = 1) -> Probe:
    enough = floor * unit
    return Probe(
        drive=_just_grows(metric, enough),
        quiet={
            few: _grows(metric, enough * 0.3),
            "the process is at least 2 hours old": _grows(metric, enough, age=115),
            before: _batches(metric, enough),
            "it has only just begun": _grows(metric, enough, begin=_CHECK - 105),
            "it was deployed anew": _deployed(metric, enough),
        },
        before="75m",
        settle="50m",
        clears="2m",
        exact=False,
        floor=floor,
    )


WORKER_MEMORY_GROWING = _growth(
    PROCESS_RSS, 256, "the process holds at least {minimum} MiB", "it grew in the hour before as well", unit=_MIB
)
WORKER_GOROUTINES_GROWING = _growth(
    GO_GOROUTINES, 1000, "at least {minimum} goroutines exist", "they grew in the hour before as well"
)
