"""Nothing happens."""

from __future__ import annotations

from lab.scenario import Kind, Scenario

SCENARIO = Scenario(
    title="steady traffic",
    kind=Kind.HEALTHY,
    lasts="4h",
)
