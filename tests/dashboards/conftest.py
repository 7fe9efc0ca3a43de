"""Declarations whose dashboards the tests look at, and what a query may read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.generators import dashboards
from asynq_mon_codegen.model import Above, Links, Monitoring, Queue, TaskType
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.promql import Histogram

HOSTILE = 'a"$queue[[b]] ${host} {{x}}\\<b>\n|c'
WAIT = "AsynqQueueWaitHigh"


def plan_of(**declared: Any) -> Plan:
    """The plan of a declaration, with what its dashboards record."""
    monitoring = Monitoring(**{"alerts": ALERTS, **declared})
    return resolve(monitoring, dashboard_records(monitoring))


def boards_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """The dashboards of a plan by uid, as Grafana reads them."""
    found = [json.loads(artifact.text) for artifact in dashboards.generate(plan)]
    return {board["uid"]: board for board in found}


@cache
def default_boards() -> dict[str, dict[str, Any]]:
    """The dashboards of the default declaration; not to be changed."""
    return boards_of(plan_of())


def panels_of(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those of collapsed rows included, rows themselves left out."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def panel(board: dict[str, Any], title: str, kind: str = "") -> dict[str, Any]:
    """The first panel of this title."""
    return next(p for p in panels_of(board) if p["title"] == title and kind in ("", p["type"]))


def known_metrics(plan: Plan) -> frozenset[str]:
    """Every series name that a query may read: the contract's and the recorded ones."""
    names = {record.name for record in plan.records}
    for metric in plan.contract:
        suffixes = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    return frozenset(names)


DECLARATIONS: dict[str, dict[str, Any]] = {
    "the default": {},
    "two identity labels": {"identity": ("cluster", "namespace")},
    "an identity label that is no variable's name": {"identity": ("Region", "host")},
    "queues with thresholds of their own and hostile names": {
        "queues": (
            Queue(HOSTILE, thresholds={WAIT: Above(warning="10s", critical="20s")}),
            Queue("quiet", thresholds={WAIT: None}),
        ),
    },
    "no links at all": {"links": Links(runbooks=None, grafana=None)},
    "logs and traces with dollars in their addresses": {
        "links": Links(
            runbooks="http://wiki/$queue/[[x]]", logs="https://logs/?q={queue}&a=$b", traces="https://traces/{queue}"
        )
    },
    "no rules for Kubernetes": {"alerts": ALERTS.without(*(a.name for a in ALERTS if a.group == "kubernetes"))},
    "task types with thresholds of their own": {
        "instrumentation": True,
        "task_types": (
            TaskType("a$queue", thresholds={"AsynqTaskDurationHigh": Above(warning="10s")}),
            TaskType("nightly", every="1d", thresholds={"AsynqTaskStuck": None}),
        ),
        "queues": (Queue("bulk", thresholds={"AsynqTasksArchived": Above(warning=100), "AsynqTaskTypeFailing": None}),),
    },
    "no alerts at all": {"alerts": ALERTS.without(*ALERTS.names())},
}


@pytest.fixture(params=[pytest.param(v, id=k) for k, v in DECLARATIONS.items()])
def plan(request: pytest.FixtureRequest) -> Plan:
    """The plan of each declaration in turn."""
    return plan_of(**request.param)
