"""Every worker is killed."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import WITHOUT_WORKERS, Expected, Scenario
from lab.stack import Lab


def kill_all(lab: Lab) -> None:
    """No worker says goodbye."""
    for worker in lab.workers:
        worker.kill()


def start_all(lab: Lab) -> None:
    """All of them come back."""
    for worker in lab.workers:
        worker.start()


SCENARIO = Scenario(
    title="all workers are killed",
    act=kill_all,
    mend=start_all,
    lasts="15m",
    recovers="30m",
    short=True,
    may=WITHOUT_WORKERS,
    must=(Expected(alert="AsynqWorkersDown", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="4m"),),
)
