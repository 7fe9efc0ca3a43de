"""Learnt thresholds: what is refused, what is recorded, and what Prometheus makes of batch windows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from attrs import evolve

from asynq_mon_codegen import (
    Above,
    Alerts,
    Band,
    BatchWindow,
    Below,
    DeclarationError,
    Monitoring,
    Queue,
    asynq,
    promql,
)
from asynq_mon_codegen.catalogue_table import level_text
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.plan.bands import BANDS_GROUP, band_interval

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
WAIT = evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning=Band(3, floor="30s", ceiling="15m")))


def _plan(*queues: Queue, wait: object = WAIT, factor: int = 1, identity: tuple[str, ...] = ()) -> Plan:
    monitoring = Monitoring(alerts=Alerts((wait,)), queues=queues, identity=identity)  # type: ignore[arg-type]
    return resolve(monitoring, time_factor=factor)


def _records(plan: Plan) -> dict[str, str]:
    return {r.name.partition(":")[2]: r.expr for r in plan.records if r.group == BANDS_GROUP}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Band(0), id="nothing times usual"),
        pytest.param(lambda: Band(2, floor=10, ceiling=5), id="a ceiling below the floor"),
        pytest.param(lambda: Band(2, past=("1h",)), id="a past within the window"),
        pytest.param(lambda: Band(2, past=()), id="no past at all"),
        pytest.param(lambda: Above(warning=Band(0.5)), id="above half of what is usual"),
        pytest.param(lambda: Below(warning=Band(2)), id="below twice what is usual"),
        pytest.param(lambda: Above(warning=Band(3), critical=Band(2)), id="critical before warning"),
        pytest.param(lambda: Above(warning=Band(2), critical=Band(3, memory="2d")), id="levels that learn differently"),
        pytest.param(lambda: BatchWindow("1:00", "2:00"), id="a time without its zero"),
        pytest.param(lambda: BatchWindow("01:00", "24:00"), id="a time that no clock shows"),
        pytest.param(lambda: BatchWindow("01:00", "01:00"), id="an empty window"),
        pytest.param(lambda: BatchWindow("01:00", "02:00", weekdays="caturday"), id="an unknown weekday"),
    ],
)
def test_refused(make) -> None:  # type: ignore[no-untyped-def]
    """What cannot be meant is an error where it is written."""
    with pytest.raises(DeclarationError):
        make()


@pytest.mark.parametrize(
    ("usual", "rising", "level"),
    [
        pytest.param(None, True, 100, id="without history the ceiling judges"),
        pytest.param(None, False, 10, id="of a lower limit the floor judges"),
        pytest.param(1, True, 10, id="not below the floor"),
        pytest.param(20, True, 40, id="times what is usual"),
        pytest.param(90, True, 100, id="not above the ceiling"),
        pytest.param(0.5, False, 10, id="below the gate only the outer limit judges"),
    ],
)
def test_level(usual: float | None, rising: bool, level: float) -> None:
    """The level lies between the limits wherever it is known."""
    assert Band(2, floor=10, ceiling=100, gate=1).level_at(usual, rising) == level


def test_number_of_rules_does_not_depend_on_queues() -> None:
    """A hundred queues are watched by the rules that watch none."""
    many = _plan(*(Queue(f"q{i}") for i in range(100)))
    assert len(many.records) == len(_plan().records)
    assert list(_records(many)) == [
        "asynq_queue_latency_seconds:max_high",
        "asynq_queue_latency_seconds:max_high_season",
        "asynq_queue_latency_seconds:max_high_trend",
        "asynq_queue_latency_seconds:max_high_usual",
        "asynq_queue_latency_seconds:max_high_learnt",
    ]


def test_hand_written_signal_needs_labels() -> None:
    """Nobody can learn a band of a series whose labels are unknown."""
    signal = evolve(WAIT.signal, expr=promql("max by (queue) (asynq_queue_latency_seconds)"))
    with pytest.raises(DeclarationError, match="labels"):
        _plan(wait=evolve(WAIT, signal=signal))


def test_two_ways_to_learn_one_signal() -> None:
    """Two bands over one signal would record two series under one name."""
    other = Queue("slow", thresholds={WAIT: Above(warning=Band(3, memory="2d"))})
    with pytest.raises(DeclarationError, match="learns in another way"):
        _plan(other)


def test_queues_may_mix_bands_and_constants() -> None:
    """A constant for one queue, another multiple for a second, the band for the rest: one rule."""
    plan = _plan(Queue("a", thresholds={WAIT: Above(warning=5)}), Queue("b", thresholds={WAIT: Above(warning=Band(9))}))
    (rule,) = plan.alerts
    assert '{queue="a"} > 5' in rule.expr
    assert 'max_high_usual{queue="b"} * 9' in rule.expr
    assert 'max_high_usual{queue!~"a|b"} * 3, 30)' in rule.expr
    assert level_text(rule) == "above 3× what is usually the highest at this hour, at least 30s, at most 15m"


def test_time_factor_reaches_every_length() -> None:
    """In the lab a day is 72 minutes; times of day and multiples stay."""
    real, fast = _records(_plan()), _records(_plan(factor=20))
    assert list(real) == list(fast)
    assert "[2h]" in real["asynq_queue_latency_seconds:max_high"]
    assert "[6m]" in fast["asynq_queue_latency_seconds:max_high"]
    assert "trend[1h12m:3m]" in fast["asynq_queue_latency_seconds:max_high_usual"]
    assert "offset 1h9m" in fast["asynq_queue_latency_seconds:max_high_season"]
    assert "* 3, 1.5)" in _plan(factor=20).alerts[0].expr


@pytest.mark.parametrize(
    ("evaluation", "interval"),
    [
        pytest.param("15s", "1m", id="four evaluations"),
        pytest.param("1m", "2m", id="but two minutes at most"),
        pytest.param("3m", "3m", id="and never more often than the rest"),
    ],
)
def test_interval(evaluation: str, interval: str) -> None:
    """Bands move by the hour, but an instant query looks back five minutes only."""
    from asynq_mon_codegen.duration import duration

    assert band_interval(duration(evaluation)) == duration(interval)
    assert band_interval(duration(evaluation)) < Duration(300_000)


@pytest.mark.outputs
def test_batch_windows(tmp_path: Path) -> None:
    """In a window, over midnight and on its weekdays only, nothing is usual and nothing is learnt."""
    plan = _plan(
        Queue("reports", batch=BatchWindow("01:00", "03:00")),
        Queue("imports", batch=BatchWindow("23:00", "00:30", weekdays=("thursday", "friday"))),
        Queue("mails"),
        identity=("cluster",),
    )
    for artifact in rules.generate(plan):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    # promtool's clock begins on Thursday, 1970-01-01, at midnight
    inside = {
        "15m": ["imports"],
        "45m": [],
        "1h": ["reports"],
        "2h45m": ["reports"],
        "3h": [],
        "23h": ["imports"],
        "23h45m": ["imports"],
        "24h15m": ["imports"],
        "47h30m": ["imports"],
        "48h15m": [],
        "49h30m": ["reports"],
    }
    labels = '{{cluster="c", queue="{}"}}'
    active = "cluster_queue:asynq_batch_window:active"
    usual = "cluster_queue:asynq_queue_latency_seconds:max_high_usual"
    learnt = "cluster_queue:asynq_queue_latency_seconds:max_high_learnt"
    checks = [
        {
            "expr": active,
            "eval_time": at,
            "exp_samples": [{"labels": active + labels.format(q), "value": 1} for q in queues],
        }
        for at, queues in inside.items()
    ]
    checks += [
        {
            "expr": f"count by (queue) ({name})",
            "eval_time": at,
            "exp_samples": [{"labels": f'{{queue="{q}"}}', "value": 1} for q in queues],
        }
        for name, at, queues in (
            (usual, "50h", ["imports", "mails"]),
            (usual, "52h30m", ["imports", "mails", "reports"]),
            (learnt, "52h", ["imports", "mails"]),
            (learnt, "54h", ["imports", "mails", "reports"]),
        )
    ]
    series = [
        {"series": f'{metric}{{cluster="c", queue="{q}"}}', "values": "5+0x400"}
        for q in ("reports", "imports", "mails")
        for metric in ("cluster_queue:asynq_queue_latency_seconds:max", "cluster_queue:asynq_queue_size:max")
    ]
    test = {
        "rule_files": [str(tmp_path / "rules" / "bands.yaml")],
        "evaluation_interval": "15m",
        "tests": [{"interval": "15m", "input_series": series, "promql_expr_test": checks}],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run([PROMTOOL, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_text_asks_for_the_level_of_this_queue() -> None:
    """The annotation looks the level up when the alert fires, with every label escaped by the template."""
    (rule,) = _plan(identity=("cluster",)).alerts
    text = dict(rule.annotations)["description"].template()
    assert '_usual{cluster=%q, queue=%q} * 3, 30), 900)" $labels.cluster $labels.queue | query }}' in text
    assert "{{ . | first | value | humanizeDuration }}{{ else }}15m{{ end }}" in text


def test_every_band_is_tested() -> None:
    """The test of what weeks teach covers the records of every alert with a band."""
    plan = resolve(Monitoring(alerts=asynq.ALERTS.replace(WAIT)))
    (test,) = [a for a in rule_tests.generate(plan) if a.path == "rules/tests/bands.yaml"]
    banded = {
        rule.name for rule in plan.alerts if rule.severity is not Severity.NONE and any(c.usual for c in rule.classes)
    }
    assert banded == {"AsynqQueueWaitHigh", "AsynqQueueSurge", "AsynqTrafficStopped"}
    name = yaml.safe_load(test.text)["tests"][0]["name"]
    assert set(name.partition(":")[0].split(", ")) == banded
