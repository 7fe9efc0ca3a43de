"""Workers: are they there, and do they stay up."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import PROCESS_START, WORKER_UP
from asynq_mon_codegen.catalog.probes import workers as probes
from asynq_mon_codegen.catalog.records import PENDING
from asynq_mon_codegen.catalog.runbooks import workers as runbooks
from asynq_mon_codegen.catalog.targets import WORKERS_UP
from asynq_mon_codegen.model import Above, Alert, Below, Signal, Threat, Unit, only
from asynq_mon_codegen.promql import seconds

GROUP = "workers"

# A worker that left service discovery has no ``up`` at all, so for an hour its last value stands for it as 0.
WORKERS = Signal(
    title="Workers up",
    expr=WORKERS_UP.or_(WORKERS_UP.last_over("1h") * 0),
    unit=Unit.COUNT,
    description="Worker targets that answer; 0 for an hour after the last one left service discovery.",
)
WORKER = Signal(title="Worker is up", expr=WORKER_UP, unit=Unit.COUNT, description="1 while the target answers.")
RESTARTS = Signal(
    title="Restarts in 30 minutes",
    expr=PROCESS_START.changes("30m"),
    unit=Unit.COUNT,
    description="How often the start time of the process changed.",
)

WORKERS_DOWN = Alert(
    name="AsynqWorkersDown",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=WORKERS,
    when=Below(critical=1),
    hold="2m",
    longest_hold="20m",
    # when workers are back, what waited is worked off first; that is no other incident
    keep_firing_for="5m",
    guards=(only(PENDING.above(0).group(), "tasks are pending"),),
    summary="No worker is up although tasks wait",
    description="Workers that answer: {value}, for {hold}. Tasks are pending and nobody works on them; due, scheduled "
    "and retried tasks of every queue stand still as well.",
    dashboard="asynq-workers",
    inhibits=(
        "AsynqWorkerDown",
        "AsynqQueueStalled",
        "AsynqQueueWaitHigh",
        "AsynqLatencyBudgetBurn",
        "AsynqQueueBacklogNotDraining",
        "AsynqQueueStarved",
        "AsynqQueueSurge",
        "AsynqScheduledOverdue",
        "AsynqAggregationStuck",
        "AsynqPeriodicTaskMissing",
        "AsynqTrafficStopped",
    ),
    probe=probes.WORKERS_DOWN,
    runbook=runbooks.WORKERS_DOWN,
)
WORKER_DOWN = Alert(
    name="AsynqWorkerDown",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=WORKER,
    when=Below(warning=1),
    hold="5m",
    summary="A worker does not answer",
    description="Worker {instance} of job {job} has not answered Prometheus for {hold}: it hangs, crashed, or cannot "
    "be reached. What it held is retried by other workers.",
    dashboard="asynq-workers",
    probe=probes.WORKER_DOWN,
    runbook=runbooks.WORKER_DOWN,
)
# 30 minutes, for at the longest back-off of Kubernetes (5 minutes) a crash loop makes only 3 restarts in 15.
WORKER_RESTARTING = Alert(
    name="AsynqWorkerRestarting",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=RESTARTS,
    when=Above(warning=3, critical=10),
    longest_hold="2m",
    guards=(
        # setting the clock moves the start time to and fro, and so it seems to change
        only(
            PROCESS_START.delta("30m").at_least(seconds("1m")),
            "the start time moved on by at least 60 seconds",
        ),
    ),
    summary="A worker restarts again and again",
    description="Worker {instance} of job {job} started {value} times within 30 minutes (threshold {threshold}). Each "
    "crash leaves its tasks in active for 60 to 120 seconds and costs each of them an attempt.",
    dashboard="asynq-workers",
    inhibits=("AsynqWorkerDown",),
    probe=probes.WORKER_RESTARTING,
    runbook=runbooks.WORKER_RESTARTING,
)

ALERTS = (WORKERS_DOWN, WORKER_DOWN, WORKER_RESTARTING)
RECORDS = ()
