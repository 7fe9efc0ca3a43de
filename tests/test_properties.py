"""Every declaration that the constructors accept makes outputs that the real tools accept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from asynq_mon_codegen import Above, Alerts, Monitoring, Queue, Receiver, Route, Severity, asynq
from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.generators import alertmanager, rule_tests, rules, runbooks
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.verify import verify
from tests.strategies import HOSTILE, monitorings

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
AMTOOL = os.environ.get("AMTOOL", "amtool")
WAITING = Alerts(tuple(a for a in asynq.ALERTS if a.group == "waiting"))


def write(artifacts: tuple[Artifact, ...], root: Path) -> None:
    for artifact in artifacts:
        path = root / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")


def run(*command: str | Path) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} {command[1]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"


def made(plan: Plan) -> tuple[Artifact, ...]:
    return (*rules.generate(plan), *rule_tests.generate(plan), *alertmanager.generate(plan), *runbooks.generate(plan))


def accepted(plan: Plan, root: Path) -> None:
    artifacts = made(plan)
    write(artifacts, root)
    run(PROMTOOL, "check", "rules", *sorted((root / "rules").glob("*.yaml")))
    run(PROMTOOL, "test", "rules", *sorted((root / "rules" / "tests").glob("*.yaml")))
    run(AMTOOL, "check-config", root / "alertmanager" / "alertmanager.yaml")
    schema = [p for p in verify(plan, artifacts) if p.check == "schema"]
    assert schema == []


@given(monitorings(WAITING))
@settings(
    max_examples=12, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
def test_any_accepted_declaration_is_accepted_by_the_tools(
    tmp_path_factory: pytest.TempPathFactory, monitoring: Monitoring
) -> None:
    """promtool and amtool read, and promtool proves, whatever names a declaration holds."""
    plan = resolve(monitoring)

    problems = [p for p in registry.run(plan) if p.check.startswith(("promql", "contract"))]

    assert problems == []
    accepted(plan, tmp_path_factory.mktemp("made"))


@pytest.mark.outputs
def test_every_hostile_name_matches_exactly_its_queue(tmp_path: Path) -> None:
    """Each hostile queue has its own threshold, and promtool sees it used for that queue and no other."""
    queues = tuple(
        Queue(name, thresholds={"AsynqQueueWaitHigh": Above(warning=10 + i, critical=100 + i)}, team=name)
        for i, name in enumerate(HOSTILE)
    )
    chat = Receiver.slack("chat", channel="#x")
    monitoring = Monitoring(
        service=HOSTILE[0],
        team=HOSTILE[5],
        queues=queues,
        alerts=WAITING,
        receivers=dict.fromkeys(Severity, chat),
        routes=[Route(to=Receiver.pagerduty(f"r{i}"), queues=name) for i, name in enumerate(HOSTILE)],
    )

    accepted(resolve(monitoring), tmp_path)
