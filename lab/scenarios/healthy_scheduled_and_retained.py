"""Tasks for later, and finished ones that are kept."""

from __future__ import annotations

from lab.scenario import Kind, Scenario
from lab.stack import Lab


def later(lab: Lab) -> None:
    """Half of the mails are for later; what is done is kept for an hour."""
    lab.producer.set(
        delay_seconds={"report:build": 60.0}, retention_seconds={"email:send": 180.0, "report:build": 180.0}
    )


SCENARIO = Scenario(
    title="scheduled and retained tasks",
    kind=Kind.HEALTHY,
    lasts="4h",
    act=later,
)
