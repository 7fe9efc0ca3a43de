"""Somebody paused a queue and forgot it."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="a queue stays paused",
    act=lambda lab: lab.pause("critical"),
    mend=lambda lab: lab.unpause("critical"),
    lasts="40m",
    recovers="20m",
    must=(
        Expected(
            alert="AsynqQueuePaused",
            severity=Severity.WARNING,
            threat=Threat.AVAILABILITY,
            within="33m",
            labels={"queue": "critical"},
        ),
    ),
)
