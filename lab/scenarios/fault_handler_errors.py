"""Handlers of one task type fail three times in ten."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="3 of 10 attempts of one task type fail",
    act=all_workers(error_rate={"order:pay": 0.3}),
    mend=all_workers(error_rate=0.0),
    lasts="20m",
    recovers="25m",
    may=("AsynqTasksArchived",),
    short=True,
    must=(
        Expected(
            alert="AsynqTaskFailureRatioHigh",
            severity=Severity.CRITICAL,
            threat=Threat.TASK_ERRORS,
            within="13m",
            labels={"queue": "critical"},
        ),
        Expected(
            alert="AsynqTaskTypeFailing",
            severity=Severity.CRITICAL,
            threat=Threat.TASK_ERRORS,
            within="13m",
            labels={"task_type": "order:pay"},
        ),
    ),
)
