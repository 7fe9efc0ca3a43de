"""The exporter is away; its series end, and everything that reads them goes silent."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="the exporter is killed",
    act=lambda lab: lab.exporters[0].kill(),
    mend=lambda lab: lab.exporters[0].start(),
    lasts="15m",
    may=("AsynqQueueMetricsMissing",),
    must=(Expected(alert="AsynqExporterDown", severity=Severity.CRITICAL, threat=Threat.MONITORING, within="8m"),),
)
