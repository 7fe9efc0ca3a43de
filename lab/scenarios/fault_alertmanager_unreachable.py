"""Alertmanager is away: rules fire and nobody hears of them, but for the dead man's switch."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario

SCENARIO = Scenario(
    title="Alertmanager cannot be reached",
    act=lambda lab: lab.alertmanager.kill(),
    lasts="15m",
    page=False,
    must=(
        Expected(
            alert="AsynqAlertmanagerUnreachable", severity=Severity.CRITICAL, threat=Threat.MONITORING, within="8m"
        ),
    ),
)
