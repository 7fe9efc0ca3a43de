"""Redis has a memory limit and evicts what it likes."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import fill_redis
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="Redis evicts keys",
    shape=Shape(redis_config={"maxmemory": "20mb", "maxmemory-policy": "allkeys-lru"}),
    act=fill_redis,
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
