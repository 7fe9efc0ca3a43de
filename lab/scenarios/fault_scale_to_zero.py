"""Workers are stopped gracefully while long tasks run: the wait then reads 0 for ever."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import all_workers
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def stop_all(lab: Lab) -> None:
    """Everything in flight is put back into the queues."""
    for worker in lab.workers:
        worker.terminate()


SCENARIO = Scenario(
    title="scaled to zero with long tasks in flight",
    prepare=all_workers(duration_ms={"report:build": 20000.0}),
    act=stop_all,
    lasts="15m",
    may=(
        "AsynqWorkerDown",
        "AsynqQueueStalled",
        "AsynqQueueWaitHigh",
        "AsynqQueueBacklogNotDraining",
        "AsynqPeriodicTaskMissing",
    ),
    must=(Expected(alert="AsynqWorkersDown", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="5m"),),
)
