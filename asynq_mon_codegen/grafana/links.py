"""Where a click leads: other dashboards, runbooks, and Explore with logs or traces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import quote

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.grafana.jsondata import JsonObject, plain
from asynq_mon_codegen.grafana.targets import LOKI, TEMPO

__all__ = [
    "DashboardLink",
    "DataLink",
    "dashboard_data_link",
    "dashboards_link",
    "data_link",
    "explore_link",
    "external_link",
]

_RAW = "${}:,_."
"""Characters that stay as they are in an Explore URL, so that Grafana still finds its ``${variables}``."""


@frozen(kw_only=True)
class DataLink:
    """A link of a value or a series; the URL may hold Grafana's ``${__field...}`` and ``${__value...}``."""

    title: str
    url: str
    new_tab: bool = False

    def to_json_data(self) -> JsonObject:
        """Grafana's form."""
        link: JsonObject = plain(vendor.DataLink(title=self.title, linkUrl=self.url, isNewTab=self.new_tab))
        return link


def data_link(title: str, url: str, new_tab: bool = False) -> DataLink:
    """A link to ``url``: a path of this Grafana (``/d/...``) or an https address."""
    return DataLink(title=title, url=url, new_tab=new_tab)


def dashboard_data_link(
    title: str, uid: str, *, variables: Mapping[str, str] | None = None, new_tab: bool = False
) -> DataLink:
    """A link to the dashboard ``uid`` over the same time range, with these values for its variables.

    The values are text or Grafana's variables, such as ``{"queue": "${__field.labels.queue}"}``;
    the Prometheus data source goes along.
    """
    chosen = {"prometheus_datasource": "${prometheus_datasource}", **(variables or {})}
    arguments = "".join(f"&var-{name}={value}" for name, value in chosen.items())
    return DataLink(title=title, url=f"/d/{uid}/{uid}?${{__url_time_range}}{arguments}", new_tab=new_tab)


def explore_link(title: str, *, kind: Literal["loki", "tempo"], query: str, new_tab: bool = True) -> DataLink:
    """A link to Explore over the same time range: ``query`` is LogQL for Loki, TraceQL for Tempo."""
    datasource, arguments = {
        "loki": (LOKI, {"queryType": "range", "expr": query}),
        "tempo": (TEMPO, {"queryType": "traceql", "query": query}),
    }[kind]
    pane = {
        "datasource": datasource["uid"],
        "queries": [{"refId": "A", "datasource": datasource, **arguments}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    panes = quote(json.dumps({"a": pane}, separators=(",", ":"), ensure_ascii=False), safe=_RAW)
    return DataLink(title=title, url=f"/explore?schemaVersion=1&panes={panes}&orgId=${{__org}}", new_tab=new_tab)


@frozen(kw_only=True)
class DashboardLink:
    """A link in the dashboard's head: a list of the dashboards with ``tags``, or one address."""

    title: str
    tags: tuple[str, ...] = ()
    url: str = ""
    tooltip: str = ""

    def to_json_data(self) -> JsonObject:
        """Grafana's form."""
        to_dashboards = not self.url
        link: JsonObject = plain(
            vendor.DashboardLink(
                title=self.title,
                type="dashboards" if to_dashboards else "link",
                tags=list(self.tags),
                uri=self.url,
                tooltip=self.tooltip,
                icon="external link",
                asDropdown=to_dashboards,
                includeVars=to_dashboards,
                keepTime=to_dashboards,
                targetBlank=not to_dashboards,
            )
        )
        return link


def dashboards_link(title: str, tags: Iterable[str]) -> DashboardLink:
    """A drop-down of the dashboards that have all of ``tags``; time range and variables go along."""
    return DashboardLink(title=title, tags=tuple(tags))


def external_link(title: str, url: str, *, tooltip: str = "") -> DashboardLink:
    """A link to an address outside Grafana, opened in a new tab."""
    return DashboardLink(title=title, url=url, tooltip=tooltip)
