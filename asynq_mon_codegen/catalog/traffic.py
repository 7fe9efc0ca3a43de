"""Traffic against what is usual for the queue at this hour: a flood of tasks, and none at all."""

from __future__ import annotations

from asynq_mon_codegen.catalog.probes import traffic as probes
from asynq_mon_codegen.catalog.queue_flow import ARRIVED, THROUGHPUT
from asynq_mon_codegen.catalog.records import PENDING, PROCESSED
from asynq_mon_codegen.catalog.runbooks import traffic as runbooks
from asynq_mon_codegen.catalog.waiting import IS_PAUSED
from asynq_mon_codegen.model import Above, Alert, Band, Below, Signal, Threat, Unit, floor, only, unless

__all__ = ["ALERTS", "ARRIVALS", "GROUP", "LONG_THROUGHPUT", "QUEUE_SURGE", "RECORDS", "TRAFFIC_STOPPED"]

GROUP = "traffic"

ARRIVALS = Signal(
    title="Arrivals",
    expr=ARRIVED,
    unit=Unit.TASKS_PER_SECOND,
    description="Estimated tasks enqueued per second: asynq counts no enqueues, so it is what was finished plus what "
    "is more than before.",
)
LONG_THROUGHPUT = Signal(
    title="Throughput of 15 minutes",
    expr=THROUGHPUT,
    unit=Unit.TASKS_PER_SECOND,
    description="Finished attempts per second, failed ones included, as a mean over 15 minutes.",
)

_NINE_IN_15_MINUTES = 0.01
"""Attempts per second: with fewer than nine expected, none at all may be chance or a schedule."""

QUEUE_SURGE = Alert(
    name="AsynqQueueSurge",
    group=GROUP,
    threat=Threat.SURGE,
    # arrivals themselves, not their ratio to what is processed: slow consumers have a high ratio and arrivals as ever
    signal=ARRIVALS,
    when=Above(warning=Band(2, young="2h"), critical=Band(4, young="2h")),
    hold="5m",
    longest_hold="20m",
    guards=(
        floor(PENDING, 500, "at least {minimum} tasks are pending"),
        only(PENDING.greater_than(PENDING.offset("2m")), "more tasks are pending than two minutes ago"),
        only(ARRIVED.greater_than(PROCESSED), "more comes in than gets done"),
    ),
    summary="A flood of tasks is coming in",
    description="Queue {queue} receives an estimated {value}, far more than ever at this hour (threshold {threshold}, "
    "for {hold}), and its backlog grows.",
    dashboard="asynq-queue",
    inhibits=("AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining", "AsynqWorkersSaturated"),
    probe=probes.SURGE,
    runbook=runbooks.SURGE,
)

TRAFFIC_STOPPED = Alert(
    name="AsynqTrafficStopped",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=LONG_THROUGHPUT,
    # a tenth of the least that every quarter of an hour about now has brought: next to nothing, not a slow day
    when=Below(warning=Band(0.1, gate=_NINE_IN_15_MINUTES, young="2h")),
    hold="5m",
    longest_hold="10m",
    guards=(
        # with tasks waiting it is the workers that are missing: AsynqQueueStalled and AsynqQueueStarved
        unless(PENDING.above(0), "tasks are waiting"),
        IS_PAUSED,
    ),
    summary="A busy queue gets no more tasks",
    description="Queue {queue} has processed {value} over the last 15 minutes, less than a tenth of what is always "
    "there at this hour (threshold {threshold}), and no task is waiting: nobody seems to enqueue any.",
    dashboard="asynq-queue",
    probe=probes.TRAFFIC_STOPPED,
    runbook=runbooks.TRAFFIC_STOPPED,
)

ALERTS = (QUEUE_SURGE, TRAFFIC_STOPPED)
RECORDS = ()
