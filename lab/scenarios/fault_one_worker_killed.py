"""One of two workers is killed; the other can do all the work."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="one of two workers is killed, light load",
    act=lambda lab: lab.workers[0].kill(),
    lasts="20m",
    must=(Expected(alert="AsynqWorkerDown", severity=Severity.WARNING, threat=Threat.AVAILABILITY, within="7m"),),
)
