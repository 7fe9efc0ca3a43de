"""The history of the committed rules, judged by a real Prometheus."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import Monitoring, asynq
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.promql.reach import Span
from bench.history import Size
from bench.past import Past, Recorded, Rules, recorded, rules_in
from bench.tools import ROOT

PLAN = resolve(Monitoring(alerts=asynq.ALERTS))
RULES = rules_in(sorted((ROOT / "rules").glob("*.yaml")))
SIZE = Size(queues=1, exporters=1, workers=0, task_types=0)
LEARNT = "queue:asynq_tasks_arrived:rate5m_high"


def _with(read: Mapping[str, tuple[Span, ...]]) -> Rules:
    return evolve(RULES, read={**RULES.read, **read})


def test_all_rules_about_queues_record() -> None:
    """Learnt thresholds too, with the value that all of their past has."""
    values = {one.name: one.value for one in recorded(PLAN, RULES, SIZE)}
    assert {*RULES.of_queues()} <= {*values}
    assert values[f"{LEARNT}_usual"] == values[f"{LEARNT}_season"] == values[f"{LEARNT}_learnt"] == values[LEARNT] > 0
    assert not [name for name in values if "worker" in name or "redis" in name]


def test_missing_history_is_told() -> None:
    """With a learnt threshold's last two hours alone, the run ends and names the rule."""
    with pytest.raises(SystemExit, match=f"record nothing: {LEARNT}_usual"):
        recorded(PLAN, _with({LEARNT: (Span(oldest=7200, latest=0),)}), SIZE)


def test_series_of_each_queue() -> None:
    """Only what has a queue is made for each of them."""
    of_queue = Recorded("a", {"queue": "q0", "state": "retry"}, 1, 30)
    assert list(of_queue.of_queues(2)) == ['a{queue="q0",state="retry"}', 'a{queue="q1",state="retry"}']
    assert list(Recorded("b", {}, 1, 30).of_queues(2)) == ["b{}"]


def test_what_came_later(tmp_path: Path) -> None:
    """A second part adds the samples after the first alone: one a series and step, and none of the past moments."""
    end = 1_700_000_000
    known = (Recorded(f"{LEARNT}_learnt", {"queue": "q0"}, 1, 120), Recorded(LEARNT, {"queue": "q0"}, 1, 120))
    rules = evolve(RULES, read={name: RULES.read[name] for name in (f"{LEARNT}_learnt", LEARNT, "up")})
    past = Past(plan=PLAN, rules=rules, size=SIZE, recorded=known, first=end - rules.oldest)
    assert past.write(tmp_path, end) > 1000
    assert past.write(tmp_path, end + 240, since=end) == 240 // 15 + 240 // 120
