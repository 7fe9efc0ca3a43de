"""Redis: everything that asynq knows lives there, so its health decides about every queue at once.

Alerts are per ``instance`` of redis_exporter. Another program's cache beside asynq's Redis is none of
our business: a Redis on which nobody runs Lua scripts is not asynq's, for asynq enqueues, dequeues and
even idles (forwarder, heartbeat) by scripts.
"""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.catalog.runbooks import redis as runbooks
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.model import Above, Alert, Present, Severity, Signal, Threat, Unit, only
from asynq_mon_codegen.promql import Matcher, Record, Source
from asynq_mon_codegen.simulator import ABSENT, Probe, World
from asynq_mon_codegen.simulator.tracks import Level, _Absent

GROUP = "redis"

_SCRIPTS = systems.REDIS_CALLS.matching(Matcher("cmd", "=~", "eval|evalsha"))
_INFO_CALLS = systems.REDIS_CALLS.where(cmd="info")

USED_BY_ASYNQ = Record(
    metric="redis_used_by_asynq",
    operations="3h",
    by="instance",
    expr=_SCRIPTS.increase("3h")
    .above(0)
    .group(by="instance")
    .or_(
        systems.REDIS_CLIENTS.last_over("3h")
        .group(by="instance")
        .unless(_INFO_CALLS.increase("3h").group(by="instance"))
    ),
    help="1 for every Redis that ran Lua scripts within 3 hours, or whose calls per command nobody shows.",
)
IS_ASYNQS = only(USED_BY_ASYNQ, "Lua scripts ran there in the last 3 hours, as asynq's do")

REACHABLE = Signal(
    title="Redis reachable",
    expr=systems.REDIS_UP.max(by="instance"),
    unit=Unit.COUNT,
    description="1 while redis_exporter reaches Redis.",
)
MEMORY_USED = Signal(
    title="Redis memory",
    expr=systems.REDIS_MEMORY.max(by="instance") / systems.REDIS_MEMORY_MAX.max(by="instance").above(0),
    unit=Unit.RATIO,
    description="Used memory over maxmemory; nothing where Redis has no limit.",
)
REJECTED = Signal(
    title="Rejected connections",
    expr=systems.REDIS_REJECTED.increase("5m").max(by="instance"),
    unit=Unit.COUNT,
    description="Connections refused over maxclients in 5 minutes.",
)
EVICTED = Signal(
    title="Evicted keys",
    expr=systems.REDIS_EVICTED.increase("5m").max(by="instance"),
    unit=Unit.COUNT,
    description="Keys that Redis threw away over maxmemory in 5 minutes.",
)
NOT_PERSISTED = Signal(
    title="Persistence failing",
    expr=systems.REDIS_RDB_STATUS.min(by="instance")
    .equals(0)
    .or_(systems.REDIS_AOF_WRITE_STATUS.min(by="instance").equals(0)),
    unit=Unit.COUNT,
    description="Present while the last snapshot or the last append to the AOF failed.",
)
UNSAFE_POLICY = Signal(
    title="Eviction policy that may drop tasks",
    expr=systems.REDIS_INFO.matching(Matcher("maxmemory_policy", "=~", "allkeys-.*")).group(
        by=("instance", "maxmemory_policy")
    ),
    unit=Unit.COUNT,
    description="1 while Redis may evict any key, tasks included.",
)


def _second_job(world: World) -> str:
    """Another job that scrapes the same Redis, as happens with two redis_exporters."""
    return world.label(Source.REDIS, "job", "redis") + "-standby"


def _store(world: World, name: str, scripts: float = 40, up: Level = 1, *, calls: bool = True) -> dict[str, str]:
    """A Redis as redis_exporter shows it: while it is down nothing but ``redis_up`` is left."""
    labels = {"instance": name}

    def while_up(rate: float) -> float | _Absent:
        return ABSENT if up == 0 else rate

    world.gauge(systems.REDIS_UP, labels, 1, up)
    world.gauge(systems.REDIS_CLIENTS, labels, 12, while_up(12))
    for cmd, rate in (("info", 1 / 15), ("get", 5.0), ("evalsha", scripts)) if calls else ():
        world.counter(systems.REDIS_CALLS, {**labels, "cmd": cmd}, rate, while_up(rate), start=100)
    return labels


def _down(world: World, name: str, value: float) -> dict[str, str]:
    return _store(world, name, up=value)


def _down_without_calls(world: World, name: str, value: float) -> dict[str, str]:
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


def _idle_since_hours(world: World, name: str, value: float) -> dict[str, str]:
    return _scripts_ended(world, name, duration("2h"))


def _left_by_asynq(world: World, name: str, value: float) -> dict[str, str]:
    return _scripts_ended(world, name, duration("3h10m"))


def _cache_down(world: World, name: str, value: float) -> dict[str, str]:
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


def _cache_down_for_hours(world: World, name: str, value: float) -> dict[str, str]:
    return _down_since(world, name, duration("2h"))


def _cache_down_for_ever(world: World, name: str, value: float) -> dict[str, str]:
    return _down_since(world, name, duration("3h10m"))


def _one_exporter_cannot_reach_it(world: World, name: str, value: float) -> dict[str, str]:
    world.gauge(systems.REDIS_UP, {"instance": name, "job": _second_job(world)}, 1, 1)
    return _store(world, name, up=value)


REDIS_DOWN = Alert(
    name="AsynqRedisDown",
    group=GROUP,
    threat=Threat.DEPENDENCY,
    signal=Signal(
        title="Redis down",
        expr=systems.REDIS_UP.max(by="instance").equals(0),
        unit=Unit.COUNT,
        description="Present while no redis_exporter reaches Redis.",
    ),
    when=Present(Severity.CRITICAL),
    # a restart or a failover of up to a minute is seen for up to 75 s and must not wake anybody
    hold="90s",
    guards=(IS_ASYNQS,),
    summary="Redis is down",
    description="redis_exporter has not reached Redis {instance} for {hold}: no task can be enqueued, taken or "
    "finished, and asynq's own metrics are gone with it.",
    dashboard="asynq-redis",
    # blind, waiting and standing still are what a dead Redis does; task errors of the minutes before are not
    inhibits=(
        "AsynqQueueMetricsMissing",
        "AsynqQueueMissing",
        "AsynqOptionalQueueMissing",
        "AsynqExporterDown",
        "AsynqScrapeSlow",
        "AsynqInstrumentationMissing",
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqQueueStalled",
        "AsynqQueueStarved",
        "AsynqScheduledOverdue",
        "AsynqAggregationStuck",
        "AsynqTrafficStopped",
        "AsynqLatencyBudgetBurn",
        "AsynqWorkersDown",
        "AsynqWorkerDown",
        "AsynqWorkerRestarting",
        "AsynqPeriodicTaskMissing",
        "AsynqSchedulerEnqueueErrors",
        "AsynqEnqueueErrors",
    ),
    runbook=runbooks.REDIS_DOWN,
    probe=Probe(
        drive=_down,
        also={
            "asynq's workers stopped hours before": _idle_since_hours,
            "a Redis whose calls per command are hidden": _down_without_calls,
        },
        quiet={
            IS_ASYNQS.text: _cache_down,
            "asynq left this Redis long ago": _left_by_asynq,
            "somebody's cache has been down for hours": _cache_down_for_hours,
            "somebody's cache has been down for ever": _cache_down_for_ever,
            "one of two redis_exporters cannot reach it": _one_exporter_cannot_reach_it,
        },
        before="3h20m",
        value=0,
    ),
)

_GIB = 1024.0**3


def _memory(world: World, name: str, value: float, scripts: float = 40, limit: float = _GIB) -> dict[str, str]:
    standby = {"instance": name, "job": _second_job(world)}
    world.gauge(systems.REDIS_MEMORY, standby, limit * 0.2, limit * 0.7 * value)
    world.gauge(systems.REDIS_MEMORY_MAX, standby, limit / 2, limit / 2)
    world.gauge(systems.REDIS_MEMORY, {"instance": name}, _GIB * 0.3, _GIB * value)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name}, limit, limit)
    return _store(world, name, scripts)


def _memory_of_cache(world: World, name: str, value: float) -> dict[str, str]:
    return _memory(world, name, value, scripts=0)


def _memory_without_limit(world: World, name: str, value: float) -> dict[str, str]:
    return _memory(world, name, value, limit=0)


REDIS_MEMORY_HIGH = Alert(
    name="AsynqRedisMemoryHigh",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=MEMORY_USED,
    when=Above(warning="80%", critical="95%"),
    hold="5m",
    guards=(IS_ASYNQS,),
    summary="Redis runs out of memory",
    description="Redis {instance} uses {value} of its maxmemory (threshold {threshold}, for {hold}). When it is full, "
    "it refuses every enqueue or evicts keys, depending on its policy.",
    dashboard="asynq-redis",
    runbook=runbooks.REDIS_MEMORY_HIGH,
    probe=Probe(
        drive=_memory,
        quiet={IS_ASYNQS.text: _memory_of_cache, "Redis has no memory limit": _memory_without_limit},
        top=1.0,
    ),
)


def _rejects(world: World, name: str, value: float, scripts: float = 40) -> dict[str, str]:
    world.counter(systems.REDIS_REJECTED, {"instance": name, "job": _second_job(world)}, 0, value / 600)
    world.counter(systems.REDIS_REJECTED, {"instance": name}, 0, value / 300)
    return _store(world, name, scripts)


def _cache_rejects(world: World, name: str, value: float) -> dict[str, str]:
    return _rejects(world, name, value, scripts=0)


REDIS_REJECTING_CONNECTIONS = Alert(
    name="AsynqRedisRejectingConnections",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=REJECTED,
    # none in health; a fleet that cannot connect tries several times a second, so 100 is some clients shut out
    when=Above(warning=0, critical=100),
    guards=(IS_ASYNQS,),
    summary="Redis refuses connections",
    description="Redis {instance} refused {value} connections in 5 minutes (threshold {threshold}): maxclients is "
    "reached, so producers and workers cannot connect.",
    dashboard="asynq-redis",
    runbook=runbooks.REDIS_REJECTING_CONNECTIONS,
    probe=Probe(drive=_rejects, quiet={IS_ASYNQS.text: _cache_rejects}, settle="5m", lingers="4m"),
)


def _evicts(world: World, name: str, value: float, scripts: float = 40) -> dict[str, str]:
    world.counter(systems.REDIS_EVICTED, {"instance": name, "job": _second_job(world)}, 0, value / 600)
    world.counter(systems.REDIS_EVICTED, {"instance": name}, 0, value / 300, start=1_000)
    return _store(world, name, scripts)


def _cache_evicts(world: World, name: str, value: float) -> dict[str, str]:
    return _evicts(world, name, value, scripts=0)


REDIS_EVICTING_KEYS = Alert(
    name="AsynqRedisEvictingKeys",
    group=GROUP,
    threat=Threat.DATA_LOSS,
    signal=EVICTED,
    when=Above(critical=0),
    guards=(IS_ASYNQS,),
    summary="Redis throws tasks away",
    description="Redis {instance} evicted {value} keys in 5 minutes because maxmemory is reached: tasks, leases or "
    "locks of asynq are lost and do not come back.",
    dashboard="asynq-redis",
    # memory at its limit and the policy are why it evicts; this page says both
    inhibits=("AsynqRedisMemoryHigh", "AsynqRedisEvictionPolicyUnsafe"),
    runbook=runbooks.REDIS_EVICTING_KEYS,
    probe=Probe(drive=_evicts, quiet={IS_ASYNQS.text: _cache_evicts}, settle="5m", lingers="4m"),
)


def _status(world: World, name: str, rdb: Level, aof: Level, scripts: float = 40) -> dict[str, str]:
    for metric, broken in ((systems.REDIS_RDB_STATUS, rdb), (systems.REDIS_AOF_WRITE_STATUS, aof)):
        world.gauge(metric, {"instance": name, "job": _second_job(world)}, 1, 1)
        world.gauge(metric, {"instance": name}, 1, broken)
    return _store(world, name, scripts)


def _snapshot_fails(world: World, name: str, value: float) -> dict[str, str]:
    return _status(world, name, value, 1)


def _append_fails(world: World, name: str, value: float) -> dict[str, str]:
    return _status(world, name, 1, value)


def _cache_not_saved(world: World, name: str, value: float) -> dict[str, str]:
    return _status(world, name, value, value, scripts=0)


REDIS_PERSISTENCE_FAILING = Alert(
    name="AsynqRedisPersistenceFailing",
    group=GROUP,
    threat=Threat.DATA_LOSS,
    signal=NOT_PERSISTED,
    when=Present(Severity.WARNING),
    # Redis tries a failed snapshot again every 5 s, so 5m are 60 failures in a row, not a hiccup
    hold="5m",
    guards=(IS_ASYNQS,),
    summary="Redis cannot write its data to disk",
    description="For {hold} Redis {instance} has failed to save its data: by default it refuses writes (MISCONF) until "
    "it can, and a restart loses all tasks since the last good save.",
    dashboard="asynq-redis",
    runbook=runbooks.REDIS_PERSISTENCE_FAILING,
    probe=Probe(
        drive=_snapshot_fails,
        also={"the append-only file": _append_fails},
        quiet={IS_ASYNQS.text: _cache_not_saved},
        value=0,
    ),
)

HAS_A_LIMIT = only(systems.REDIS_MEMORY_MAX.above(0).group(by="instance"), "Redis has a memory limit")


def _policy(
    world: World, name: str, policy: str = "allkeys-lru", limit: float = _GIB, scripts: float = 40
) -> dict[str, str]:
    info = {"instance": name, "redis_version": "7.0.15", "role": "master"}
    world.gauge(systems.REDIS_INFO, {**info, "maxmemory_policy": "noeviction"}, 1, ABSENT)
    world.gauge(systems.REDIS_INFO, {**info, "maxmemory_policy": policy}, ABSENT, 1)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name}, limit, limit)
    world.gauge(systems.REDIS_MEMORY_MAX, {"instance": name, "job": _second_job(world)}, 0, 0)
    return {**_store(world, name, scripts), "maxmemory_policy": policy}


def _may_evict(world: World, name: str, value: float) -> dict[str, str]:
    return _policy(world, name)


def _may_evict_at_random(world: World, name: str, value: float) -> dict[str, str]:
    return _policy(world, name, "allkeys-random")


def _may_evict_keys_that_expire(world: World, name: str, value: float) -> dict[str, str]:
    return _policy(world, name, "volatile-lru")


def _never_full(world: World, name: str, value: float) -> dict[str, str]:
    return _policy(world, name, limit=0)


def _cache_evicts_as_it_should(world: World, name: str, value: float) -> dict[str, str]:
    return _policy(world, name, scripts=0)


REDIS_EVICTION_POLICY_UNSAFE = Alert(
    name="AsynqRedisEvictionPolicyUnsafe",
    group=GROUP,
    threat=Threat.DATA_LOSS,
    signal=UNSAFE_POLICY,
    when=Present(Severity.WARNING),
    hold="15m",
    guards=(HAS_A_LIMIT, IS_ASYNQS),
    summary="Redis may evict tasks when it is full",
    description="Redis {instance} has a memory limit and the policy {maxmemory_policy}: when it is full it throws "
    "away any key, tasks included. asynq needs noeviction.",
    dashboard="asynq-redis",
    runbook=runbooks.REDIS_EVICTION_POLICY_UNSAFE,
    probe=Probe(
        drive=_may_evict,
        also={"another policy for all keys": _may_evict_at_random},
        quiet={
            HAS_A_LIMIT.text: _never_full,
            IS_ASYNQS.text: _cache_evicts_as_it_should,
            "only keys that expire may be evicted": _may_evict_keys_that_expire,
        },
    ),
)

ALERTS = (
    REDIS_DOWN,
    REDIS_MEMORY_HIGH,
    REDIS_REJECTING_CONNECTIONS,
    REDIS_EVICTING_KEYS,
    REDIS_PERSISTENCE_FAILING,
    REDIS_EVICTION_POLICY_UNSAFE,
)
RECORDS = (USED_BY_ASYNQ,)
