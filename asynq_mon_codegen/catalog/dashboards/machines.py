"""Rows of the dashboard of workers: their hosts and, on Kubernetes, their containers."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.spec import Graph, Line, Row, Variable
from asynq_mon_codegen.catalog.hosts import DISK, REAL_DEVICES
from asynq_mon_codegen.catalog.hosts import MEMORY as HOST_MEMORY
from asynq_mon_codegen.catalog.metrics.systems import (
    CONTAINER_CPU_PERIODS,
    CONTAINER_CPU_THROTTLED,
    CONTAINER_MEMORY,
    CONTAINER_MEMORY_LIMIT,
    KUBE_RESTARTS,
    KUBE_TERMINATED_REASON,
    NODE_CPU,
    NODE_NET_RECEIVED,
    NODE_NET_SENT,
    NODE_NET_SPEED,
    NODE_PRESSURE_CPU,
)
from asynq_mon_codegen.catalog.targets import WORKER_HOSTS, host_of
from asynq_mon_codegen.promql import RATE_INTERVAL, Expr, Matcher

__all__ = ["HOST", "HOSTS", "KUBERNETES"]

HOST = Variable(name="host", title="Host", series=WORKER_HOSTS, label="host")

_POD = ("namespace", "pod", "container")
_POD_LEGEND = "{{pod}} {{container}}"
# cAdvisor has the pod's own cgroups beside those of its containers.
_IN_POD = (Matcher("container", "!=", ""), Matcher("container", "!=", "POD"))


def _of_workers(expr: Expr) -> Expr:
    """Of hosts with a worker only: a Prometheus may know many others."""
    return expr.and_(WORKER_HOSTS)


HOSTS = Row(
    key="hosts",
    title="Hosts of workers",
    panels=(
        Graph(
            key="cpu",
            title="Host CPU",
            text="Share of all cores that is neither idle nor waiting for a disk. Hosts are those whose name, the "
            "instance "
            "without its port, is that of a worker too.",
            lines=Line(
                _of_workers(
                    1
                    - host_of(NODE_CPU.where(mode=("idle", "iowait")).rate(RATE_INTERVAL))
                    .sum(by=("host", "cpu"))
                    .avg(by="host")
                ),
                "{{host}}",
            ),
            unit="percentunit",
            minimum=0,
            maximum=1,
            levels="AsynqHostCPUHigh",
        ),
        Graph(
            key="pressure",
            title="Waiting for a core",
            text="Share of time in which something on the host waited for a core (pressure stall information). "
            "It shows a lack of CPU that utilisation alone hides. Absent on kernels without it.",
            lines=Line(_of_workers(host_of(NODE_PRESSURE_CPU.rate(RATE_INTERVAL)).max(by="host")), "{{host}}"),
            unit="percentunit",
            minimum=0,
        ),
        Graph(
            key="memory",
            title="Host memory available",
            text="Share of the host's memory that programs can still get. Towards 0 the kernel kills the largest "
            "process.",
            lines=Line(_of_workers(HOST_MEMORY.expr), "{{host}}"),
            unit="percentunit",
            minimum=0,
            maximum=1,
            levels="AsynqHostMemoryLow",
        ),
        Graph(
            key="network",
            title="Host network",
            text="Bytes per second over each real interface, received and sent.",
            lines=tuple(
                Line(
                    _of_workers(host_of(metric.matching(REAL_DEVICES).rate(RATE_INTERVAL)).max(by=("host", "device"))),
                    f"{{{{host}}}} {{{{device}}}} {word}",
                )
                for metric, word in ((NODE_NET_RECEIVED, "received"), (NODE_NET_SENT, "sent"))
            ),
            unit="Bps",
            minimum=0,
        ),
        Graph(
            key="link",
            title="Host network over link speed",
            text="Traffic over the speed of the link, the busier direction, where the driver tells the speed. "
            "Near 100 % everything that talks to Redis waits.",
            lines=Line(
                _of_workers(
                    host_of(NODE_NET_RECEIVED.matching(REAL_DEVICES).rate(RATE_INTERVAL) / NODE_NET_SPEED.above(0))
                    .max(by=("host", "device"))
                    .higher_of(
                        host_of(NODE_NET_SENT.matching(REAL_DEVICES).rate(RATE_INTERVAL) / NODE_NET_SPEED.above(0)).max(
                            by=("host", "device")
                        )
                    )
                ),
                "{{host}} {{device}}",
            ),
            unit="percentunit",
            minimum=0,
            levels="AsynqHostNetworkSaturated",
        ),
        Graph(
            key="disk",
            title="Disk space available",
            text="Share of each local file system that users can still fill.",
            lines=Line(_of_workers(DISK.expr), "{{host}} {{mountpoint}}"),
            unit="percentunit",
            minimum=0,
            maximum=1,
            levels="AsynqHostDiskFilling",
        ),
    ),
)

KUBERNETES = Row(
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
