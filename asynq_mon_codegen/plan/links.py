"""The links of an alert: runbook, dashboard, logs and traces."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from attrs import frozen

from asynq_mon_codegen.model import Alert, Monitoring
from asynq_mon_codegen.plan.texts import placeholders, url_expected, url_template

__all__ = ["Link", "links_of", "rule_path", "runbook_path", "test_path"]


@frozen(kw_only=True)
class Link:
    """A URL of an alert; names in braces are labels."""

    name: str
    base: str

    def template(self) -> str:
        """The URL as a Go template, as rules have it."""
        return url_template(self.base)

    def expected(self, series: Mapping[str, str]) -> str:
        """The URL for a series with these labels."""
        return url_expected(self.base, series)


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
    """The links that the declaration has bases for; those that need a label the alert lacks are left out."""
    links, bases = [], monitoring.links
    if bases.runbooks:
        links.append(Link(name="runbook_url", base=f"{bases.runbooks}/{alert.name}.md"))
    if bases.grafana:
        variables = [v for v in (*monitoring.identity, *DASHBOARD_VARIABLES) if v in names or v in monitoring.identity]
        query = "&".join(f"var-{v}={{{v}}}" for v in variables)
        path = f"{bases.grafana}/d/{quote(alert.dashboard)}"
        links.append(Link(name="dashboard_url", base=f"{path}?{query}" if query else path))
    for name, base in (("logs_url", bases.logs), ("traces_url", bases.traces)):
        if base and all(p in names or p in monitoring.identity for p in placeholders(base)):
            links.append(Link(name=name, base=base))
    return tuple(links)


DASHBOARD_VARIABLES = ("queue", "task_type", "instance", "host")
"""Labels of an alert that dashboards have a variable for."""
