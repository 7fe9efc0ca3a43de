"""Play one scenario in a lab of its own and judge it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from attrs import asdict

from asynq_mon_codegen.plan import REAL_TIME, resolve
from lab.letters import read
from lab.monitoring import monitoring
from lab.observed import Firing, firings, step_of
from lab.report import Moments, Report, judge
from lab.scenario import Scenario
from lab.settings import GENERATED
from lab.stack import Lab

__all__ = ["play", "save"]

_LAST_WORDS = 90.0
"""Production seconds after the end in which messages may still arrive."""
_EXPRESSION = 'ALERTS{alertstate="firing", component="asynq"}'


def play(name: str, story: Scenario, folder: Path, factor: int, say: Callable[[str], None]) -> Report:
    """Start a lab, let the story happen, stop the lab, and say what came of it.

    Raises:
        LabError: something of the lab did not start, or ended by itself.
    """
    real, fast = (resolve(monitoring, time_factor=f) for f in (REAL_TIME, factor))
    with Lab(folder, factor, story.shape) as lab:
        began = lab.now()
        story.prepare(lab)
        say(f"warm-up of {story.warm_up}")
        lab.sleep(story.warm_up.seconds - (lab.now() - began) * factor)
        broken = lab.now()
        say(f"the story begins, for {story.lasts}")
        story.act(lab)
        lab.sleep(story.lasts.seconds - (lab.now() - broken) * factor)
        found = _found(lab, began, factor)
        mended: float | None = None
        if story.mend:
            say(f"repaired, watched for {story.recovers}")
            mended = lab.now()
            story.mend(lab)
            lab.sleep(story.recovers.seconds)
            found = _found(lab, began, factor)
        ended = lab.now()
        lab.sleep(_LAST_WORDS)
        messages = lab.messages
    moments = Moments(began=began, broken=broken, mended=mended, ended=ended)
    report = judge(name, story, moments, found, messages, real, factor)
    return report.with_letters(*read(messages, fast, folder / GENERATED))


def _found(lab: Lab, began: float, factor: int) -> tuple[Firing, ...]:
    end = time.time()
    step = step_of(began, end, 10 / factor)
    return firings(lab.prometheus.query_range(_EXPRESSION, began, end, step), step)


def save(report: Report, path: Path) -> None:
    """Write a report where the process that started this one finds it."""
    path.write_text(json.dumps(asdict(report)), encoding="utf-8")
