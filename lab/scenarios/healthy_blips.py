"""Redis, the exporter and a worker are each away for 30 seconds, again and again."""

from __future__ import annotations

from lab.acts import repeatedly
from lab.scenario import Kind, Scenario
from lab.stack import Lab


def blip(lab: Lab) -> None:
    """Redis, then the exporter, then a worker, 20 minutes apart."""
    for part in (lab.redis, lab.exporters[0], lab.workers[0]):
        part.freeze()
        lab.sleep(30)
        part.thaw()
        lab.sleep(1100)


SCENARIO = Scenario(
    title="blips of 30 seconds",
    kind=Kind.HEALTHY,
    lasts="4h",
    act=repeatedly(blip, every=3600, times=4),
)
