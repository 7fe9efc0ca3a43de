"""With strict priority, a busy queue leaves nothing to those below it."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers, traffic
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="strict priority starves the lower queues",
    shape=Shape(strict=True, concurrency=2),
    prepare=all_workers(duration_ms={"order:pay": 200.0}),
    act=traffic({"critical": {"order:pay": 22.0}}),
    lasts="20m",
    may=(
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqWorkersSaturated",
        "AsynqQueueStalled",
        "AsynqPeriodicTaskMissing",
        "AsynqQueueSurge",
    ),
    must=(
        Expected(
            alert="AsynqQueueStarved",
            severity=Severity.CRITICAL,
            threat=Threat.BOTTLENECK,
            within="15m",
            labels={"queue": "low"},
        ),
    ),
)
