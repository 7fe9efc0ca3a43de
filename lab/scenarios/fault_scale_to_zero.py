"""Workers are stopped gracefully while long tasks run: the wait then reads 0 for ever."""

from __future__ import annotations

import time

from asynq_mon_codegen import Severity, Threat
from lab.scenario import WITHOUT_WORKERS, Expected, Scenario
from lab.stack import Lab


def long_tasks(lab: Lab) -> None:
    """Two minutes each, and few of them, so that they hold a quarter of the slots."""
    lab.producer.rates({"low": {"report:build": 0.8}})
    for worker in lab.workers:
        worker.set(duration_ms={"report:build": 6_000.0})


def stop_all(lab: Lab) -> None:
    """Everything in flight is put back into the queues."""
    for worker in lab.workers:
        worker.ask_to_end()
    deadline = time.monotonic() + 15
    for worker in lab.workers:
        worker.end_by(deadline)


SCENARIO = Scenario(
    title="scaled to zero with long tasks in flight",
    prepare=long_tasks,
    act=stop_all,
    lasts="20m",
    may=WITHOUT_WORKERS,
    must=(Expected(alert="AsynqWorkersDown", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="8m"),),
)
