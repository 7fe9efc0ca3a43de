"""Tasks go to a queue that no worker serves."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import traffic
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="a queue that no worker serves",
    act=traffic({"orphan": {"order:pay": 1.0}}),
    lasts="20m",
    may=("AsynqQueueStarved", "AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining"),
    must=(
        Expected(
            alert="AsynqQueueStalled",
            severity=Severity.CRITICAL,
            threat=Threat.AVAILABILITY,
            within="12m",
            labels={"queue": "orphan"},
        ),
    ),
)
