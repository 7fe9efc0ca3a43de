"""The scheduler is gone: nothing fails, a periodic task just no longer comes."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="the scheduler is dead",
    act=lambda lab: lab.producer.stop_scheduler(),
    mend=lambda lab: lab.producer.start_scheduler(),
    lasts="25m",
    recovers="15m",
    must=(
        Expected(
            alert="AsynqPeriodicTaskMissing",
            severity=Severity.WARNING,
            threat=Threat.AVAILABILITY,
            within="20m",
            labels={"task_type": "report:tick"},
        ),
    ),
)
