"""An ordinary hour and a half: a burst, a deploy, and a blip of everything."""

from __future__ import annotations

from lab.acts import restart_workers
from lab.scenario import Kind, Scenario
from lab.stack import Lab


def everyday(lab: Lab) -> None:
    """Each of them once, ten minutes apart."""
    lab.producer.burst("low", "report:build", 300)
    lab.sleep(600)
    restart_workers(lab, pause=60)
    lab.sleep(600)
    for part in (lab.redis, lab.exporters[0], lab.workers[0]):
        part.freeze()
        lab.sleep(30)
        part.thaw()
        lab.sleep(600)


SCENARIO = Scenario(title="a burst, a deploy and three blips", kind=Kind.HEALTHY, lasts="80m", act=everyday, short=True)
