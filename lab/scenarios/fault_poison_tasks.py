"""Some payloads cannot be read; their tasks go to the archive at once."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers, steady
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="2 of 100 tasks are poison and are archived",
    prepare=steady(3.0),
    act=all_workers(skip_retry_rate={"order:pay": 0.02}),
    lasts="15m",
    may=("AsynqTaskFailureRatioHigh", "AsynqTaskTypeFailing"),
    must=(
        Expected(
            alert="AsynqTasksArchived",
            severity=Severity.WARNING,
            threat=Threat.TASK_ERRORS,
            within="6m",
            labels={"queue": "critical"},
        ),
    ),
)
