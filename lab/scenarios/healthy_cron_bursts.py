"""Every 15 minutes a cron job enqueues 300 tasks."""

from __future__ import annotations

from lab.acts import repeatedly
from lab.scenario import Kind, Scenario

SCENARIO = Scenario(
    title="cron bursts",
    kind=Kind.HEALTHY,
    lasts="4h",
    act=repeatedly(lambda lab: lab.producer.burst("low", "report:build", 300), every=900, times=16),
)
