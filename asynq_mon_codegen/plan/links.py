"""The links of an alert: runbook, dashboard, logs and traces."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from attrs import frozen

from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.model import Alert, Fleet, Monitoring
from asynq_mon_codegen.plan.fleet import once
from asynq_mon_codegen.plan.texts import placeholders, url_expected, url_template
from asynq_mon_codegen.plan.where import Choice, terms_of

__all__ = ["Link", "links_of", "rule_path", "runbook_path", "test_path"]


@frozen(kw_only=True)
class Link:
    """A URL of an alert; names in braces are labels."""

    name: str
    base: str
    choice: Choice | None = None

    def template(self) -> str:
        """The URL as a Go template, as rules have it."""
        return url_template(self.base) if self.choice is None else self.choice.template(url_template)

    def expected(self, series: Mapping[str, str]) -> str:
        """The URL for a series with these labels."""
        return url_expected(self.base if self.choice is None else self.choice.chosen(series), series)


def rule_path(group: str) -> str:
    """The rule file of a group, relative to the output folder."""
    return f"rules/{group}.yaml"


def test_path(group: str) -> str:
    """The test file of a group, relative to the output folder."""
    return f"rules/tests/{group}.yaml"


def runbook_path(alert: Alert) -> str:
    """The runbook's file, relative to the output folder."""
    return f"runbooks/{alert.name}.md"


def links_of(monitoring: Monitoring, alert: Alert, names: frozenset[str]) -> tuple[Link, ...]:
    """The links that the declaration has bases for; those that need a label the alert lacks are left out.

    In a fleet each service has its own bases.
    """
    out = []
    for field, name in _NAMES.items():
        choice = _bases(monitoring, field).with_texts(partial(_url, field, monitoring, alert, names))
        if choice.other or any(url for _, url in choice.cases):
            out.append(Link(name=name, base=choice.other, choice=choice if choice.cases else None))
    return tuple(out)


_NAMES = {"runbooks": "runbook_url", "grafana": "dashboard_url", "logs": "logs_url", "traces": "traces_url"}
"""The annotation of each of the declared bases."""


def _bases(monitoring: Monitoring, field: str) -> Choice:
    """The base of everything undeclared, and those of the services."""
    other = getattr(monitoring.links, field) or ""
    if not isinstance(monitoring, Fleet):
        return Choice(cases=(), other=other)
    own = ((one.where, getattr(one.links, field) or "") for one in monitoring.services)
    return once(monitoring, f"links {field}", lambda: Choice.of(((terms_of(w), base) for w, base in own), other))


def _url(field: str, monitoring: Monitoring, alert: Alert, names: frozenset[str], base: str) -> str:
    """What an alert's link is made of; empty without a base, or where the alert lacks a label that it needs."""
    if not base:
        return ""
    if field == "runbooks":
        return f"{base}/{alert.name}.md"
    if field == "grafana":
        known = _VARIABLES.get(alert.dashboard, _ANY)
        variables = (*monitoring.identity, *(v for v in known if v in names))
        query = "&".join(f"var-{v}={{{v}}}" for v in variables)
        path = f"{base}/d/{quote(alert.dashboard)}"
        return f"{path}?{query}" if query else path
    return base if all(p in names or p in monitoring.identity for p in placeholders(base)) else ""


_VARIABLES = {board.uid: tuple(v.name for v in board.variables) for board in DASHBOARDS}
_ANY = tuple(dict.fromkeys(name for names in _VARIABLES.values() for name in names))
"""For a dashboard of somebody else's: what ours have variables for."""
