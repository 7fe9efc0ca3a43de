"""A backtest over the history of a real asynq system that was broken: what it finds is what really fired."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.backtest.summary import judged
from asynq_mon_codegen.engine.conditions import joined
from asynq_mon_codegen.engine.replay import Replay, open_history, replayed
from asynq_mon_codegen.engine.rules import RuleSet, rules_of
from asynq_mon_codegen.prometheus_api import Prometheus
from lab.settings import GENERATED
from lab.stack import Lab

pytestmark = [pytest.mark.lab, pytest.mark.slow]

FACTOR = 20
MINUTE = 60
LATE = 4
"""Evaluations by which a replay may differ: rules are not evaluated at multiples of their interval, as a replay is.

So what holds for just as long as it must may fire on one side only: each side is looked for in what the other would
have done with holds that are so much shorter.
"""
FLEETING = 6
"""Evaluations: what fired for less may be missed on either side."""


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


def test_a_backtest_finds_what_really_fired(tmp_path: Path) -> None:
    incidents: list[Incident] = []
    with Lab(tmp_path / "lab", factor=FACTOR) as lab:
        lab.sleep(8 * MINUTE)
        start = time.time()
        for worker in lab.workers:
            worker.set(error_rate=1.0)
        began = time.time()
        lab.sleep(12 * MINUTE)
        incidents.append(Incident(start=began, end=time.time(), queue="default", threat="dependency", name="all fail"))
        for worker in lab.workers:
            worker.set(error_rate=0.0)
        lab.sleep(12 * MINUTE)
        began = time.time()
        for worker in lab.workers:
            worker.kill()
        lab.sleep(12 * MINUTE)
        incidents.append(Incident(start=began, end=time.time(), threat="availability", name="no workers"))
        for worker in lab.workers:
            worker.start()
        lab.sleep(4 * MINUTE)
        files = {str(p): p.read_text() for p in sorted((lab.folder / GENERATED / "rules").glob("*.yaml"))}
        config = (lab.folder / GENERATED / "alertmanager" / "alertmanager.yaml").read_text()
        rules = rules_of(files)
        with Prometheus(lab.prometheus.url) as server:
            history = open_history(server, [rules], start, time.time(), tmp_path / "work", nothing)
            real = _really(server, rules, "firing", history.start, history.end)
            active = _really(server, rules, "pending|firing", history.start, history.end)
    replay = replayed(history, rules, nothing)
    found = judged(replay, Notifier.of("alertmanager.yaml", config), incidents)

    step = rules.step
    shorter = RuleSet(tuple(evolve(r, hold=max(0.0, r.hold - LATE * step)) for r in rules.rules))
    holds = {(r.name, dict(r.labels).get("severity", "")): r.hold for r in shorter.alerts}
    nearly = {
        key: [(a + holds[key[:2]], b) for a, b in spans if b - a >= holds[key[:2]]] for key, spans in active.items()
    }
    _all_found(real, _spans(replayed(history, shorter, nothing)), step, "fired, and not in the backtest")
    _all_found(_spans(replay), nearly, step, "is in the backtest, and did not fire")

    assert found.score is not None
    assert found.score.recall == 1, found.score.verdicts
    assert found.score.verdicts[0].alerts[0] == "AsynqDependencyOutage"
    assert "AsynqWorkersDown" in found.score.verdicts[1].alerts
    assert all(v.delay is not None and v.delay < 8 * MINUTE / FACTOR for v in found.score.verdicts)
    assert 1 <= found.by_receiver()["pagerduty"] <= 8


Spans = Mapping[tuple[str, str, str], list[tuple[float, float]]]
"""Alert, severity and queue, and from when to when."""


def _spans(replay: Replay) -> Spans:
    """What a replay says was firing."""
    out: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for f in replay.firings:
        key = (f.label("alertname"), f.label("severity"), f.label("queue"))
        out.setdefault(key, []).append((f.start, f.until(replay.end)))
    return out


def _really(server: Prometheus, rules: RuleSet, state: str, start: float, end: float) -> Spans:
    """What Prometheus itself noted as being in one of these states."""
    step = rules.step
    first = -(-start // step) * step
    noted = f'group by (alertname, severity, queue) (ALERTS{{alertstate=~"{state}"}})'
    out: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for condition in joined(server.pages(noted, start=first, end=end, step=step), step):
        labels = dict(condition.labels)
        key = (labels["alertname"], labels["severity"], labels.get("queue", ""))
        out[key] = [(run.first * step, (run.last + 1) * step) for run in condition.runs]
    return out


def _all_found(some: Spans, others: Spans, step: float, what: str) -> None:
    for key, spans in some.items():
        for a, b in spans:
            if b - a < FLEETING * step:
                continue
            near = [(c, d) for c, d in others.get(key, ()) if c < b + LATE * step and d > a - LATE * step]
            assert near, f"{' '.join(key)} {what}: for {b - a:g} s from {a:g} on; {others.get(key)}"
