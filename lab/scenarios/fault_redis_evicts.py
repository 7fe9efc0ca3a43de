"""Redis has a memory limit and evicts what it likes."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Lab, Shape


def fill(lab: Lab) -> None:
    """Scheduled tasks with big payloads, far beyond the limit."""
    lab.producer.set(payload_bytes=20_000, delay_seconds={"email:send": 900.0})
    lab.producer.burst("default", "email:send", 1500)


SCENARIO = Scenario(
    title="Redis evicts keys",
    shape=Shape(redis_config={"maxmemory": "20mb", "maxmemory-policy": "allkeys-lru"}),
    act=fill,
    lasts="15m",
    may=(
        "AsynqRedisMemoryHigh",
        "AsynqRedisEvictionPolicyUnsafe",
        "AsynqQueueMetricsMissing",
        "AsynqQueueMissing",
        "AsynqScheduledOverdue",
        "AsynqTaskFailureRatioHigh",
        "AsynqQueueStalled",
    ),
    must=(Expected(alert="AsynqRedisEvictingKeys", severity=Severity.CRITICAL, threat=Threat.DATA_LOSS, within="6m"),),
)
