"""A worker leaks memory, hour by hour."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="a worker leaks memory",
    warm_up="10m",
    act=lambda lab: lab.workers[0].set(leak_bytes_per_second=2_000_000.0),
    lasts="3h",
    must=(
        Expected(alert="AsynqWorkerMemoryGrowing", severity=Severity.WARNING, threat=Threat.EXHAUSTION, within="3h"),
    ),
)
