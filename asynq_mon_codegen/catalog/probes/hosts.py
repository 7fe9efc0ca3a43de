"""How rule tests bring hosts to their limits; each host is told by two exporters that do not quite agree."""

from __future__ import annotations

from collections.abc import Callable

from asynq_mon_codegen.catalog.metrics.systems import (
    NODE_CPU,
    NODE_FS_AVAILABLE,
    NODE_FS_SIZE,
    NODE_MEM_AVAILABLE,
    NODE_MEM_TOTAL,
    NODE_NET_RECEIVED,
    NODE_NET_SENT,
    NODE_NET_SPEED,
    WORKER_UP,
)
from asynq_mon_codegen.catalog.probes.tracks import Labels, Level, constant, put
from asynq_mon_codegen.catalog.targets import instance_of
from asynq_mon_codegen.promql import Counter, Source
from asynq_mon_codegen.simulator import Drive, Probe, World

_NO_WORKER = "a worker runs on the host"
Host = Callable[[World, str, float], Labels]


def _host(name: str) -> str:
    return instance_of(name).removesuffix(":9100")


def _node(world: World, name: str, second: bool = False) -> Labels:
    job = world.target(Source.HOST, instance_of(name))["job"]
    return {"job": f"{job}-a-moment-ago" if second else job, "instance": instance_of(name)}


def _with_worker(broken: Host) -> Drive:
    def drive(world: World, name: str, value: float) -> Labels:
        put(world, WORKER_UP, world.target(Source.WORKER, instance_of(name, 8080)), constant(1))
        return broken(world, name, value)

    return drive


# -- CPU -----------------------------------------------------------------------------------------


def _busy(world: World, name: str, value: float) -> Labels:
    labels = _node(world, name)
    for cpu, more in (("0", 0.03), ("1", -0.03)):
        healthy, broken, after = 0.3 + more, value + more, 0.9 * value + more
        for mode, share in (("idle", 0.75), ("iowait", 0.25)):
            rates = ((1 - busy) * share for busy in (healthy, broken, after))
            world.counter(NODE_CPU, {**labels, "cpu": cpu, "mode": mode}, *rates)
        world.counter(NODE_CPU, {**labels, "cpu": cpu, "mode": "user"}, healthy, broken, after)
    return {"host": _host(name)}


def _waits_for_disk(world: World, name: str, value: float) -> Labels:
    for mode, rate in (("idle", 0.05), ("iowait", 0.85), ("user", 0.1)):
        world.counter(NODE_CPU, {**_node(world, name), "cpu": "0", "mode": mode}, rate, rate)
    return {"host": _host(name)}


HOST_CPU_HIGH = Probe(
    drive=_with_worker(_busy),
    quiet={_NO_WORKER: _busy, "it only waits for its disk": _with_worker(_waits_for_disk)},
    settle="5m",
    lingers="90s",
    exact=False,
    top=0.98,
)

# -- memory --------------------------------------------------------------------------------------


def _short_of_memory(world: World, name: str, value: float) -> Labels:
    total = 8 * 2**30
    for second, more in ((False, 1.0), (True, 1.6)):
        labels = _node(world, name, second)
        world.gauge(NODE_MEM_TOTAL, labels, total, total)
        world.gauge(NODE_MEM_AVAILABLE, labels, total / 2, value * more * total)
    return {"host": _host(name)}


HOST_MEMORY_LOW = Probe(drive=_with_worker(_short_of_memory), quiet={_NO_WORKER: _short_of_memory}, bottom=0)

# -- network -------------------------------------------------------------------------------------


def _link_full(traffic: Counter, direction: str, speed: float = 125e6) -> Host:
    def broken(world: World, name: str, value: float) -> Labels:
        for second, share in ((False, 1.0), (True, 0.7)):
            labels = {**_node(world, name, second), "device": "eth0"}
            rate = (speed or 125e6) * share
            world.gauge(NODE_NET_SPEED, labels, speed, speed)
            for metric in (NODE_NET_RECEIVED, NODE_NET_SENT):
                busy = value if metric is traffic else 0.1
                world.counter(metric, labels, 0.1 * rate, busy * rate, min(busy, 0.75) * rate)
        return {"host": _host(name), "device": "eth0", "direction": direction}

    return broken


HOST_NETWORK_SATURATED = Probe(
    drive=_with_worker(_link_full(NODE_NET_RECEIVED, "receive")),
    also={"in the other direction": _with_worker(_link_full(NODE_NET_SENT, "transmit"))},
    quiet={
        _NO_WORKER: _link_full(NODE_NET_RECEIVED, "receive"),
        "the speed of the link is not known": _with_worker(_link_full(NODE_NET_RECEIVED, "receive", speed=0)),
    },
    settle="5m",
    ripens="12m30s",
    lingers="2m",
    exact=False,
    top=1,
)

# -- disks ---------------------------------------------------------------------------------------

_CHECK = 36
"""Minutes from the fault to the check that both severities fire."""


def _disk(world: World, name: str, free: Level) -> Labels:
    size = 100 * 2**30

    def other(minute: float) -> float | None:
        return None if free(minute) is None else 0.3 * size

    def own(minute: float) -> float | None:
        value = free(minute)
        return None if value is None else value * size

    for second, available in ((False, own), (True, other)):
        labels = {**_node(world, name, second), "device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/data"}
        put(world, NODE_FS_AVAILABLE, labels, available)
        put(world, NODE_FS_SIZE, labels, constant(size))
    return {"host": _host(name), "mountpoint": "/data"}


def _fault(minute: float) -> bool:
    return 0 <= minute < _CHECK + 5


def _fills(world: World, name: str, value: float) -> Labels:
    return _disk(world, name, lambda m: value if _fault(m) else 0.5)


def _full_in_sixteen_hours(world: World, name: str, value: float) -> Labels:
    """A disk that was mounted with the fault and is never empty again before it is gone."""

    def free(minute: float) -> float | None:
        return value * (1 + (_CHECK - minute) / (16 * 60)) if _fault(minute) else None

    return _disk(world, name, free)


def _nearly_full_for_ever(world: World, name: str, value: float) -> Labels:
    return _disk(world, name, lambda m: value if _fault(m) else None)


def _full_in_two_days(world: World, name: str, value: float) -> Labels:
    return _disk(world, name, lambda m: 0.18 * (1 - (m - _CHECK) / (48 * 60)))


def _rotates_its_logs(world: World, name: str, value: float) -> Labels:
    """Emptied two hours ago and fuller again since, as every few hours."""
    return _disk(world, name, lambda m: 0.1 if m < -120 else 0.19 - 0.02 * (m + 120) / 150)


def _large_copy(world: World, name: str, value: float) -> Labels:
    return _disk(world, name, lambda m: 0.15 if _CHECK - 20 <= m < _CHECK + 5 else 0.5)


HOST_DISK_FILLING = Probe(
    drive=_with_worker(_fills),
    also={"at the pace of sixteen hours": _with_worker(_full_in_sixteen_hours)},
    quiet={
        _NO_WORKER: _fills,
        "it will be full within a day": _with_worker(_nearly_full_for_ever),
        "it will be full in two days": _with_worker(_full_in_two_days),
        "a large file that is gone after 25 minutes": _with_worker(_large_copy),
        "logs are rotated": _with_worker(_rotates_its_logs),
    },
    before="150m",
    settle="5m",
    clears="0s",
    bottom=0,
)
