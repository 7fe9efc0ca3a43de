"""A handler slows down until its tasks hold every slot."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="one task type takes 5 s instead of 20 ms and holds every slot",
    act=all_workers(duration_ms={"email:send": 5000.0}),
    lasts="30m",
    may=(
        "AsynqQueueBacklogNotDraining",
        "AsynqQueueStarved",
        "AsynqQueueStalled",
        "AsynqPeriodicTaskMissing",
        "AsynqQueueSurge",
    ),
    must=(
        Expected(
            alert="AsynqQueueWaitHigh",
            severity=Severity.CRITICAL,
            threat=Threat.BOTTLENECK,
            within="20m",
            labels={"queue": "default"},
        ),
        Expected(alert="AsynqWorkersSaturated", severity=Severity.WARNING, threat=Threat.BOTTLENECK, within="25m"),
    ),
)
