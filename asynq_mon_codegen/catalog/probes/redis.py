"""Worlds in which the Redis behind asynq breaks, and those in which only somebody else's does."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.simulator import ABSENT, World
from asynq_mon_codegen.simulator.tracks import Level, Rate

_GIB = 1024.0**3


def _second_job(world: World) -> str:
    """Another job that scrapes the same Redis, as happens with two redis_exporters."""
    return world.label(Source.REDIS, "job", "redis") + "-standby"


def _store(world: World, name: str, scripts: float = 40, up: Level = 1, *, calls: bool = True) -> dict[str, str]:
    """A Redis as redis_exporter shows it: while it is down nothing but ``redis_up`` is left."""
    labels = {"instance": name}

    def while_up(rate: float) -> Rate:
        return ABSENT if up == 0 else rate

    world.gauge(systems.REDIS_UP, labels, 1, up)
    world.gauge(systems.REDIS_CLIENTS, labels, 12, while_up(12))
    for cmd, rate in (("info", 1 / 15), ("get", 5.0), ("evalsha", scripts)) if calls else ():
        world.counter(systems.REDIS_CALLS, {**labels, "cmd": cmd}, rate, while_up(rate), start=100)
    return labels


def down(world: World, name: str, value: float) -> dict[str, str]:
    """Redis is down."""
    return _store(world, name, up=value)


def down_without_calls(world: World, name: str, value: float) -> dict[str, str]:
    """Redis is down, and its exporter never told the calls per command."""
    return _store(world, name, up=value, calls=False)


def _scripts_ended(world: World, name: str, before_fault: Duration) -> dict[str, str]:
    """A Redis that goes down so long after its last script."""
    labels = _store(world, name, up=0)
    ran = world.phases[0] - before_fault.milliseconds // world.step.milliseconds
    calls = tuple(40.0 * i for i in range(ran))
    world.track(
        systems.REDIS_CALLS,
        {**labels, "cmd": "evalsha"},
        (*calls, *[calls[-1]] * (world.phases[0] - ran), *[None] * world.phases[1], calls[-1]),
    )
    return labels


def idle_since_hours(world: World, name: str, value: float) -> dict[str, str]:
    """Redis is down, and asynq's workers had stopped two hours before."""
    return _scripts_ended(world, name, duration("2h"))


def left_by_asynq(world: World, name: str, value: float) -> dict[str, str]:
    """Redis is down, and asynq left it more than three hours before."""
    return _scripts_ended(world, name, duration("3h10m"))


def cache_down(world: World, name: str, value: float) -> dict[str, str]:
    """A Redis on which nobody runs scripts is down."""
    return _store(world, name, scripts=0, up=value)


def _down_since(world: World, name: str, before_fault: Duration) -> dict[str, str]:
    """Somebody else's cache that went down so long before the fault and stays down."""
    labels = {"instance": name}
    alive = world.phases[0] - before_fault.milliseconds // world.step.milliseconds
    world.track(systems.REDIS_UP, labels, (*[1.0] * alive, 0.0))
    world.track(systems.REDIS_CLIENTS, labels, (*[12.0] * alive, None))
    for cmd in ("info", "get"):
        world.track(systems.REDIS_CALLS, {**labels, "cmd": cmd}, (*[2.0 * i for i in range(alive)], None))
    return labels


def cache_down_for_hours(world: World, name: str, value: float) -> dict[str, str]:
    """Somebody's cache has been down for two hours."""
    return _down_since(world, name, duration("2h"))


def cache_down_for_ever(world: World, name: str, value: float) -> dict[str, str]:
    """Somebody's cache has been down for longer than anybody remembers its calls."""
    return _down_since(world, name, duration("3h10m"))


def one_exporter_cannot_reach_it(world: World, name: str, value: float) -> dict[str, str]:
    """One redis_exporter cannot reach it, the other can."""
    world.gauge(systems.REDIS_UP, {"instance": name, "job": _second_job(world)}, 1, 1)
    return _store(world, name, up=value)


def memory(world: World, name: str, value: float, scripts: float = 40, limit: float = _GIB) -> dict[str, str]:
    """Used memory is ``value`` of the limit."""
    standby = {"instance": name, "job": _second_job(world)}
    world.gauge(systems.REDIS_MEMORY, standby, limit * 0.2, limit * 0.7 * value)
    world.gauge(systems.REDIS_MEMORY_MAX, standby, limit / 2, limit / 2)
    world.gauge(systems.REDIS_MEMORY, {"instance": name}, _GIB * 0.3, _GIB * value)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name}, limit, limit)
    return _store(world, name, scripts)


def memory_of_cache(world: World, name: str, value: float) -> dict[str, str]:
    """The same of a Redis that asynq does not use."""
    return memory(world, name, value, scripts=0)


def memory_without_limit(world: World, name: str, value: float) -> dict[str, str]:
    """The same without a limit."""
    return memory(world, name, value, limit=0)


def rejects(world: World, name: str, value: float, scripts: float = 40) -> dict[str, str]:
    """``value`` connections are refused in 5 minutes."""
    world.counter(systems.REDIS_REJECTED, {"instance": name, "job": _second_job(world)}, 0, value / 600)
    world.counter(systems.REDIS_REJECTED, {"instance": name}, 0, value / 300)
    return _store(world, name, scripts)


def cache_rejects(world: World, name: str, value: float) -> dict[str, str]:
    """The same of a Redis that asynq does not use."""
    return rejects(world, name, value, scripts=0)


def evicts(world: World, name: str, value: float, scripts: float = 40) -> dict[str, str]:
    """``value`` keys are evicted in 5 minutes."""
    world.counter(systems.REDIS_EVICTED, {"instance": name, "job": _second_job(world)}, 0, value / 600)
    world.counter(systems.REDIS_EVICTED, {"instance": name}, 0, value / 300, start=1_000)
    return _store(world, name, scripts)


def cache_evicts(world: World, name: str, value: float) -> dict[str, str]:
    """A cache evicts, as it should."""
    return evicts(world, name, value, scripts=0)


def _status(world: World, name: str, rdb: Level, aof: Level, scripts: float = 40) -> dict[str, str]:
    for metric, broken in ((systems.REDIS_RDB_STATUS, rdb), (systems.REDIS_AOF_WRITE_STATUS, aof)):
        world.gauge(metric, {"instance": name, "job": _second_job(world)}, 1, 1)
        world.gauge(metric, {"instance": name}, 1, broken)
    return _store(world, name, scripts)


def snapshot_fails(world: World, name: str, value: float) -> dict[str, str]:
    """The last snapshot failed."""
    return _status(world, name, value, 1)


def append_fails(world: World, name: str, value: float) -> dict[str, str]:
    """The last append to the AOF failed."""
    return _status(world, name, 1, value)


def cache_not_saved(world: World, name: str, value: float) -> dict[str, str]:
    """Neither works on a Redis that asynq does not use."""
    return _status(world, name, value, value, scripts=0)


def _policy(
    world: World, name: str, policy: str = "allkeys-lru", limit: float = _GIB, scripts: float = 40
) -> dict[str, str]:
    info = {"instance": name, "redis_version": "7.0.15", "role": "master"}
    world.gauge(systems.REDIS_INFO, {**info, "maxmemory_policy": "noeviction"}, 1, ABSENT)
    world.gauge(systems.REDIS_INFO, {**info, "maxmemory_policy": policy}, ABSENT, 1)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name}, limit, limit)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name, "job": _second_job(world)}, 0, 0)
    return {**_store(world, name, scripts), "maxmemory_policy": policy}


def may_evict(world: World, name: str, value: float) -> dict[str, str]:
    """The policy becomes one for all keys."""
    return _policy(world, name)


def may_evict_at_random(world: World, name: str, value: float) -> dict[str, str]:
    """The policy becomes another one for all keys."""
    return _policy(world, name, "allkeys-random")


def may_evict_keys_that_expire(world: World, name: str, value: float) -> dict[str, str]:
    """The policy spares what does not expire."""
    return _policy(world, name, "volatile-lru")


def never_full(world: World, name: str, value: float) -> dict[str, str]:
    """The policy has no limit to act at."""
    return _policy(world, name, limit=0)


def cache_evicts_as_it_should(world: World, name: str, value: float) -> dict[str, str]:
    """A cache with a cache's policy."""
    return _policy(world, name, scripts=0)
