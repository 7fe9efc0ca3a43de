"""Handlers of one task type fail every other time."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers, steady
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def many_tasks(lab: Lab) -> None:
    """Enough of them that the ratio is no chance, with asynq's own number of retries, so that none is given up."""
    steady(3.0)(lab)
    lab.producer.set(max_retry=25)


SCENARIO = Scenario(
    title="half of the attempts of one task type fail",
    prepare=many_tasks,
    act=all_workers(error_rate={"order:pay": 0.5}),
    mend=all_workers(error_rate=0.0),
    lasts="25m",
    recovers="25m",
    short=True,
    # the one about the task type mutes that of its whole queue
    must=(
        Expected(
            alert="AsynqTaskTypeFailing",
            severity=Severity.CRITICAL,
            threat=Threat.TASK_ERRORS,
            within="20m",
            labels={"task_type": "order:pay"},
        ),
        Expected(
            alert="AsynqTaskFailureRatioHigh",
            severity=Severity.CRITICAL,
            threat=Threat.TASK_ERRORS,
            within="20m",
            labels={"queue": "critical"},
        ),
    ),
)
