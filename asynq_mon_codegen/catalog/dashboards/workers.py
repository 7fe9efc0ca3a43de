"""Workers and hosts: the processes that run handlers, their machines and, on Kubernetes, their containers."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import UP, overall
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Graph, Line, Number, Row, States, Steps, Variable
from asynq_mon_codegen.catalog.metrics.instrumentation import SERVER_BUSY, SERVER_CONCURRENCY, SERVERS
from asynq_mon_codegen.catalog.metrics.systems import (
    CONTAINER_CPU_PERIODS,
    CONTAINER_CPU_THROTTLED,
    CONTAINER_MEMORY,
    CONTAINER_MEMORY_LIMIT,
    GO_GOROUTINES,
    GO_MAX_PROCS,
    KUBE_RESTARTS,
    KUBE_TERMINATED_REASON,
    NODE_CPU,
    NODE_FS_AVAILABLE,
    NODE_FS_SIZE,
    NODE_MEM_AVAILABLE,
    NODE_MEM_TOTAL,
    NODE_NET_RECEIVED,
    NODE_NET_SENT,
    NODE_PRESSURE_CPU,
    PROCESS_CPU,
    PROCESS_MAX_FDS,
    PROCESS_NET_RECEIVED,
    PROCESS_NET_SENT,
    PROCESS_OPEN_FDS,
    PROCESS_RSS,
    PROCESS_START,
    WORKER_UP,
)
from asynq_mon_codegen.promql import RATE_INTERVAL, Matcher, Source, time

__all__ = ["WORKERS"]

INSTANCE = Variable(name="instance", title="Worker", series=WORKER_UP, label="instance", sources=(Source.WORKER,))
HOST = Variable(name="host", title="Host", series=NODE_MEM_TOTAL, label="instance", sources=(Source.HOST,))

# Interfaces and file systems that are no hardware, or only another view of it.
_REAL_DEVICE = Matcher("device", "!~", "lo|veth.*|docker.*|br-.*|cni.*|flannel.*|cali.*|virbr.*|tun.*|tap.*")
_REAL_FS = Matcher("fstype", "!~", "tmpfs|ramfs|overlay|squashfs|devtmpfs|fuse.*|nsfs|iso9660")
_POD = ("namespace", "pod", "container")
_POD_LEGEND = "{{pod}} {{container}}"
# cAdvisor has the pod's own cgroups beside those of its containers.
_IN_POD = (Matcher("container", "!=", ""), Matcher("container", "!=", "POD"))

_CPU = PROCESS_CPU.rate(RATE_INTERVAL).sum(by="instance")

_NOW = Row(
    key="now",
    title="Workers",
    panels=(
        Number(
            key="up",
            title="Workers up",
            text="Worker processes that answered the last scrape.",
            lines=Line(overall("sum", WORKER_UP)),
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
            text="Restarts of each worker in the 15 minutes before. One step per deployment is normal; "
            "more is a crash loop, which up alone does not show.",
            lines=Line(PROCESS_START.changes("15m").max(by="instance"), "{{instance}}"),
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
        ),
        Graph(
            key="share",
            title="CPU over GOMAXPROCS",
            text="Share of the cores that Go may use. On Kubernetes the container's limit may lie below: see "
            "throttling.",
            lines=Line(_CPU / GO_MAX_PROCS.max(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
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

_HOSTS = Row(
    key="hosts",
    title="Hosts",
    panels=(
        Graph(
            key="cpu",
            title="Host CPU",
            text="Share of all cores of a host that is not idle.",
            lines=Line(1 - NODE_CPU.where(mode="idle").rate(RATE_INTERVAL).avg(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
            maximum=1,
        ),
        Graph(
            key="pressure",
            title="Waiting for a core",
            text="Share of time in which something on the host waited for a core (pressure stall information). "
            "It shows a lack of CPU that utilisation alone hides. Absent on kernels without it.",
            lines=Line(NODE_PRESSURE_CPU.rate(RATE_INTERVAL).max(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
        ),
        Graph(
            key="memory",
            title="Host memory available",
            text="Share of the host's memory that programs can still get. Towards 0 the kernel kills the largest "
            "process.",
            lines=Line(NODE_MEM_AVAILABLE.max(by="instance") / NODE_MEM_TOTAL.max(by="instance"), "{{instance}}"),
            unit="percentunit",
            minimum=0,
            maximum=1,
        ),
        Graph(
            key="network",
            title="Host network",
            text="Bytes per second over each real interface, received and sent.",
            lines=(
                Line(
                    NODE_NET_RECEIVED.matching(_REAL_DEVICE).rate(RATE_INTERVAL).max(by=("instance", "device")),
                    "{{instance}} {{device}} received",
                ),
                Line(
                    NODE_NET_SENT.matching(_REAL_DEVICE).rate(RATE_INTERVAL).max(by=("instance", "device")),
                    "{{instance}} {{device}} sent",
                ),
            ),
            unit="Bps",
            minimum=0,
            w=12,
        ),
        Graph(
            key="disk",
            title="Disk space available",
            text="Share of each real file system that users can still fill.",
            lines=Line(
                NODE_FS_AVAILABLE.matching(_REAL_FS).max(by=("instance", "mountpoint"))
                / NODE_FS_SIZE.matching(_REAL_FS).max(by=("instance", "mountpoint")),
                "{{instance}} {{mountpoint}}",
            ),
            unit="percentunit",
            minimum=0,
            maximum=1,
            w=12,
        ),
    ),
)

_KUBERNETES = Row(
    key="kubernetes",
    title="Kubernetes",
    collapsed=True,
    group="kubernetes",
    panels=(
        Graph(
            key="throttled",
            title="CPU throttling",
            text="Share of CPU periods in which a container had to stop at its limit. Above a few percent handlers "
            "stall although the CPU looks idle.",
            lines=Line(
                CONTAINER_CPU_THROTTLED.matching(*_IN_POD).rate(RATE_INTERVAL).max(by=_POD)
                / CONTAINER_CPU_PERIODS.matching(*_IN_POD).rate(RATE_INTERVAL).max(by=_POD),
                _POD_LEGEND,
            ),
            unit="percentunit",
            minimum=0,
            levels="AsynqWorkerThrottled",
            w=6,
        ),
        Graph(
            key="memory",
            title="Container memory over its limit",
            text="Working set over the container's limit; at 100 % the kernel kills it. Containers without a limit "
            "are not shown.",
            lines=Line(
                CONTAINER_MEMORY.matching(*_IN_POD).max(by=_POD)
                / CONTAINER_MEMORY_LIMIT.matching(*_IN_POD).max(by=_POD).above(0),
                _POD_LEGEND,
            ),
            unit="percentunit",
            minimum=0,
            w=6,
        ),
        Graph(
            key="restarts",
            title="Container restarts",
            text="Restarts of each container in one step of the graph. 0 is normal.",
            lines=Line(KUBE_RESTARTS.increase(RATE_INTERVAL).max(by=_POD), _POD_LEGEND),
            unit="short",
            minimum=0,
            bars=True,
            w=6,
        ),
        Graph(
            key="oom",
            title="Last ended by lack of memory",
            text="1 from the moment a container was killed at its memory limit until it ends in another way.",
            lines=Line(KUBE_TERMINATED_REASON.where(reason="OOMKilled").max(by=_POD), _POD_LEGEND),
            unit="short",
            minimum=0,
            maximum=1,
            w=6,
        ),
    ),
)

WORKERS = Dashboard(
    uid="asynq-workers",
    title="Asynq / Workers and hosts",
    text="The processes that run handlers, the hosts they run on and, on Kubernetes, their containers.",
    anchor=WORKER_UP,
    variables=(INSTANCE, HOST),
    rows=(_NOW, _PROCESS, _HOSTS, _KUBERNETES),
)
