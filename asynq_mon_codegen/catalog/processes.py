"""Worker processes: how close they are to the limits of CPU, memory, descriptors and goroutines."""

from __future__ import annotations

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
from asynq_mon_codegen.catalog.probes import processes as probes
from asynq_mon_codegen.catalog.runbooks import processes as runbooks
from asynq_mon_codegen.catalog.targets import host_of
from asynq_mon_codegen.model import Above, Alert, Severity, Signal, Threat, Unit, floor, only
from asynq_mon_codegen.promql import Expr, Gauge, Record, seconds, time

GROUP = "processes"
NO_LIMIT = 9e18
"""Above this a GOMEMLIMIT is the runtime's "none" (2**63 - 1)."""
GOGC_OFF = 1e6
"""Above this a GOGC is the runtime's "off" (2**64 - 1)."""
_TARGET = ("job", "instance")
_POD = ("namespace", "pod", "container")

CPU = Signal(
    title="CPU of each worker",
    expr=PROCESS_CPU.rate("5m") / GO_MAX_PROCS,
    unit=Unit.RATIO,
    description="CPU time over the cores that Go may use (GOMAXPROCS).",
)


def _of_container() -> Expr:
    """Working set over limit; pod and container stand for the instance and job that cAdvisor does not know."""
    used = CONTAINER_MEMORY.without(container=("", "POD")).max(by=_POD)
    limit = CONTAINER_MEMORY_LIMIT.without(container=("", "POD")).max(by=_POD)
    ratio = used / limit.above(0)
    named = ratio.relabel("job", "$1", "container", "(.*)").relabel("instance", "$1", "pod", "(.*)")
    return named.max(by=_TARGET)


# With GOGC=off a process lives at its soft limit by design, so the limit tells nothing then.
_OF_SOFT_LIMIT = (PROCESS_RSS / GO_MEM_LIMIT.below(NO_LIMIT)).unless(GO_GOGC.above(GOGC_OFF)).max(by=_TARGET)
_OF_HOST = (host_of(PROCESS_RSS) / host_of(NODE_MEM_TOTAL).max(by="host")).max(by=_TARGET)

MEMORY_USAGE = Record(
    metric="asynq_worker_memory_usage",
    operations="ratio",
    by=_TARGET,
    expr=_OF_SOFT_LIMIT.or_(_OF_HOST).or_(_of_container()),
    help="Memory of a worker over the limit that is known.",
)
MEMORY = Signal(
    title="Memory of each worker against its limit",
    expr=MEMORY_USAGE,
    unit=Unit.RATIO,
    description="Resident memory over GOMEMLIMIT, else over the memory of its host; working set over limit of "
    "containers.",
)
FILE_DESCRIPTORS = Signal(
    title="File descriptors of each worker",
    expr=PROCESS_OPEN_FDS / PROCESS_MAX_FDS,
    unit=Unit.RATIO,
    description="Open descriptors over the limit of the process.",
)


def _in_four_hours(level: Gauge) -> Expr:
    return level.predict_linear("1h", "4h") / level


MEMORY_GROWTH = Signal(
    title="Memory in four hours",
    expr=_in_four_hours(PROCESS_RSS),
    unit=Unit.TIMES,
    description="What the trend of the last hour makes of the resident memory in four hours, as a multiple of today's.",
)
GOROUTINE_GROWTH = Signal(
    title="Goroutines in four hours",
    expr=_in_four_hours(GO_GOROUTINES),
    unit=Unit.TIMES,
    description="What the trend of the last hour makes of the goroutines in four hours, as a multiple of today's.",
)

WORKER_CPU_HIGH = Alert(
    name="AsynqWorkerCPUHigh",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=CPU,
    when=Above(warning=0.9),
    hold="15m",
    summary="A worker uses all the CPU that it may use",
    description="Worker {instance} of job {job} uses {value} of its cores (threshold {threshold}, for {hold}): tasks "
    "run no faster with more concurrency, and heartbeats may come late.",
    dashboard="asynq-workers",
    probe=probes.WORKER_CPU_HIGH,
    runbook=runbooks.WORKER_CPU_HIGH,
)
WORKER_MEMORY_HIGH = Alert(
    name="AsynqWorkerMemoryHigh",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=MEMORY,
    when=Above(warning=0.9, critical=0.97),
    hold={Severity.WARNING: "10m", Severity.CRITICAL: "5m"},
    summary="A worker is about to run out of memory",
    description="Worker {instance} of {job} holds {value} of the memory that it may use (threshold {threshold}, for "
    "{hold}). If it is killed, its tasks wait 60 to 120 seconds and lose an attempt.",
    dashboard="asynq-workers",
    probe=probes.WORKER_MEMORY_HIGH,
    runbook=runbooks.WORKER_MEMORY_HIGH,
)


def _older_than_its_windows() -> Expr:
    return (time() - PROCESS_START) / seconds("1h")


OLD_ENOUGH = only(_older_than_its_windows().at_least(2), "the process is at least 2 hours old")


def _grew_before(level: Gauge) -> Expr:
    return (level.offset("1h").deriv("1h") * seconds("1h") / level).above(0.1)


# A batch, a warm cache or a deploy is one step, which lies in one of the two hours; a leak is in both.
WORKER_MEMORY_GROWING = Alert(
    name="AsynqWorkerMemoryGrowing",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=MEMORY_GROWTH,
    when=Above(warning=2),
    hold="30m",
    guards=(
        floor(PROCESS_RSS / 2**20, 256, "the process holds at least {minimum} MiB"),
        OLD_ENOUGH,
        only(_grew_before(PROCESS_RSS), "it grew in the hour before as well"),
    ),
    summary="A worker's memory grows without end",
    description="At its pace of the last hour worker {instance} of job {job} will hold {value} its present memory in "
    "four hours (threshold {threshold}, for {hold}).",
    dashboard="asynq-workers",
    probe=probes.WORKER_MEMORY_GROWING,
    runbook=runbooks.WORKER_MEMORY_GROWING,
)
WORKER_FILE_DESCRIPTORS_HIGH = Alert(
    name="AsynqWorkerFileDescriptorsHigh",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=FILE_DESCRIPTORS,
    when=Above(warning=0.8, critical=0.95),
    hold="5m",
    summary="A worker runs out of file descriptors",
    description="Worker {instance} of job {job} has opened {value} of its file descriptors (threshold {threshold}, for "
    "{hold}); at the limit it can open neither connections nor files, Redis included.",
    dashboard="asynq-workers",
    probe=probes.WORKER_FILE_DESCRIPTORS_HIGH,
    runbook=runbooks.WORKER_FILE_DESCRIPTORS_HIGH,
)
WORKER_GOROUTINES_GROWING = Alert(
    name="AsynqWorkerGoroutinesGrowing",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=GOROUTINE_GROWTH,
    when=Above(warning=2),
    hold="30m",
    guards=(
        floor(GO_GOROUTINES, 1000, "at least {minimum} goroutines exist"),
        OLD_ENOUGH,
        only(_grew_before(GO_GOROUTINES), "they grew in the hour before as well"),
    ),
    summary="A worker leaks goroutines",
    description="At its pace of the last hour worker {instance} of job {job} will have {value} its present goroutines "
    "in four hours (threshold {threshold}, for {hold}): handlers, or what they start, do not end.",
    dashboard="asynq-workers",
    probe=probes.WORKER_GOROUTINES_GROWING,
    runbook=runbooks.WORKER_GOROUTINES_GROWING,
)

ALERTS = (
    WORKER_CPU_HIGH,
    WORKER_MEMORY_HIGH,
    WORKER_MEMORY_GROWING,
    WORKER_FILE_DESCRIPTORS_HIGH,
    WORKER_GOROUTINES_GROWING,
)
RECORDS = ()
