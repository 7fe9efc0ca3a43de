"""Redis: the store that holds every task."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import BAD, UP, top
from asynq_mon_codegen.catalog.dashboards.spec import (
    Dashboard,
    Graph,
    LabelColumn,
    Line,
    Number,
    Row,
    Shown,
    States,
    Steps,
    Table,
    ValueColumn,
    Variable,
)
from asynq_mon_codegen.catalog.metrics.asynq import EXPORTER_SCRAPE_DURATION, QUEUE_MEMORY
from asynq_mon_codegen.catalog.metrics.systems import (
    REDIS_AOF_WRITE_STATUS,
    REDIS_BLOCKED_CLIENTS,
    REDIS_CLIENTS,
    REDIS_COMMANDS,
    REDIS_CPU_SYS,
    REDIS_CPU_USER,
    REDIS_EVICTED,
    REDIS_FRAGMENTATION,
    REDIS_INFO,
    REDIS_MEMORY,
    REDIS_MEMORY_MAX,
    REDIS_NET_IN,
    REDIS_NET_OUT,
    REDIS_RDB_STATUS,
    REDIS_REJECTED,
    REDIS_UP,
)
from asynq_mon_codegen.catalog.redis import MEMORY_USED, USED_BY_ASYNQ
from asynq_mon_codegen.promql import RANGE, RATE_INTERVAL, Expr, Source

__all__ = ["REDIS"]

INSTANCE = Variable(name="instance", title="Redis", series=USED_BY_ASYNQ, label="instance", sources=(Source.REDIS,))

_WRITTEN = (Shown(0, "failing", "red"), Shown(1, "ok", "green"))


def _ours(expr: Expr) -> Expr:
    """Of every Redis that asynq uses: a Prometheus may know many others."""
    return expr.and_(USED_BY_ASYNQ)


_NOW = Row(
    key="now",
    title="Now",
    panels=(
        Number(
            key="up",
            title="Redis",
            text="Whether the exporter reaches Redis. While Redis is down no task is enqueued or processed, and the "
            "queues' "
            "own numbers vanish instead of turning bad.",
            lines=Line(_ours(REDIS_UP.max(by="instance")), "{{instance}}"),
            unit="none",
            filled=True,
            spark=False,
            shown=UP,
            steps=Steps("red", ((1, "green"),)),
        ),
        Number(
            key="used",
            title="Memory used",
            text="Used memory over maxmemory. At 100 % Redis refuses to enqueue or, with the wrong policy, drops "
            "tasks. "
            "No data: maxmemory is not set, so the host's memory is the limit.",
            lines=Line(_ours(MEMORY_USED.expr), "{{instance}}"),
            unit="percentunit",
            levels="AsynqRedisMemoryHigh",
            no_value="no limit",
        ),
        Number(
            key="evicted",
            title="Keys evicted",
            text="Keys that Redis dropped in the time range for lack of memory. With asynq each may be a lost task: "
            "must be 0.",
            lines=Line(_ours(REDIS_EVICTED.increase(RANGE).max(by="instance")), "{{instance}}"),
            unit="short",
            decimals=0,
            spark=False,
            steps=BAD,
        ),
        Number(
            key="rejected",
            title="Connections rejected",
            text="Connections that Redis refused in the time range because maxclients was reached. 0 is normal.",
            lines=Line(_ours(REDIS_REJECTED.increase(RANGE).max(by="instance")), "{{instance}}"),
            unit="short",
            decimals=0,
            spark=False,
            steps=BAD,
        ),
        Table(
            key="info",
            title="Version and eviction policy",
            text="What runs. The policy must be noeviction: every other one lets Redis drop tasks when memory is "
            "short.",
            lines=Line(_ours(REDIS_INFO.max(by=("instance", "redis_version", "role", "maxmemory_policy")))),
            unit="none",
            w=8,
            h=4,
            columns=(
                LabelColumn(label="instance", title="Instance"),
                LabelColumn(label="redis_version", title="Version"),
                LabelColumn(label="role", title="Role"),
                LabelColumn(
                    label="maxmemory_policy",
                    title="Eviction policy",
                    shown=(Shown("noeviction", "noeviction", "green"),),
                ),
                ValueColumn(line=0, title="Seen", unit="none", shown=(Shown(1, "yes"),)),
            ),
        ),
    ),
)

_MEMORY = Row(
    key="memory",
    title="Memory",
    panels=(
        Graph(
            key="used",
            title="Memory and its limit",
            text="Memory that Redis uses, with maxmemory dashed. Tasks of all states are in it, completed ones for as "
            "long "
            "as they are retained.",
            lines=(
                Line(_ours(REDIS_MEMORY.max(by="instance")), "{{instance}}"),
                Line(_ours(REDIS_MEMORY_MAX.max(by="instance").above(0)), "maxmemory", color="red", dashed=True),
            ),
            unit="bytes",
            minimum=0,
        ),
        Graph(
            key="queues",
            title="Memory by queue",
            text="Where the memory goes, the 15 largest queues, stacked. asynq extrapolates from 20 tasks of each "
            "state, "
            "so it is noisy where payloads differ.",
            lines=Line(top(15, QUEUE_MEMORY.max(by="queue")), "{{queue}}"),
            unit="bytes",
            minimum=0,
            stack=True,
            opens="asynq-queue",
        ),
        Graph(
            key="lost",
            title="Evicted keys and rejected connections",
            text="Keys dropped and connections refused per second. Both must be 0: the first loses tasks, the second "
            "work.",
            lines=(
                Line(_ours(REDIS_EVICTED.rate(RATE_INTERVAL).max(by="instance")), "{{instance}} evicted"),
                Line(_ours(REDIS_REJECTED.rate(RATE_INTERVAL).max(by="instance")), "{{instance}} rejected"),
            ),
            unit="ops",
            minimum=0,
        ),
    ),
)

_LOAD = Row(
    key="load",
    title="Load",
    panels=(
        Graph(
            key="commands",
            title="Commands",
            text="Commands per second. Idle workers poll once a second each and queue; the rest grows with the tasks.",
            lines=Line(_ours(REDIS_COMMANDS.rate(RATE_INTERVAL).max(by="instance")), "{{instance}}"),
            unit="ops",
            minimum=0,
        ),
        Graph(
            key="cpu",
            title="CPU",
            text="Cores that Redis uses. It runs commands on one core: near 1.0 everything waits for it.",
            lines=Line(
                _ours(
                    REDIS_CPU_SYS.rate(RATE_INTERVAL).max(by="instance")
                    + REDIS_CPU_USER.rate(RATE_INTERVAL).max(by="instance")
                ),
                "{{instance}}",
            ),
            unit="short",
            minimum=0,
            decimals=2,
        ),
        Graph(
            key="scrape",
            title="Time asynq's exporter needs",
            text="How long the exporter's scrape takes: three round trips per queue, so it shows Redis' latency as a "
            "client "
            "sees it. A jump to 6 s is a Redis that hangs.",
            lines=Line(EXPORTER_SCRAPE_DURATION.max(by="instance"), "{{instance}}"),
            unit="s",
            minimum=0,
        ),
        Graph(
            key="clients",
            title="Connections",
            text="Client connections, and those in a blocking call. A steady rise is a client that never closes.",
            lines=(
                Line(_ours(REDIS_CLIENTS.max(by="instance")), "{{instance}} connected"),
                Line(_ours(REDIS_BLOCKED_CLIENTS.max(by="instance")), "{{instance}} blocked"),
            ),
            unit="short",
            minimum=0,
        ),
        Graph(
            key="network",
            title="Network",
            text="Bytes per second in and out. Large payloads show here before they show in memory.",
            lines=(
                Line(_ours(REDIS_NET_IN.rate(RATE_INTERVAL).max(by="instance")), "{{instance}} received"),
                Line(_ours(REDIS_NET_OUT.rate(RATE_INTERVAL).max(by="instance")), "{{instance}} sent"),
            ),
            unit="Bps",
            minimum=0,
        ),
        Graph(
            key="fragmentation",
            title="Fragmentation",
            text="Resident over used memory: 1 to 1.5 is normal, more is memory lost to gaps, below 1 Redis is "
            "swapped out.",
            lines=Line(_ours(REDIS_FRAGMENTATION.max(by="instance")), "{{instance}}"),
            unit="short",
            minimum=0,
            decimals=2,
        ),
    ),
)

_DISK = Row(
    key="disk",
    title="Persistence",
    panels=(
        States(
            key="up",
            title="Reachable",
            text="Whether the exporter reached Redis. A gap in the queues' graphs with red here is Redis; without, "
            "the exporter.",
            lines=Line(_ours(REDIS_UP.max(by="instance")), "{{instance}}"),
            unit="none",
            shown=UP,
        ),
        States(
            key="written",
            title="Snapshots and append-only file",
            text="Whether the last snapshot and the last append were written. While one fails a restart of Redis "
            "loses tasks, and Redis may refuse writes.",
            lines=(
                Line(_ours(REDIS_RDB_STATUS.min(by="instance")), "{{instance}} snapshot"),
                Line(_ours(REDIS_AOF_WRITE_STATUS.min(by="instance")), "{{instance}} append-only file"),
            ),
            unit="none",
            shown=_WRITTEN,
        ),
    ),
)

REDIS = Dashboard(
    uid="asynq-redis",
    title="Asynq / Redis",
    text="The store that holds every task: reachability, memory, load and persistence.",
    anchor=REDIS_UP,
    variables=(INSTANCE,),
    rows=(_NOW, _MEMORY, _LOAD, _DISK),
)
