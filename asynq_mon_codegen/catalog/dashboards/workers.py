"""Workers and hosts: the processes that run handlers, their machines and, on Kubernetes, their containers."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.machines import HOST, HOSTS, KUBERNETES
from asynq_mon_codegen.catalog.dashboards.parts import UP, overall
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Graph, Line, Number, Row, States, Steps, Variable
from asynq_mon_codegen.catalog.metrics.instrumentation import SERVER_BUSY, SERVER_CONCURRENCY, SERVERS
from asynq_mon_codegen.catalog.metrics.systems import (
    GO_GOROUTINES,
    GO_MAX_PROCS,
    PROCESS_CPU,
    PROCESS_MAX_FDS,
    PROCESS_NET_RECEIVED,
    PROCESS_NET_SENT,
    PROCESS_OPEN_FDS,
    PROCESS_RSS,
    PROCESS_START,
    WORKER_UP,
)
from asynq_mon_codegen.catalog.processes import MEMORY
from asynq_mon_codegen.catalog.targets import WORKERS_UP
from asynq_mon_codegen.catalog.workers import RESTARTS
from asynq_mon_codegen.promql import RATE_INTERVAL, Source, time

__all__ = ["WORKERS"]

INSTANCE = Variable(name="instance", title="Worker", series=WORKER_UP, label="instance", sources=(Source.WORKER,))

_CPU = PROCESS_CPU.rate(RATE_INTERVAL).sum(by="instance")

_NOW = Row(
    key="now",
    title="Workers",
    panels=(
        Number(
            key="up",
            title="Workers up",
            text="Worker processes that answered the last scrape.",
            lines=Line(overall("sum", WORKERS_UP)),
            unit="short",
            h=7,
            steps=Steps("red", ((1, "green"),)),
            no_value="none",
        ),
        Number(
            key="down",
            title="Workers down",
            text="Worker targets that are configured or discovered but do not answer. 0 is normal; briefly more in a "
            "deployment.",
            lines=Line(overall("count", WORKER_UP) - overall("sum", WORKER_UP)),
            unit="short",
            h=7,
            steps=Steps("green", ((1, "orange"),)),
        ),
        Number(
            key="servers",
            title="Servers with a heartbeat",
            text="asynq servers whose heartbeat is in Redis. Fewer than workers up: some process runs but lost Redis. "
            "Needs the instrumentation.",
            lines=Line(overall("max", SERVERS)),
            unit="short",
            h=7,
            no_value="not measured",
        ),
        States(
            key="timeline",
            title="Up",
            text="Whether each worker answered its scrapes. Short red bars at the same distance are a crash loop.",
            lines=Line(WORKER_UP.max(by="instance"), "{{instance}}"),
            unit="none",
            w=12,
            h=7,
            shown=UP,
        ),
        Graph(
            key="saturation",
            title="Busy handlers over concurrency",
            text="Share of a server's slots that run a handler. Above 90 % for minutes while tasks wait: more workers "
            "or "
            "more concurrency. Single samples mean little, for workers take tasks in batches. Needs the "
            "instrumentation.",
            lines=Line(
                SERVER_BUSY.max(by="server") / SERVER_CONCURRENCY.max(by="server"),
                "{{server}}",
            ),
            unit="percentunit",
            minimum=0,
            maximum=1,
            w=8,
            levels="AsynqWorkersSaturated",
        ),
        Graph(
            key="restarts",
            title="Restarts",
            text="Restarts of each worker in the 30 minutes before. One step per deployment is normal; "
            "more is a crash loop, which up alone does not show.",
            lines=Line(RESTARTS.expr.max(by="instance"), "{{instance}}"),
            unit="short",
            minimum=0,
            w=8,
            levels="AsynqWorkerRestarting",
        ),
        Graph(
            key="age",
            title="Running since",
            text="Age of each worker process. A saw tooth is a process that starts again and again.",
            lines=Line(time() - PROCESS_START.max(by="instance"), "{{instance}}"),
            unit="s",
            minimum=0,
            w=8,
        ),
    ),
)

_PROCESS = Row(
    key="process",
    title="Processes",
    panels=(
        Graph(
            key="cpu",
            title="CPU",
            text="Cores that each worker uses, with the cores that Go may use dashed. "
            "At that line handlers wait for each other, not for Redis.",
            lines=(
                Line(_CPU, "{{instance}}"),
                Line(overall("max", GO_MAX_PROCS), "GOMAXPROCS", color="red", dashed=True),
            ),
            unit="short",
            minimum=0,
            w=6,
        ),
        Graph(
            key="share",
            title="CPU over GOMAXPROCS",
            text="Share of the cores that Go may use. On Kubernetes the container's limit may lie below: see "
            "throttling.",
            lines=Line(_CPU / GO_MAX_PROCS.max(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
            w=6,
            levels="AsynqWorkerCPUHigh",
        ),
        Graph(
            key="memory",
            title="Memory",
            text="Resident memory of each worker. Saw teeth are garbage collection; a floor that rises for hours is a "
            "leak. "
            "Go returns memory to the system late.",
            lines=Line(PROCESS_RSS.max(by="instance"), "{{instance}}"),
            unit="bytes",
            minimum=0,
            w=6,
        ),
        Graph(
            key="limit",
            title="Memory against its limit",
            text="Resident memory over GOMEMLIMIT where it is set, else over the host's memory; working set over "
            "limit of "
            "containers. At 100 % the kernel kills the process, and its tasks start over.",
            lines=Line(MEMORY.expr, "{{instance}}"),
            unit="percentunit",
            minimum=0,
            w=6,
            levels="AsynqWorkerMemoryHigh",
        ),
        Graph(
            key="goroutines",
            title="Goroutines",
            text="Goroutines of each worker: some per handler and connection. A steady rise is handlers that ignore "
            "their "
            "context and run on after their timeout.",
            lines=Line(GO_GOROUTINES.max(by="instance"), "{{instance}}"),
            unit="short",
            minimum=0,
        ),
        Graph(
            key="fds",
            title="File descriptors in use",
            text="Open descriptors over the limit. At 100 % no connection and no file can be opened.",
            lines=Line(PROCESS_OPEN_FDS.max(by="instance") / PROCESS_MAX_FDS.max(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
            levels="AsynqWorkerFileDescriptorsHigh",
        ),
        Graph(
            key="network",
            title="Network",
            text="Bytes per second that each worker receives and sends, Redis and everything else together. "
            "In a container it is that of the whole network namespace.",
            lines=(
                Line(PROCESS_NET_RECEIVED.rate(RATE_INTERVAL).sum(by="instance"), "{{instance}} received"),
                Line(PROCESS_NET_SENT.rate(RATE_INTERVAL).sum(by="instance"), "{{instance}} sent"),
            ),
            unit="Bps",
            minimum=0,
        ),
    ),
)

WORKERS = Dashboard(
    uid="asynq-workers",
    title="Asynq / Workers and hosts",
    text="The processes that run handlers, the hosts they run on and, on Kubernetes, their containers.",
    anchor=WORKER_UP,
    variables=(INSTANCE, HOST),
    rows=(_NOW, _PROCESS, HOSTS, KUBERNETES),
)
