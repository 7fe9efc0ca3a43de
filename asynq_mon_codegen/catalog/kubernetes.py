"""Containers of workers: throttled at their CPU limit, or killed at their memory limit."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import (
    CONTAINER_CPU_PERIODS,
    CONTAINER_CPU_THROTTLED,
    KUBE_RESTARTS,
    KUBE_TERMINATED_REASON,
)
from asynq_mon_codegen.catalog.probes import kubernetes as probes
from asynq_mon_codegen.catalog.runbooks import kubernetes as runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, floor, only
from asynq_mon_codegen.promql import Record

GROUP = "kubernetes"
_CONTAINER = ("namespace", "pod", "container")

# cAdvisor repeats the periods of all containers for the pod as a whole, without a container
CPU_PERIODS = Record(
    metric="asynq_worker_cpu_periods",
    operations="rate5m",
    by=_CONTAINER,
    expr=CONTAINER_CPU_PERIODS.without(container="").rate("5m").max(by=_CONTAINER),
    help="CPU periods per second in which the container had work; 10 at most.",
)
CPU_PERIODS_THROTTLED = Record(
    metric="asynq_worker_cpu_periods_throttled",
    operations="rate5m",
    by=_CONTAINER,
    expr=CONTAINER_CPU_THROTTLED.without(container="").rate("5m").max(by=_CONTAINER),
    help="CPU periods per second in which the container had to stop at its limit.",
)

THROTTLED = Signal(
    title="CPU periods throttled",
    expr=CPU_PERIODS_THROTTLED / CPU_PERIODS,
    unit=Unit.RATIO,
    description="Share of the CPU periods with work in which a container had to stop at its limit.",
)
RESTARTS = Signal(
    title="Restarts of a container in 30 minutes",
    expr=KUBE_RESTARTS.increase("30m").max(by=_CONTAINER),
    unit=Unit.COUNT,
    description="As kube-state-metrics counts them.",
)

# Throttling hurts nobody while tasks are in time, so a quarter is only said beside something worse.
WORKER_THROTTLED = Alert(
    name="AsynqWorkerThrottled",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=THROTTLED,
    when=Above(info=0.25, warning=0.5),
    hold="15m",
    guards=(floor(CPU_PERIODS, 1, "it had work in at least {minimum} CPU periods a second"),),
    summary="A worker's container is throttled at its CPU limit",
    description="Container {container} of pod {pod} ({namespace}) had to stop in {value} of its CPU periods (threshold "
    "{threshold}, for {hold}): handlers take longer although the node may have idle cores.",
    dashboard="asynq-workers",
    probe=probes.WORKER_THROTTLED,
    runbook=runbooks.WORKER_THROTTLED,
)
# 30 minutes, for at the longest back-off (5 minutes) a container restarts only 3 times in 15.
WORKER_OOM_KILLED = Alert(
    name="AsynqWorkerOOMKilled",
    group=GROUP,
    threat=Threat.EXHAUSTION,
    signal=RESTARTS,
    when=Above(warning=0, critical=3),
    guards=(
        only(
            KUBE_TERMINATED_REASON.where(reason="OOMKilled").max(by=_CONTAINER).equals(1),
            "its last end was an OOM kill",
        ),
    ),
    summary="A worker was killed for its memory",
    description="Container {container} of pod {pod} ({namespace}) restarted {value} times within 30 minutes, the last "
    "time because it went over its memory limit. Its tasks wait 60 to 120 seconds and lose an attempt each time.",
    dashboard="asynq-workers",
    inhibits=("AsynqWorkerRestarting",),
    probe=probes.WORKER_OOM_KILLED,
    runbook=runbooks.WORKER_OOM_KILLED,
)

ALERTS = (WORKER_THROTTLED, WORKER_OOM_KILLED)
RECORDS = ()
