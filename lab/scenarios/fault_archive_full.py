"""The archive fills up to its cap, beyond which asynq drops the oldest."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def fill(lab: Lab) -> None:
    """Ten thousand tasks that are archived at once."""
    for worker in lab.workers:
        worker.set(skip_retry_rate={"email:send": 1.0}, duration_ms={"email:send": 0.0})
    lab.producer.burst("default", "email:send", 10_200)


SCENARIO = Scenario(
    title="the archive reaches its cap",
    act=fill,
    lasts="20m",
    # ten thousand tasks at once wait as well; what fails, what is archived and what will be lost are of two threats
    most=4,
    may=(
        "AsynqTasksArchived",
        "AsynqTaskFailureRatioHigh",
        "AsynqTaskTypeFailing",
        "AsynqDependencyOutage",
        "AsynqQueueSurge",
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqWorkersSaturated",
    ),
    must=(
        Expected(
            alert="AsynqArchiveNearlyFull",
            severity=Severity.CRITICAL,
            threat=Threat.DATA_LOSS,
            within="12m",
            labels={"queue": "default"},
        ),
    ),
)
