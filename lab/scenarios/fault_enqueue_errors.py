"""Redis takes no new tasks from the producer, while workers go on."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="the producer cannot enqueue",
    act=lambda lab: lab.redis.cli("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction"),
    lasts="20m",
    may=("AsynqRedisMemoryHigh", "AsynqSchedulerEnqueueErrors", "AsynqPeriodicTaskMissing", "AsynqQueueStalled"),
    must=(Expected(alert="AsynqEnqueueErrors", severity=Severity.CRITICAL, threat=Threat.AVAILABILITY, within="13m"),),
)
