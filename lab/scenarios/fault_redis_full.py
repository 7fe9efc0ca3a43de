"""Redis has a memory limit and refuses what would go beyond it."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Lab, Shape


def fill(lab: Lab) -> None:
    """Scheduled tasks with big payloads until nothing more is taken."""
    lab.producer.set(payload_bytes=20_000, delay_seconds={"email:send": 900.0})
    lab.producer.burst("default", "email:send", 1500)


SCENARIO = Scenario(
    title="Redis is out of memory",
    shape=Shape(redis_config={"maxmemory": "20mb", "maxmemory-policy": "noeviction"}),
    act=fill,
    # two things to know, each for several queues: Redis is full, and tasks are lost
    most=4,
    lasts="20m",
    may=("AsynqSchedulerEnqueueErrors", "AsynqPeriodicTaskMissing", "AsynqQueueStalled", "AsynqQueueWaitHigh"),
    must=(
        Expected(alert="AsynqRedisMemoryHigh", severity=Severity.CRITICAL, threat=Threat.EXHAUSTION, within="8m"),
        Expected(alert="AsynqEnqueueErrors", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="13m"),
    ),
)
