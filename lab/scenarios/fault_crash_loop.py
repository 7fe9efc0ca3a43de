"""A worker crashes as soon as it has started."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import repeatedly
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def crash(lab: Lab) -> None:
    """The process ends, and its supervisor starts it again 10 seconds later."""
    lab.workers[0].kill()
    lab.sleep(10)
    lab.workers[0].start()


SCENARIO = Scenario(
    title="one worker crashes every minute",
    act=repeatedly(crash, every=60, times=20),
    lasts="21m",
    may=("AsynqTaskFailureRatioHigh", "AsynqWorkerDown"),
    must=(
        Expected(alert="AsynqWorkerRestarting", severity=Severity.WARNING, threat=Threat.AVAILABILITY, within="10m"),
    ),
)
