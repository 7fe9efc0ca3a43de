"""What all handlers depend on is away."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="a dependency is down: every attempt fails",
    act=all_workers(error_rate=1.0),
    lasts="20m",
    may=(
        "AsynqTaskFailureRatioHigh",
        "AsynqTaskTypeFailing",
        "AsynqRetryBacklogHigh",
        "AsynqTasksArchived",
        "AsynqPeriodicTaskMissing",
    ),
    must=(
        Expected(
            alert="AsynqDependencyOutage",
            severity=Severity.CRITICAL,
            threat=Threat.DEPENDENCY,
            within="8m",
            labels={"queue": "default"},
        ),
        Expected(
            alert="AsynqDependencyOutage",
            severity=Severity.CRITICAL,
            threat=Threat.DEPENDENCY,
            within="8m",
            labels={"queue": "critical"},
        ),
    ),
)
