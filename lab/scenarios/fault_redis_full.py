"""Redis has a memory limit and refuses what would go beyond it."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.acts import fill_redis
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="Redis is out of memory",
    shape=Shape(redis_config={"maxmemory": "20mb", "maxmemory-policy": "noeviction"}),
    act=fill_redis,
    # two things to know, each for several queues: Redis is full, and tasks are lost
    most=4,
    lasts="20m",
    may=("AsynqSchedulerEnqueueErrors", "AsynqPeriodicTaskMissing", "AsynqQueueStalled", "AsynqQueueWaitHigh"),
    must=(
        Expected(alert="AsynqRedisMemoryHigh", severity=Severity.CRITICAL, threat=Threat.EXHAUSTION, within="8m"),
        Expected(alert="AsynqEnqueueErrors", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="13m"),
    ),
)
