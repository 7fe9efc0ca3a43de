"""A worker burns all the CPU that it may use."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="a worker burns its CPU",
    shape=Shape(host_cpu=True),
    act=lambda lab: lab.workers[0].set(burn_cores=2.0),
    lasts="30m",
    alone=True,
    may=("AsynqHostCPUHigh", "AsynqWorkerDown", "AsynqScrapeSlow"),
    must=(Expected(alert="AsynqWorkerCPUHigh", severity=Severity.WARNING, threat=Threat.EXHAUSTION, within="25m"),),
)
