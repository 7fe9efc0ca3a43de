"""Redis loses its data; producers and workers go on, and no queue is ever registered again."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="Redis is flushed while tasks flow",
    act=lambda lab: lab.redis.cli("FLUSHALL"),
    lasts="15m",
    may=("AsynqQueueMissing",),
    must=(
        Expected(alert="AsynqQueueMetricsMissing", severity=Severity.CRITICAL, threat=Threat.MONITORING, within="5m"),
    ),
)
