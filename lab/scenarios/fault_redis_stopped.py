"""Redis refuses connections."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import WITHOUT_REDIS, Expected, Scenario

SCENARIO = Scenario(
    title="Redis is stopped",
    act=lambda lab: lab.redis.kill(),
    mend=lambda lab: lab.redis.start(),
    lasts="15m",
    recovers="30m",
    short=True,
    may=WITHOUT_REDIS,
    must=(Expected(alert="AsynqRedisDown", severity=Severity.CRITICAL, threat=Threat.DEPENDENCY, within="4m"),),
)
