"""Periodic tasks: the default declaration has none, so its generated tests cannot show these alerts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from asynq_mon_codegen.catalog import handlers
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.model import Above, Alerts, Monitoring, TaskType
from asynq_mon_codegen.plan import Plan, links, resolve

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
PERIODIC = Alerts((handlers.PERIODIC_TASK_MISSING,))


def plan_of(*task_types: TaskType, identity: tuple[str, ...] = ()) -> Plan:
    """A plan with nothing but the alert of periodic tasks."""
    return resolve(Monitoring(alerts=PERIODIC, task_types=task_types, identity=identity))


def write(plan: Plan, root: Path) -> None:
    """Rules and their generated tests as files."""
    for artifact in (*rules.generate(plan), *rule_tests.generate(plan)):
        path = root / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text)


def promtool(test: Path) -> subprocess.CompletedProcess[str]:
    """The real promtool's verdict on a test file."""
    return subprocess.run([PROMTOOL, "test", "rules", str(test)], capture_output=True, text=True, check=False)


def firing_after_a_deploy(root: Path, minute: str, firing: bool) -> subprocess.CompletedProcess[str]:
    """A task succeeded at minute 10; at minute 15 all workers that knew of it are replaced."""
    write(plan_of(TaskType("report:daily", every="10m")), root)
    labels = 'alertname="AsynqPeriodicTaskMissing", component="asynq", severity="warning", '
    labels += 'service="asynq", task_type="report:daily", threat="availability", alertstate="firing"'
    series = "asynq_task_last_success_timestamp_seconds{"
    series += 'job="asynq-worker", instance="old:9100", queue="orders", task_type="report:daily"}'
    test = {
        "rule_files": ["../recording.yaml", "../handlers.yaml"],
        "evaluation_interval": "30s",
        "group_eval_order": ["asynq-recording", "asynq-handlers"],
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": series, "values": "_x20 600x10 stale"}],
                "promql_expr_test": [
                    {
                        "expr": "ALERTS{alertstate='firing'}",
                        "eval_time": minute,
                        "exp_samples": [{"labels": f"ALERTS{{{labels}}}", "value": 1}] if firing else [],
                    }
                ],
            }
        ],
    }
    path = root / "rules" / "tests" / "deploy.yaml"
    path.write_text(yaml.safe_dump(test))
    return promtool(path)


@pytest.mark.parametrize(
    ("identity", "task_types"),
    [
        pytest.param((), (TaskType("report:daily", every="24h"),), id="one with its period"),
        pytest.param(
            ("cluster",),
            (
                TaskType('we"ird $1 \\ {{x}}|.*', every="10m"),
                TaskType("cache:warm", every="5m", thresholds={"AsynqPeriodicTaskMissing": Above(critical="2h")}),
            ),
            id="a hostile name, and one with a level of its own, in several clusters",
        ),
    ],
)
def test_a_periodic_task_that_does_not_succeed_is_reported(
    tmp_path: Path, identity: tuple[str, ...], task_types: tuple[TaskType, ...]
) -> None:
    """The generated tests of the alert pass with the real promtool, and there is one for each task type."""
    write(plan_of(*task_types, identity=identity), tmp_path)
    test = tmp_path / links.test_path(handlers.GROUP)

    done = promtool(test)

    assert test.read_text().count("has its own threshold") == len(task_types)
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_a_period_there_is_no_rule() -> None:
    """A condition that only a declaration gives a level has none by default."""
    assert plan_of().alerts == ()
    assert plan_of(TaskType("email:deliver")).alerts == ()


def test_the_level_is_two_periods() -> None:
    """One missed run may be a deploy, two are not."""
    (rule,) = plan_of(TaskType("report:hourly", every="1h")).alerts

    assert rule.severity.value == "warning"
    assert "> 7200" in rule.expr


@pytest.mark.parametrize(
    ("minute", "firing"),
    [
        pytest.param("34m", False, id="not before two periods and the hold time have passed"),
        pytest.param("37m", True, id="though no worker of then is left"),
    ],
)
def test_a_deploy_does_not_make_the_last_success_forgotten(tmp_path: Path, minute: str, firing: bool) -> None:
    """Workers keep the time in memory only; the recorded series remembers it for them."""
    done = firing_after_a_deploy(tmp_path, minute, firing)

    assert done.returncode == 0, done.stdout + done.stderr
