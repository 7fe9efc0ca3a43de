"""A task's hash is deleted by hand; its id stays, and the exporter shows no queue any more."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def dangle(lab: Lab) -> None:
    """The hash of a scheduled task goes, its place in the schedule stays."""
    lab.producer.set(delay_seconds={"email:send": 3600.0})
    lab.producer.burst("default", "email:send", 1)
    lab.producer.set(delay_seconds={"email:send": 0.0})
    task = lab.redis.cli("ZRANGE", "asynq:{default}:scheduled", "-1", "-1").split()[0]
    lab.redis.cli("DEL", f"asynq:{{default}}:t:{task}")


SCENARIO = Scenario(
    title="the exporter is blind: one dangling task id",
    act=dangle,
    lasts="15m",
    short=True,
    may=("AsynqExporterDown",),
    must=(
        Expected(alert="AsynqQueueMetricsMissing", severity=Severity.CRITICAL, threat=Threat.MONITORING, within="5m"),
    ),
)
