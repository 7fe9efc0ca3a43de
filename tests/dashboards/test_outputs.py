"""Every dashboard of every kind of declaration is one that Grafana reads, over series that exist."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.catalog.dashboards.parts import AlertSeries, Overall
from asynq_mon_codegen.checks.dashboard_semantics import check_dashboard
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.promql import Expr, Metric, Series, Source
from asynq_mon_codegen.promql.expressions import Aggregate
from asynq_mon_codegen.schemas.dashboard import validate_dashboard
from tests.dashboards.conftest import boards_of, default_boards, known_metrics, plan_of

with warnings.catch_warnings():
    # Importing its classic model raises a DeprecationWarning in favour of the next one.
    warnings.simplefilter("ignore", DeprecationWarning)
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")

UIDS = (
    "asynq-overview",
    "asynq-queue",
    "asynq-tasks",
    "asynq-workers",
    "asynq-redis",
    "asynq-slo",
    "asynq-health",
)


def test_schema_and_semantics(plan: Plan) -> None:
    """No dashboard breaks the schema, reads an unknown series or names an undeclared variable."""
    known = known_metrics(plan)

    for board in boards_of(plan).values():
        assert validate_dashboard(board) == ()
        assert check_dashboard(board, known) == ()


def test_uids_are_fixed() -> None:
    """The seven addresses that alerts and bookmarks rely on."""
    assert tuple(default_boards()) == UIDS


def test_grafanas_types_lose_nothing() -> None:
    """Grafana's own published types read every key of every dashboard."""
    plugins.register_default_plugins()

    for board in boards_of(plan_of(identity=("cluster",))).values():
        read = json.loads(json.dumps(models.Dashboard.from_json(board), cls=encoder.JSONEncoder))
        assert list(_lost(board, read)) == []


def _lost(before: Any, after: Any, place: str = "$") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _lost(value, after.get(key), f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{place}[{index}]")
    elif before != after:
        yield place


def test_same_bytes() -> None:
    """Python's hash seed, which orders sets, leaves no trace in the files."""
    script = (
        "import hashlib; from tests.dashboards.conftest import *;"
        "texts = ''.join(a.text for a in dashboards.generate(plan_of(identity=('b', 'a'))));"
        "print(hashlib.sha256(texts.encode()).hexdigest())"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(sums) == 1


def test_collector_series_are_never_summed() -> None:
    """Exporters of one Redis report alike, so what adds up their series must keep the exporters apart."""
    lines = [line.expr for board in DASHBOARDS for panel in board.panels() for line in panel.lines]
    sums = [node for expr in lines if isinstance(expr, Expr) for node in expr.walk() if _adds_up_collector(node)]

    assert sums
    assert all({"instance", "job"} <= (node.labels or frozenset()) for node in sums)


def _adds_up_collector(node: Expr) -> bool:
    """Whether it is a sum, mean or count right over a metric of asynq's exporter, functions aside."""
    if not isinstance(node, Aggregate | Overall) or node.op in ("max", "min"):
        return False
    inner = node.children()[0]
    while not isinstance(inner, Series) and len(inner.children()) == 1 and not isinstance(inner, Aggregate | Overall):
        inner = inner.children()[0]
    return isinstance(inner, Metric) and not isinstance(inner, AlertSeries) and inner.source is Source.COLLECTOR


def test_keys_are_unique() -> None:
    """No two panels of a dashboard share a key, from which their ids come."""
    for board in DASHBOARDS:
        keys = [(row.key, panel.key) for row in board.rows for panel in row.panels]
        assert len(set(keys)) == len(keys)
