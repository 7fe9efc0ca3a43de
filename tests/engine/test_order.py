"""In which order recorded series are made, and how far back history must go."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.engine.history import queries
from asynq_mon_codegen.engine.order import levels, since
from asynq_mon_codegen.engine.rules import RuleSet, rules_of
from asynq_mon_codegen.errors import UsageError

RULES = """
groups:
- name: fast
  interval: 30s
  rules:
  - {record: "a:x", expr: "max by (queue) (x)"}
  - {record: "a:x:rate", expr: "rate(y[5m]) / a:x"}
  - {record: "unread", expr: "z"}
  - {alert: High, expr: "a:x:rate > on (queue) learnt:usual", for: 2m, keep_firing_for: 5m, labels: {severity: warning}}
- name: slow
  interval: 2m
  rules:
  - {record: "learnt:season", expr: "learnt:taught offset 23h or learnt:taught offset 47h"}
  - {record: "learnt:usual", expr: "learnt:season * 2 or max_over_time(a:x[2h])"}
  - {record: "learnt:taught", expr: "a:x unless a:x > learnt:usual"}
"""


def test_what_is_recorded_comes_after_what_it_reads_and_circles_in_pieces() -> None:
    found = levels(rules_of({"r.yaml": RULES}).needed())
    assert [[[r.name for r in step] for step in level.steps] for level in found] == [
        [["a:x"]],
        [["a:x:rate"]],
        [["learnt:season"], ["learnt:usual"], ["learnt:taught"]],
    ]
    assert [level.piece for level in found] == [None, None, 23 * 3600]


def test_history_goes_back_as_far_as_the_rules_look() -> None:
    first = since(rules_of({"r.yaml": RULES}), 0)
    lookback = 300
    assert first["y"] == -lookback - 300
    # what is learnt is read now, and reads up to 47 hours of its own past, once
    circle = -lookback - 47 * 3600 - lookback
    assert {first[name] for name in ("learnt:season", "learnt:usual", "learnt:taught")} == {circle}
    assert first["a:x"] == circle - 2 * 3600
    assert first["x"] == circle - 2 * 3600 - lookback
    assert "z" not in since(rules_of({"r.yaml": RULES}).needed(), 0)


def test_times_of_a_rule_file() -> None:
    rules = rules_of({"r.yaml": RULES})
    (alert,) = rules.alerts
    assert (alert.hold, alert.keep, alert.interval, rules.step) == (120, 300, 30, 30)
    assert rules.only(["Other"]).alerts == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups: [", "r.yaml: error: not YAML"),
        ("groups: 3", "r.yaml: error: not a rule file"),
        ("groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]", "r.yaml: error: not PromQL"),
        ("groups: [{name: g, interval: soon, rules: []}]", "r.yaml: error: "),
    ],
)
def test_a_broken_rule_file_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        rules_of({"r.yaml": text})
    assert caught.value.message.startswith(said)


def test_what_several_rule_sets_read_is_joined_by_selector() -> None:
    def reading(expr: str) -> RuleSet:
        return rules_of({"r.yaml": f"groups: [{{name: g, rules: [{{alert: A, expr: '{expr}'}}]}}]"})

    odd = 'up{job="this or that"}'
    found = queries(
        [reading(f"{odd} == 0"), reading('up{job="other"} == 0'), reading('asynq_queue_size{queue="q"} > 1')]
    )
    assert found == {"asynq_queue_size": "asynq_queue_size", "up": 'up{job="other"} or up{job="this or that"}'}
    assert queries([reading(f"{odd} == 0"), reading("up == 0")]) == {"up": "up"}


def test_an_alert_is_of_the_rule_with_the_most_fixed_labels() -> None:
    """Rules of single queues have the name and severity of that for all; templates and absent labels tell nothing."""
    rule = '{{alert: High, expr: "x", for: {0}, labels: {{severity: warning, service: "{{{{ $labels.ns }}}}"{1}}}}}'
    parts = [rule.format("2m", ""), rule.format("9m", ", queue: reports")]
    rules = rules_of({"r.yaml": "groups:\n- name: g\n  rules:\n" + "".join(f"  - {p}\n" for p in parts)})
    asked = {"alertname": "High", "severity": "warning", "service": "shop"}

    holds = [getattr(rules.rule_of({**asked, "queue": q}), "hold", None) for q in ("reports", "mail")]

    assert holds == [540, 120]
    assert rules.rule_of({**asked, "severity": "critical"}) is None
    assert rules.rule_of({"alertname": "Low"}) is None
