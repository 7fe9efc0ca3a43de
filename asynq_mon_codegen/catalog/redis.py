"""Redis: everything that asynq knows lives there, so its health decides about every queue at once.

Alerts are per ``instance`` of redis_exporter. Another program's cache beside asynq's Redis is none of
our business: a Redis on which nobody runs Lua scripts is not asynq's, for asynq enqueues, dequeues and
even idles (forwarder, heartbeat) by scripts.
"""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.catalog.probes import redis as worlds
from asynq_mon_codegen.catalog.runbooks import redis as runbooks
from asynq_mon_codegen.model import Above, Alert, Present, Severity, Signal, Threat, Unit, only
from asynq_mon_codegen.promql import Matcher, Record
from asynq_mon_codegen.simulator import Probe

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
    longest_hold="45m",
    # what it inhibits is measured over windows of up to 5 minutes and must not take its place when Redis is back
    keep_firing_for="5m",
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
        "AsynqLatencyBudgetBurn",
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqQueueStalled",
        "AsynqQueueStarved",
        "AsynqScheduledOverdue",
        "AsynqAggregationStuck",
        "AsynqTrafficStopped",
        "AsynqWorkersDown",
        "AsynqWorkerDown",
        "AsynqWorkerRestarting",
        "AsynqPeriodicTaskMissing",
        "AsynqSchedulerEnqueueErrors",
        "AsynqEnqueueErrors",
    ),
    runbook=runbooks.REDIS_DOWN,
    probe=Probe(
        drive=worlds.down,
        also={
            "asynq's workers stopped hours before": worlds.idle_since_hours,
            "a Redis whose calls per command are hidden": worlds.down_without_calls,
        },
        quiet={
            IS_ASYNQS.text: worlds.cache_down,
            "asynq left this Redis long ago": worlds.left_by_asynq,
            "somebody's cache has been down for hours": worlds.cache_down_for_hours,
            "somebody's cache has been down for ever": worlds.cache_down_for_ever,
            "one of two redis_exporters cannot reach it": worlds.one_exporter_cannot_reach_it,
        },
        before="3h20m",
        value=0,
    ),
)


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
        drive=worlds.memory,
        quiet={IS_ASYNQS.text: worlds.memory_of_cache, "Redis has no memory limit": worlds.memory_without_limit},
        top=1.0,
    ),
)


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
    probe=Probe(drive=worlds.rejects, quiet={IS_ASYNQS.text: worlds.cache_rejects}, settle="5m", lingers="4m"),
)


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
    probe=Probe(drive=worlds.evicts, quiet={IS_ASYNQS.text: worlds.cache_evicts}, settle="5m", lingers="4m"),
)


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
        drive=worlds.snapshot_fails,
        also={"the append-only file": worlds.append_fails},
        quiet={IS_ASYNQS.text: worlds.cache_not_saved},
        value=0,
    ),
)

HAS_A_LIMIT = only(systems.REDIS_MEMORY_MAX.above(0).group(by="instance"), "Redis has a memory limit")


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
        drive=worlds.may_evict,
        also={"another policy for all keys": worlds.may_evict_at_random},
        quiet={
            HAS_A_LIMIT.text: worlds.never_full,
            IS_ASYNQS.text: worlds.cache_evicts_as_it_should,
            "only keys that expire may be evicted": worlds.may_evict_keys_that_expire,
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
