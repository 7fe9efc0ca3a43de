"""Declarations for the tests of what is generated for Alertmanager."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import evolve

from asynq_mon_codegen.catalog.metrics.asynq import EXPORTER_UP, QUEUE_LATENCY
from asynq_mon_codegen.catalog.metrics.systems import REDIS_UP
from asynq_mon_codegen.catalog.waiting import QUEUE_WAIT_HIGH
from asynq_mon_codegen.generators.alertmanager import CONFIG, ROUTE_TESTS, generate
from asynq_mon_codegen.model import Above, Alert, Below, Monitoring, Present, Severity, Signal, Threat, Unit
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.promql import Expr

AMTOOL = os.environ.get("AMTOOL", "amtool")

Amtool = Callable[..., subprocess.CompletedProcess[str]]


def _alert(name: str, expr: Expr, threat: Threat, **changes: Any) -> Alert:
    return evolve(
        QUEUE_WAIT_HIGH,
        name=name,
        signal=Signal(title=name, expr=expr, unit=Unit.SECONDS),
        description="Something is {value}.",
        threat=threat,
        guards=(),
        **changes,
    )


ALERTS = (
    _alert(
        "AsynqWait", QUEUE_LATENCY.max(by="queue"), Threat.BOTTLENECK, when=Above(info=10, warning=60, critical=300)
    ),
    _alert(
        "AsynqPaused", QUEUE_LATENCY.max(by="queue"), Threat.AVAILABILITY, when=Above(warning=1), inhibits="AsynqWait"
    ),
    _alert("AsynqRedis", REDIS_UP, Threat.DEPENDENCY, when=Below(critical=1), inhibits=("AsynqExporter", "AsynqWait")),
    _alert("AsynqExporter", EXPORTER_UP, Threat.MONITORING, when=Below(warning=1)),
    _alert(
        "AsynqWatchdog",
        QUEUE_LATENCY.max(),
        Threat.MONITORING,
        when=Present(Severity.NONE),
    ),
)


@pytest.fixture
def declare() -> Callable[..., Monitoring]:
    """A declaration with one alert of each kind; keywords change it."""

    def make(**changes: Any) -> Monitoring:
        return Monitoring(**{"service": "orders", "alerts": ALERTS, **changes})

    return make


@pytest.fixture
def plan_of(declare: Callable[..., Monitoring]) -> Callable[..., Plan]:
    """The same declaration, resolved."""
    return lambda **changes: resolve(declare(**changes))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Plan], Path]:
    """Write what is generated from a plan; returns the folder."""

    def write(plan: Plan) -> Path:
        for artifact in generate(plan):
            path = tmp_path / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")
        return tmp_path

    return write


def config_of(plan: Plan) -> dict[str, Any]:
    """The generated configuration, read back."""
    texts = {a.path: a.text for a in generate(plan)}
    return dict(yaml.safe_load(texts[CONFIG]))


def table_of(plan: Plan) -> list[dict[str, Any]]:
    """The generated table of routes, read back."""
    texts = {a.path: a.text for a in generate(plan)}
    return list(yaml.safe_load(texts[ROUTE_TESTS]))


@pytest.fixture
def config() -> Callable[[Plan], dict[str, Any]]:
    """Reads the generated configuration of a plan back."""
    return config_of


@pytest.fixture
def table() -> Callable[[Plan], list[dict[str, Any]]]:
    """Reads the generated table of routes of a plan back."""
    return table_of


@pytest.fixture
def amtool() -> Amtool:
    """Runs the real amtool."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([AMTOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def routes_of(amtool: Amtool) -> Callable[[Path, dict[str, str]], str]:
    """The receivers that amtool finds for labels, joined by commas."""

    def run(folder: Path, labels: dict[str, str]) -> str:
        arguments = [f"{name}={_quoted(value)}" for name, value in labels.items()]
        done = amtool("config", "routes", "test", f"--config.file={folder / CONFIG}", *arguments)

        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
