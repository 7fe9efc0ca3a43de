"""Thresholds learnt from each queue's own history, with fixed limits around them.

`Band(times)` stands wherever a level stands. Above is held against what is usually the highest at this hour,
below against what is usually the lowest; see docs/dynamic-thresholds.md for what is learnt, what it costs, and
when a constant is better.
"""

from asynq_mon_codegen import (
    Above,
    Alert,
    Band,
    BatchWindow,
    Below,
    Monitoring,
    Probe,
    Queue,
    QueueState,
    Runbook,
    Signal,
    Threat,
    Unit,
    World,
    asynq,
    evolve,
    unless,
)

# Wait: three times the longest wait of this hour, but never below 30 seconds, and 15 minutes are always too long.
wait = evolve(
    asynq.QUEUE_WAIT_HIGH,
    when=Above(warning=Band(3, floor="30s", ceiling="15m"), critical=Band(10, floor="5m", ceiling="1h")),
)

# Failure ratio: a queue whose partner is flaky fails more every day; half of all attempts is never normal.
failures = evolve(
    asynq.TASK_FAILURE_RATIO_HIGH,
    when=Above(warning=Band(3, floor="5%", ceiling="40%"), critical=Band(6, floor="25%", ceiling="75%")),
)

# Duration of handlers: needs instrumentation. A task type that usually takes a minute may take two.
duration = evolve(
    asynq.TASK_DURATION_HIGH,
    when=Above(warning=Band(2, floor="1s", ceiling="10m"), critical=Band(5, floor="10s", ceiling="30m")),
)


def _piles_up(world: World, name: str, value: float) -> dict[str, str]:
    """Value tasks are pending."""
    pending = QueueState(pending=value, latency=60, processed=1)
    return world.queue(name, healthy=QueueState(pending=2, latency=1, processed=1), broken=pending)


def _piles_up_while_paused(world: World, name: str, value: float) -> dict[str, str]:
    """The same of a queue that somebody has paused."""
    paused = QueueState(pending=value, latency=60, paused=True)
    return world.queue(name, healthy=QueueState(pending=2, latency=1, processed=1), broken=paused)


# Backlog: a length says nothing across queues, but much against the queue's own days.
backlog = Alert(
    name="BacklogUnusual",
    threat=Threat.BOTTLENECK,
    signal=Signal(title="Pending tasks", expr=asynq.PENDING, unit=Unit.TASKS),
    when=Above(warning=Band(4, floor=200, ceiling=50_000)),
    hold="10m",
    guards=unless(asynq.PAUSED.equals(1), "the queue is paused"),
    summary="More tasks are waiting than ever at this hour",
    description="Queue {queue} has {value} pending (threshold {threshold}, for {hold}).",
    dashboard="asynq-queue",
    runbook=Runbook(
        meaning="Pending tasks are a multiple of the most that is usual at this hour.",
        actions="Look at arrivals and throughput on the dashboard: which of them has changed?",
    ),
    probe=Probe(drive=_piles_up, quiet={"the queue is paused": _piles_up_while_paused}),
)


def _slows_down(world: World, name: str, value: float) -> dict[str, str]:
    """Value attempts per second are left, of twelve."""
    return world.queue(
        name,
        healthy=QueueState(processed=12),
        broken=QueueState(pending=100, latency=30, processed=value),
    )


# Throughput: one direction, down. Four a second are too few in any case; a tenth a second is too little to judge.
throughput = Alert(
    name="ThroughputUnusual",
    threat=Threat.BOTTLENECK,
    signal=Signal(title="Processed", expr=asynq.PROCESSED, unit=Unit.TASKS_PER_SECOND),
    when=Below(warning=Band(0.5, floor=4, gate=0.1)),
    hold="10m",
    summary="Less gets done than ever at this hour",
    description="Queue {queue} processes {value} (threshold {threshold}, for {hold}).",
    dashboard="asynq-queue",
    runbook=Runbook(
        meaning="The throughput is half of the least that is usual at this hour.",
        actions="Look whether tasks wait. If they do, workers are slow; if not, fewer come in.",
    ),
    probe=Probe(drive=_slows_down, settle="5m", exact=False),
)

monitoring = Monitoring(
    service="shop",
    instrumentation=True,
    queues=(
        Queue("orders"),
        # between one and three at night everything at once is normal: nothing is learnt, and no band judges
        Queue(
            "reports",
            batch=(BatchWindow("01:00", "03:00"), BatchWindow("22:30", "00:30", weekdays=("friday", "saturday"))),
        ),
        # a constant where it is known what is too much, whatever the other queues have learnt
        Queue("webhooks", thresholds={"AsynqQueueWaitHigh": Above(warning="10s", critical="30s")}),
        Queue("campaigns", thresholds={"AsynqTrafficStopped": None}),
    ),
    alerts=asynq.ALERTS.replace(wait, failures, duration).add(backlog, throughput),
)
