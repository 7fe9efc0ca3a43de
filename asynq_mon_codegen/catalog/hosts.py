"""Hosts that run workers: CPU, memory, network and disks, as node_exporter shows them."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import (
    NODE_CPU,
    NODE_FS_AVAILABLE,
    NODE_FS_SIZE,
    NODE_MEM_AVAILABLE,
    NODE_MEM_TOTAL,
    NODE_NET_RECEIVED,
    NODE_NET_SENT,
    NODE_NET_SPEED,
)
from asynq_mon_codegen.catalog.probes import hosts as probes
from asynq_mon_codegen.catalog.runbooks import hosts as runbooks
from asynq_mon_codegen.catalog.targets import WORKER_HOSTS, host_of
from asynq_mon_codegen.model import Above, Alert, Below, Severity, Signal, Threat, Unit, only
from asynq_mon_codegen.promql import Counter, Expr, Matcher, Record

GROUP = "hosts"
REAL_DEVICES = Matcher(
    "device", "!~", "lo|veth.*|docker.*|br-.*|virbr.*|cni.*|flannel.*|cali.*|cilium.*|lxc.*|tun.*|tap.*"
)
REAL_FILE_SYSTEMS = Matcher(
    "fstype", "!~", "tmpfs|ramfs|devtmpfs|overlay|squashfs|erofs|iso9660|nsfs|autofs|fuse.*|nfs.*|cifs"
)

# -- signals -------------------------------------------------------------------------------------


def _idle(mode: str) -> Expr:
    return host_of(NODE_CPU.where(mode=mode).rate("5m")).avg(by="host")


# A core that waits for a disk is free for others, so iowait is no use of it.
CPU = Signal(
    title="CPU of each host",
    expr=1 - (_idle("idle") + _idle("iowait")),
    unit=Unit.RATIO,
    description="Share of all cores that is neither idle nor waiting for a disk.",
)
MEMORY = Signal(
    title="Memory available on each host",
    expr=host_of(NODE_MEM_AVAILABLE / NODE_MEM_TOTAL).min(by="host"),
    unit=Unit.RATIO,
    description="Share of the memory that programs can still get, page cache included.",
)


def _usage(direction: str, traffic: Counter) -> Expr:
    ratio = traffic.matching(REAL_DEVICES).rate("5m") / NODE_NET_SPEED.above(0)
    return host_of(ratio.relabel("direction", direction))


NETWORK_USAGE = Record(
    metric="asynq_worker_hosts_network",
    operations="ratio_rate5m",
    by=("host", "device", "direction"),
    expr=_usage("receive", NODE_NET_RECEIVED)
    .or_(_usage("transmit", NODE_NET_SENT))
    .max(by=("host", "device", "direction")),
    help="Traffic over the speed of the link.",
)
NETWORK = Signal(
    title="Network of each host",
    expr=NETWORK_USAGE,
    unit=Unit.RATIO,
    description="Traffic over the speed of the link, for links whose speed the driver knows.",
)
DISK = Signal(
    title="Disk space available",
    expr=host_of(NODE_FS_AVAILABLE.matching(REAL_FILE_SYSTEMS) / NODE_FS_SIZE).min(by=("host", "mountpoint")),
    unit=Unit.RATIO,
    description="Share of each local file system that users can still fill.",
)
IN_A_DAY = host_of(NODE_FS_AVAILABLE.matching(REAL_FILE_SYSTEMS).predict_linear("6h", "24h")).min(
    by=("host", "mountpoint")
)

# -- alerts --------------------------------------------------------------------------------------

RUNS_WORKERS = only(WORKER_HOSTS, "a worker runs on the host")

# No critical level: a busy host hurts nobody while tasks are in time, and AsynqQueueWaitHigh pages when they are not.
HOST_CPU_HIGH = Alert(
    name="AsynqHostCPUHigh",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=CPU,
    when=Above(warning=0.9),
    hold="15m",
    guards=(RUNS_WORKERS,),
    summary="A host with workers is out of CPU",
    description="Host {host} uses {value} of all its cores (threshold {threshold}, for {hold}); every worker on it "
    "runs slower.",
    dashboard="asynq-workers",
    probe=probes.HOST_CPU_HIGH,
    runbook=runbooks.HOST_CPU_HIGH,
)
HOST_MEMORY_LOW = Alert(
    name="AsynqHostMemoryLow",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=MEMORY,
    when=Below(warning=0.1, critical=0.05),
    hold="5m",
    guards=(RUNS_WORKERS,),
    summary="A host with workers is about to run out of memory",
    description="Only {value} of the memory of host {host} can still be had (threshold {threshold}, for {hold}); next "
    "the kernel kills the largest process, which may be a worker.",
    dashboard="asynq-workers",
    probe=probes.HOST_MEMORY_LOW,
    runbook=runbooks.HOST_MEMORY_LOW,
)
HOST_NETWORK_SATURATED = Alert(
    name="AsynqHostNetworkSaturated",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=NETWORK,
    when=Above(warning=0.8, critical=0.95),
    hold="10m",
    guards=(RUNS_WORKERS,),
    summary="The network link of a host with workers is full",
    description="Link {device} of host {host} is at {value} of its speed ({direction}, threshold {threshold}, for "
    "{hold}); calls to Redis and to what handlers use wait behind that traffic.",
    dashboard="asynq-workers",
    probe=probes.HOST_NETWORK_SATURATED,
    runbook=runbooks.HOST_NETWORK_SATURATED,
)
HOST_DISK_FILLING = Alert(
    name="AsynqHostDiskFilling",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=DISK,
    when=Below(warning=0.2, critical=0.05),
    longest_hold="30m",
    hold={Severity.WARNING: "30m", Severity.CRITICAL: "5m"},
    guards=(RUNS_WORKERS, only(IN_A_DAY.below(0), "it will be full within a day", Severity.WARNING)),
    summary="A disk of a host with workers fills up",
    description="Only {value} of {mountpoint} on host {host} is free (threshold {threshold}, for {hold}).",
    dashboard="asynq-workers",
    probe=probes.HOST_DISK_FILLING,
    runbook=runbooks.HOST_DISK_FILLING,
)

ALERTS = (HOST_CPU_HIGH, HOST_MEMORY_LOW, HOST_NETWORK_SATURATED, HOST_DISK_FILLING)
RECORDS = ()
