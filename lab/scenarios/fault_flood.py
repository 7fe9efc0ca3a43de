"""A producer floods a queue with three times what its workers can do."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers, traffic
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="a producer floods one queue",
    shape=Shape(concurrency=5),
    prepare=all_workers(duration_ms={"email:send": 100.0}),
    warm_up="45m",
    act=traffic({"default": {"email:send": 260.0}}),
    lasts="20m",
    may=("AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining", "AsynqWorkersSaturated", "AsynqPeriodicTaskMissing"),
    must=(
        Expected(
            alert="AsynqQueueSurge",
            severity=Severity.CRITICAL,
            threat=Threat.SURGE,
            within="14m",
            labels={"queue": "default"},
        ),
    ),
)
