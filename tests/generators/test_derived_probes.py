"""Tests of a team's own alerts, which bring no probe: promtool accepts them, and broken rules fail them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import (
    Above,
    Alert,
    Below,
    Gauge,
    Monitoring,
    Present,
    Queue,
    Runbook,
    Severity,
    Signal,
    TaskType,
    Threat,
    Unit,
    asynq,
    floor,
    only,
    promql,
    unless,
)
from asynq_mon_codegen.catalog.metrics.systems import NODE_FS_AVAILABLE, NODE_FS_SIZE
from asynq_mon_codegen.checks.registry import run
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.model import Condition, Guard
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.plan.probes import probe_of
from asynq_mon_codegen.promql import Expr, time

OUTCOMES = asynq.TASK_OUTCOMES
LAG = Gauge(name="orders_lag", label_set="topic")
TASK = ("queue", "task_type")
PER_SECOND = Unit.TASKS_PER_SECOND


def alert(
    name: str, expr: Expr, when: Condition, unit: Unit = Unit.COUNT, guards: tuple[Guard, ...] = (), text: str = ""
) -> Alert:
    """An alert as a team writes it, in a rule file of its own."""
    return Alert(
        name=name,
        group=name.lower(),
        threat=Threat.TASK_ERRORS,
        signal=Signal(title=name, expr=expr, unit=unit),
        when=when,
        hold="5m",
        guards=guards,
        summary="Bad",
        description=f"{text} It is {{value}}.",
        runbook=Runbook(meaning="It is bad.", actions=("Mend it.",)),
    )


RAW = {
    "rate": f'sum by (queue, task_type) (rate({OUTCOMES.name}{{outcome="archived"}}[5m]))',
    "ratio": f"sum by (queue) (rate({OUTCOMES.name}[5m])) "
    "/ on (queue) sum by (queue) (rate(asynq_client_enqueues_total[5m]))",
    "total": 'sum(rate(asynq_client_enqueues_total{result!="ok"}[5m]))',
}
IS_PAUSED = unless(asynq.PAUSED.equals(1), "the queue is paused")
ALERTS = (
    alert("MaxOfGauge", asynq.TASKS_ENQUEUED.where(state="retry").max(by="queue"), Above(warning=500, critical=5000)),
    alert("MinOfGauge", asynq.QUEUE_SIZE.min(by="queue"), Below(warning=500, critical=50)),
    alert("SumOfGauge", asynq.TASK_IN_PROGRESS.sum(by=TASK), Above(warning=10)),
    alert("AvgOfGauge", asynq.SERVER_BUSY.avg(by="server"), Above(critical=10)),
    alert("OfRecord", asynq.RETRY, Above(warning=10), text="Queue {queue}."),
    alert("MaxOfRecord", asynq.RETRY.max(), Above(warning=10)),
    alert(
        "RateOfCounter",
        OUTCOMES.where(outcome="archived").rate("5m").sum(by=TASK),
        Above(warning=0.5, critical=3),
        PER_SECOND,
    ),
    alert("IncreaseOfCounter", asynq.TASKS_FAILED.increase("10m").max(by="queue"), Above(warning=20)),
    alert("LowRate", asynq.TASKS_PROCESSED.rate("5m").max(by="queue"), Below(warning=2, critical=0.5), PER_SECOND),
    alert("RatioOfRecords", asynq.FAILED / asynq.PROCESSED, Above(warning="5%", critical="25%"), Unit.RATIO),
    alert(
        "PartOfWhole",
        OUTCOMES.where(outcome="archived").rate("5m").sum(by="queue") / OUTCOMES.rate("5m").sum(by="queue"),
        Above(warning="5%", critical="95%"),
        Unit.RATIO,
    ),
    alert("Difference", asynq.PROCESSED - asynq.FAILED, Below(warning=1), PER_SECOND),
    alert("RawRate", promql(RAW["rate"], labels=TASK), Above(warning=1), PER_SECOND, text="{queue} {task_type}"),
    alert("RawRatio", promql(RAW["ratio"], labels="queue"), Above(warning="10%"), Unit.RATIO),
    alert("RawTotal", promql(RAW["total"], labels=()), Above(warning=1), PER_SECOND),
    alert("OwnMetric", LAG.max(by="topic"), Above(warning=1000), text="Topic {topic}."),
    alert("OwnMetricPerTarget", LAG, Above(warning=1000), text="{instance} {topic} {job}"),
    alert("MeanOverTime", asynq.QUEUE_SIZE.avg_over("10m").max(by="queue"), Above(warning=1000)),
    alert("Quantile", asynq.TASK_DURATION.quantile(0.95, "5m", by=TASK), Above(warning=5, critical=30), Unit.SECONDS),
    alert("FastQuantile", asynq.TASK_DURATION.quantile(0.5, "5m", by=TASK), Below(warning=5, critical=1), Unit.SECONDS),
    alert("Age", time() - asynq.TASK_LAST_SUCCESS.max(by="task_type"), Above(warning="1h"), Unit.SECONDS),
    alert("FreeSpace", NODE_FS_AVAILABLE / NODE_FS_SIZE, Below(warning="10%", critical="3%"), Unit.RATIO),
    alert("Scaled", asynq.QUEUE_MEMORY.max(by="queue") / 1024, Above(warning=64)),
    alert("SumOfRecord", asynq.PENDING.sum(), Above(warning=64)),
    alert("NegativeLevel", LAG.max(by="topic"), Above(warning=-5)),
    alert("Exists", asynq.RETRY.above(50), Present(Severity.WARNING)),
    alert(
        "Guarded",
        asynq.FAILED / asynq.PROCESSED,
        Above(warning="5%"),
        Unit.RATIO,
        (floor(asynq.RETRY, 100, "at least {minimum} retries"), only(asynq.PENDING.above(5), "tasks wait"), IS_PAUSED),
    ),
)
QUEUES = (Queue("a b", thresholds={"MaxOfGauge": Above(warning=7), "RateOfCounter": None}),)
TYPES = (TaskType("x:y", thresholds={"RateOfCounter": Above(warning=9)}),)
PLAIN = Monitoring(alerts=ALERTS, metrics=LAG)


def files_of(monitoring: Monitoring) -> dict[str, str]:
    """Rules and rule tests by path."""
    plan = resolve(monitoring)
    return {a.path: a.text for a in (*rules.generate(plan), *rule_tests.generate(plan))}


def write(files: dict[str, str], root: Path) -> Path:
    """The files in a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def promtool(*tests: Path) -> subprocess.CompletedProcess[str]:
    """The outcome of these test files."""
    return subprocess.run(["promtool", "test", "rules", *map(str, tests)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "monitoring",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(evolve(PLAIN, identity=("cluster", "namespace"), team="core"), id="with identity labels"),
        pytest.param(evolve(PLAIN, queues=QUEUES, task_types=TYPES), id="with thresholds of their own"),
    ],
)
def test_promtool_agrees(monitoring: Monitoring, tmp_path: Path) -> None:
    """Every alert gets a test without a word from its author, and the tests hold."""
    assert run(resolve(monitoring)) == ()

    write(files_of(monitoring), tmp_path)
    files = sorted(f for f in (tmp_path / "rules" / "tests").glob("*.yaml") if f.stem != "recording")
    done = promtool(*files)

    assert done.returncode == 0, done.stderr
    assert len(files) == len(ALERTS)
    assert all("exp_labels" in f.read_text(encoding="utf-8") for f in files)


BREAKS = {
    "the comparison is turned round": (
        r" > (?=-?[\d.]+)| < (?=-?[\d.]+)",
        lambda m: " < " if ">" in m.group() else " > ",
    ),
    "the level is three times as high": (r"(?<=[<>] )[\d.]+", lambda m: repr(float(m.group()) * 3)),
    "another aggregation": (r"\b(?:max|min|sum|avg) by", lambda m: "sum by" if "sum" not in m.group() else "max by"),
    "the hold is dropped": (r"\n +for: .*", lambda _: ""),
    "and becomes unless": (r"(?m)(?<=^      )(?:and|unless)\b", lambda m: "unless" if m.group() == "and" else "and"),
}


@pytest.mark.parametrize("fault", [pytest.param(name, id=name) for name in BREAKS])
def test_broken_rules_fail(fault: str, tmp_path: Path) -> None:
    """The derived tests are worth something: they fail for rules that say something else."""
    pattern, change = BREAKS[fault]
    files = files_of(PLAIN)
    broken = {name: re.sub(pattern, change, text) for name, text in files.items() if name.count("/") == 1}
    changed = {
        one.name: f"rules/tests/{one.group}.yaml"
        for one in ALERTS
        if broken[f"rules/{one.group}.yaml"] != files[f"rules/{one.group}.yaml"]
        # workers that are alike have the same quantile together as each alone
        and not (fault == "another aggregation" and "Quantile" in one.name)
    }
    root = write({**files, **broken, "rules/recording.yaml": files["rules/recording.yaml"]}, tmp_path)

    done = promtool(*(root / test for test in changed.values()))
    outcomes = re.findall(r"^  (SUCCESS|FAILED)", done.stdout + done.stderr, re.MULTILINE)
    survivors = [name for name, outcome in zip(changed, outcomes, strict=True) if outcome == "SUCCESS"]

    assert changed
    assert survivors == []


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param(promql("predict_linear(asynq_queue_size[1h], 3600)"), id="a forecast"),
        pytest.param(promql("max by (queue) (asynq_queue_sise)"), id="an unknown metric"),
        pytest.param(promql("max by (queue) ("), id="no PromQL"),
        pytest.param(promql("max by (queue) (rate(asynq_tasks_failed_total[20s]))"), id="a window of one scrape"),
        pytest.param(asynq.RETRY.count(by="queue"), id="a count"),
    ],
)
def test_says_when_it_cannot(expr: Expr) -> None:
    """Where the expression does not tell, there is no probe rather than a wrong one."""
    own = alert("Odd", expr, Above(warning=1))

    assert probe_of(resolve(Monitoring(alerts=[own])), own) is None


def test_no_probe_where_guard_and_signal_share_a_series() -> None:
    """One series cannot have two values at once."""
    own = alert("Odd", asynq.RETRY, Above(warning=1), guards=(floor(asynq.RETRY, 10, "at least {minimum}"),))

    assert probe_of(resolve(Monitoring(alerts=[own])), own) is None
