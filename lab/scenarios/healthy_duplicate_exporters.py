"""Three exporters of one Redis tell the same truth."""

from __future__ import annotations

from lab.scenario import Kind, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="three exporters of one Redis",
    kind=Kind.HEALTHY,
    lasts="4h",
    shape=Shape(exporters=3),
)
