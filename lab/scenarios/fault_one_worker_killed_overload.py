"""One of two workers is killed, and the other cannot do all the work."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="one of two workers is killed, heavy load",
    shape=Shape(concurrency=4),
    prepare=all_workers(duration_ms={"email:send": 700.0}),
    act=lambda lab: lab.workers[0].kill(),
    lasts="20m",
    # two things to know: a worker is away, and tasks wait, first as a warning, then as a page and its update
    most=4,
    may=(
        "AsynqQueueBacklogNotDraining",
        "AsynqWorkersSaturated",
        "AsynqQueueStarved",
        "AsynqPeriodicTaskMissing",
        "AsynqQueueSurge",
    ),
    must=(
        Expected(alert="AsynqWorkerDown", severity=Severity.WARNING, threat=Threat.AVAILABILITY, within="7m"),
        Expected(alert="AsynqQueueWaitHigh", severity=Severity.WARNING, threat=Threat.BOTTLENECK, within="20m"),
    ),
)
