"""Handlers wait for ever and do not look at their context."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="handlers hang and ignore their context",
    act=all_workers(hang={"order:pay": True}, ignore_ctx={"order:pay": True}),
    lasts="45m",
    # half an hour passes before a handler counts as stuck: the wait, the stall, its update for two more queues, and it
    most=4,
    may=(
        "AsynqQueueStalled",
        "AsynqQueueStarved",
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqWorkersSaturated",
        "AsynqPeriodicTaskMissing",
        "AsynqTaskFailureRatioHigh",
        "AsynqTaskTypeFailing",
        "AsynqDependencyOutage",
        "AsynqQueueSurge",
    ),
    must=(
        Expected(
            alert="AsynqTaskStuck",
            severity=Severity.WARNING,
            threat=Threat.AVAILABILITY,
            within="36m",
            labels={"task_type": "order:pay"},
        ),
    ),
)
