"""Redis accepts connections and answers nothing."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import WITHOUT_REDIS, Expected, Scenario

SCENARIO = Scenario(
    title="Redis hangs",
    act=lambda lab: lab.redis.freeze(),
    lasts="20m",
    may=(*WITHOUT_REDIS, "AsynqWorkerDown"),
    must=(Expected(alert="AsynqRedisDown", severity=Severity.CRITICAL, threat=Threat.DEPENDENCY, within="6m"),),
)
