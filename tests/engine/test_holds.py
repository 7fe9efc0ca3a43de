"""Hold times are those of Prometheus' rule engine: promtool plays them."""

from __future__ import annotations

import random

import pytest

from asynq_mon_codegen.engine.conditions import Condition, Run
from asynq_mon_codegen.engine.holds import firings
from asynq_mon_codegen.engine.rules import Rule

pytestmark = pytest.mark.engine

FOREVER = 1e9
LABELS = (("severity", "warning"),)


def rule(hold: float = 0, keep: float = 0, interval: float = 30, labels: tuple[tuple[str, str], ...] = LABELS) -> Rule:
    return Rule(name="A", expr="x > 1", alerts=True, group="g", interval=interval, hold=hold, keep=keep, labels=labels)


def condition(*runs: tuple[int, int], queue: str = "q") -> Condition:
    return Condition((("queue", queue),), tuple(Run(a, b, 5.0, 4.0, 7.0) for a, b in runs))


def times(of: Rule, *conditions: Condition, until: float = 1e6) -> list[tuple[float, float]]:
    return [(f.start, f.until(FOREVER)) for f in firings(of, conditions, until)]


def test_without_hold_an_alert_fires_while_its_condition_is_there() -> None:
    assert times(rule(), condition((100, 103), (110, 110))) == [(3000, 3120), (3300, 3330)]


def test_a_condition_shorter_than_the_hold_does_not_fire() -> None:
    assert times(rule(hold=120), condition((100, 103))) == []
    assert times(rule(hold=120), condition((100, 104))) == [(3120, 3150)]


def test_keep_firing_for_bridges_a_gap() -> None:
    assert times(rule(keep=90), condition((100, 100), (103, 103))) == [(3000, 3210)]
    assert times(rule(keep=60), condition((100, 100), (104, 104))) == [(3000, 3090), (3120, 3210)]


def test_what_still_fires_at_the_end_has_no_end() -> None:
    assert times(rule(), condition((100, 109)), until=110 * 30) == [(3000, FOREVER)]


def test_long_quiet_and_long_loud_times_are_not_played_and_change_nothing() -> None:
    month = 86_400
    assert times(rule(hold=60), condition((100, 100 + month), (3 * month, 3 * month + 9)), until=1e8) == [
        (3060, (101 + month) * 30),
        ((3 * month + 2) * 30, (3 * month + 10) * 30),
    ]


def test_labels_are_those_of_the_alert_with_their_templates_filled_in() -> None:
    labels = (("severity", "critical"), ("team", '{{ if eq $labels.queue "a\\"b" }}mail{{ end }}'))
    (found,) = firings(rule(labels=labels), [condition((1, 3), queue='a"b')], 1e6)
    assert dict(found.labels) == {"alertname": "A", "queue": 'a"b', "severity": "critical", "team": "mail"}
    (other,) = firings(rule(labels=labels), [condition((1, 3), queue="x{y}, z\\")], 1e6)
    assert dict(other.labels) == {"alertname": "A", "queue": "x{y}, z\\", "severity": "critical"}


@pytest.mark.parametrize("seed", range(4))
def test_the_same_as_counting_by_hand(seed: int) -> None:
    random_ = random.Random(seed)
    of = rule(hold=30 * random_.randrange(4), keep=30 * random_.randrange(4))
    conditions = []
    for queue in "abc":
        present = sorted(random_.sample(range(50, 130), 40))
        runs = [(t, t) for t in present]
        conditions.append(condition(*_joined(runs), queue=queue))
    expected = sorted(
        (start, end)
        for c in conditions
        for start, end in _by_hand(of, {t for r in c.runs for t in range(r.first, r.last + 1)})
    )
    assert sorted(times(of, *conditions, until=200 * 30)) == expected


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in runs:
        if out and out[-1][1] + 1 == a:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out


def _by_hand(of: Rule, present: set[int]) -> list[tuple[float, float]]:
    """As `rules/alerting.go` of Prometheus says it: the time to keep firing begins with the first miss."""
    out, since, missed, began = [], None, None, None
    for t in range(200):
        if t in present:
            since, missed = t if since is None else since, None
            if began is None and (t - since) * 30 >= of.hold:
                began = t
            continue
        missed = t if missed is None else missed
        if began is not None and (t - missed) * 30 < of.keep:
            continue
        if began is not None:
            out.append((began * 30.0, t * 30.0))
        since = began = None
    return out
