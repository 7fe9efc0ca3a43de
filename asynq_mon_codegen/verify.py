"""The outputs as a sceptic reads them: schemas of every format, and links that must lead somewhere."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.checks.dashboard_semantics import check_dashboard
from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.plan.links import runbook_path
from asynq_mon_codegen.promql import Histogram
from asynq_mon_codegen.schemas.alertmanager import ALERTMANAGER, ROUTE_TESTS
from asynq_mon_codegen.schemas.dashboard import validate_dashboard
from asynq_mon_codegen.schemas.rules import rule_file_schema, test_file_schema

__all__ = ["known_metrics", "verify"]

_MARKDOWN_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def verify(plan: Plan, artifacts: Sequence[Artifact]) -> tuple[Problem, ...]:
    """Every finding about files that were made from this plan."""
    return (*_formats(plan, artifacts), *_links(plan, artifacts))


def known_metrics(plan: Plan) -> frozenset[str]:
    """Every series that a query may name: the contract's, histogram parts, and recorded ones."""
    names = {m.name for m in plan.contract} | {r.name for r in plan.records}
    parts = {
        m.name + suffix for m in plan.contract if isinstance(m, Histogram) for suffix in ("_bucket", "_sum", "_count")
    }
    return frozenset(names | parts)


def _formats(plan: Plan, artifacts: Sequence[Artifact]) -> Iterator[Problem]:
    metrics = known_metrics(plan)
    for artifact in artifacts:
        path = artifact.path
        if path.endswith(".json"):
            dashboard = json.loads(artifact.text)
            for problem in (*validate_dashboard(dashboard), *check_dashboard(dashboard, metrics)):
                yield Problem(
                    check=problem.check,
                    message=problem.message,
                    where=f"{path} {problem.where}".strip(),
                    hint=problem.hint,
                )
        elif path.startswith("rules/tests/"):
            yield from _schema(test_file_schema(), _yaml(artifact), path)
        elif path.startswith("rules/"):
            yield from _schema(rule_file_schema(), _yaml(artifact), path)
        elif path == "alertmanager/alertmanager.yaml":
            yield from _schema(ALERTMANAGER, _yaml(artifact), path)
        elif path == "alertmanager/route-tests.yaml":
            yield from _schema(ROUTE_TESTS, _yaml(artifact), path)


def _schema(schema: dict[str, Any], data: Any, where: str) -> Iterator[Problem]:
    for error in sorted(Draft202012Validator(schema).iter_errors(data), key=lambda e: e.json_path):
        yield Problem(check="schema", where=where, message=f"{error.message} at {error.json_path}")


def _yaml(artifact: Artifact) -> Any:
    return yaml.load(artifact.text, Loader=yaml.CSafeLoader)


def _links(plan: Plan, artifacts: Sequence[Artifact]) -> Iterator[Problem]:
    paths = {a.path for a in artifacts}
    for artifact in artifacts:
        if artifact.path.endswith(".md"):
            for target in _MARKDOWN_LINK.findall(artifact.text):
                if "://" in target:
                    continue
                full = posixpath.normpath(posixpath.join(posixpath.dirname(artifact.path), target))
                if full not in paths:
                    yield Problem(check="links", where=artifact.path, message=f"the link to {target} leads nowhere")
    for rule in plan.alerts:
        where = f"alert {rule.name} ({rule.severity.value})"
        if runbook_path(rule.alert) not in paths:
            yield Problem(check="links", where=where, message=f"it has no runbook page {runbook_path(rule.alert)}")
        if f"dashboards_out/{rule.alert.dashboard}.json" not in paths:
            yield Problem(
                check="links", where=where, message=f"its dashboard {rule.alert.dashboard!r} is not generated"
            )
