"""Traffic trebles for good, and the workers can do it."""

from __future__ import annotations

from lab.acts import steady
from lab.scenario import Kind, Scenario
from lab.stack import Lab


def step(lab: Lab) -> None:
    """An hour as ever, then three times as much."""
    lab.sleep(3600)
    steady(3.0)(lab)


SCENARIO = Scenario(
    title="a lasting load step",
    kind=Kind.HEALTHY,
    lasts="4h",
    act=step,
)
