"""The mutation run itself: which broken rules there are, and that a test's failing is what counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from mutation.bench import Bench
from mutation.operators import mutants_of

RULE = {"alert": "Many", "expr": "max by (queue) (pending) > 3", "for": "2m", "labels": {"severity": "warning"}}
TEST = {
    "name": "Many: beyond its level",
    "interval": "1m",
    "input_series": [{"series": 'pending{queue="a"}', "values": "3 4 4 4 4 4"}],
    "alert_rule_test": [
        {"eval_time": "2m", "alertname": "Many", "exp_alerts": []},
        {"eval_time": "3m", "alertname": "Many", "exp_alerts": [{"exp_labels": {"queue": "a", "severity": "warning"}}]},
    ],
}


def outputs(folder: Path, **changes: Any) -> Path:
    """A folder of outputs with one rule and one test of it."""
    (folder / "rules" / "tests").mkdir(parents=True)
    rules = {"groups": [{"name": "asynq-waiting", "rules": [RULE]}]}
    tests = {"rule_files": ["../waiting.yaml"], "evaluation_interval": "1m", "tests": [{**TEST, **changes}]}
    (folder / "rules" / "waiting.yaml").write_text(json.dumps(rules), encoding="utf-8")
    (folder / "rules" / "tests" / "waiting.yaml").write_text(json.dumps(tests), encoding="utf-8")
    return folder


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """``python -m mutation`` with these arguments."""
    return subprocess.run([sys.executable, "-m", "mutation", *args], capture_output=True, check=False, text=True)


def test_no_two_mutants_make_the_same_rule_and_all_of_them_parse() -> None:
    twice = {**RULE, "for": "1s"}  # a third of a second would be a second again
    found = list(mutants_of([twice]))
    rules = [mutant.rule for mutant in found]
    assert twice not in rules
    assert all(rules.count(rule) == 1 for rule in rules)
    assert [m.change for m in found if m.operator == "for"] == ["for 1s -> 3s", "for 1s -> 0s"]
    unfit = {"record": "a", "expr": "b < bool 1 and c offset 1m"}
    assert all(m.rule is None or promql_parser.parse(m.rule["expr"]) for m in mutants_of([unfit]))


@pytest.mark.outputs
def test_a_mutant_is_noticed_by_a_failing_test_only(tmp_path: Path) -> None:
    bench = Bench(outputs(tmp_path / "out"))
    (tmp_path / "trial").mkdir()
    trial = bench.trial("waiting", 0, tmp_path / "trial")
    assert trial.failing() == []
    found = [(mutant, trial.noticed(mutant)) for mutant in bench.mutants("waiting")[0]]
    assert {"comparator", "number", "for", "severity", "rule dropped"} <= {
        m.operator for m, noticed in found if noticed
    }
    unseen = [mutant.operator for mutant, noticed in found if not noticed]
    assert unseen == ["aggregator", "aggregator"], "the queue has one series: max, min and sum are one"


@pytest.mark.outputs
def test_the_score_decides_about_the_exit_code(tmp_path: Path) -> None:
    out = str(outputs(tmp_path))
    good = run("--out", out, "--fail-under", "80", "--jobs", "1")
    assert good.returncode == 0, good.stderr
    assert "waiting" in good.stderr
    assert "mutation score: " in good.stdout
    assert run("--out", out, "--jobs", "1").returncode == 1


@pytest.mark.outputs
def test_a_test_that_fails_anyway_notices_nothing(tmp_path: Path) -> None:
    out = outputs(tmp_path, input_series=[{"series": 'pending{queue="a"}', "values": "0x5"}])
    broken = run("--out", str(out))
    assert broken.returncode != 0
    assert "its tests fail with the rule as it is" in broken.stderr
    assert "mutation score" not in broken.stdout


def test_an_unknown_group_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    unknown = run("--out", str(outputs(tmp_path)), "--group", "waitin")
    assert unknown.returncode == 2
    assert "no group 'waitin'; there are waiting" in unknown.stderr
