"""A rolling deploy every 40 minutes."""

from __future__ import annotations

from lab.acts import repeatedly, restart_workers
from lab.scenario import Kind, Scenario

SCENARIO = Scenario(
    title="rolling deploys",
    kind=Kind.HEALTHY,
    lasts="4h",
    act=repeatedly(lambda lab: restart_workers(lab, pause=60), every=2400, times=6),
)
