"""Alertmanager is away: rules fire and nobody hears of them, but for the dead man's switch."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Lab


def kill_both(lab: Lab) -> None:
    """Neither of the two that Prometheus tells is left."""
    lab.alertmanager.kill()
    lab.uninhibited.kill()


SCENARIO = Scenario(
    title="Alertmanager cannot be reached",
    act=kill_both,
    lasts="15m",
    page=False,
    must=(
        Expected(
            alert="AsynqAlertmanagerUnreachable", severity=Severity.CRITICAL, threat=Threat.MONITORING, within="8m"
        ),
    ),
)
