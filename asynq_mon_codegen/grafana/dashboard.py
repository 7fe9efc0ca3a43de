"""A whole dashboard in Grafana's classic JSON model, schema version 42, and its annotations."""

from __future__ import annotations

import re
from collections.abc import Sequence

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana.jsondata import JsonObject, only, plain
from asynq_mon_codegen.grafana.layout import Row, laid_out
from asynq_mon_codegen.grafana.links import DashboardLink
from asynq_mon_codegen.grafana.targets import PROMETHEUS
from asynq_mon_codegen.grafana.variables import Variable

__all__ = ["SCHEMA_VERSION", "Annotation", "alerts_annotation", "dashboard"]

SCHEMA_VERSION = 42
"""Version of the classic model; with an older one Grafana migrates, and loses the shared crosshair."""

_UID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_DASHBOARD_KEYS = (
    "annotations",
    "description",
    "editable",
    "graphTooltip",
    "links",
    "refresh",
    "schemaVersion",
    "tags",
    "templating",
    "time",
    "timezone",
    "title",
    "uid",
)

_BUILT_IN_ANNOTATION: JsonObject = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}


@frozen(kw_only=True)
class Annotation:
    """Marks on every graph; ``body`` is its JSON."""

    name: str
    body: JsonObject


def alerts_annotation(
    expr: str,
    *,
    name: str = "Alerts",
    title: str = "{{alertname}}",
    text: str = "{{severity}} {{queue}}",
    tags: Sequence[str] = ("alertname", "severity", "queue"),
    color: str = "red",
    interval: str = "30s",
) -> Annotation:
    """A mark on every graph for as long as ``expr`` has series, such as ``ALERTS{alertstate="firing"}``.

    ``title`` and ``text`` may hold ``{{label}}``, ``tags`` are labels, ``interval`` is the step.
    """
    body: JsonObject = {
        "datasource": PROMETHEUS,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "name": name,
        "tagKeys": ",".join(tags),
        "target": {
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "expr": expr,
            "instant": False,
            "interval": interval,
            "range": True,
            "refId": "Anno",
        },
        "textFormat": text,
        "titleFormat": title,
        "useValueForTime": False,
    }
    return Annotation(name=name, body=body)


def dashboard(
    *,
    uid: str,
    title: str,
    description: str,
    tags: Sequence[str],
    variables: Sequence[Variable],
    rows: Sequence[Row],
    links: Sequence[DashboardLink] = (),
    annotations: Sequence[Annotation] = (),
    time_from: str = "now-6h",
    refresh: str = "30s",
) -> dict[str, object]:
    """The dashboard as plain data, ready to be written as JSON.

    ``uid`` is the address for good: up to 40 of a-z, 0-9 and ``-``. ``variables`` begin with the
    Prometheus data source. DeclarationError for a uid, a name or a key that cannot be.
    """
    if not _UID.fullmatch(uid):
        raise DeclarationError(f"a dashboard's uid is 1 to 40 of a-z, 0-9 and '-', not {uid!r}")
    names = [variable.name for variable in variables]
    if names[:1] != ["prometheus_datasource"]:
        raise DeclarationError(f"dashboard {uid!r}: the first variable must be prometheus_datasource, not {names[:1]}")
    if len(set(names)) != len(names):
        raise DeclarationError(f"dashboard {uid!r} has a variable twice: {names}")
    board = vendor.Dashboard(
        title=title,
        uid=uid,
        description=description,
        tags=sorted(set(tags)),
        editable=False,
        graphTooltip=vendor.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
        refresh=refresh,
        schemaVersion=SCHEMA_VERSION,
        time=vendor.Time(time_from, "now"),
        timezone="browser",
        links=list(links),
        templating=vendor.Templating(list=[variable.body for variable in variables]),
        annotations=vendor.Annotations(list=[_BUILT_IN_ANNOTATION, *(one.body for one in annotations)]),
    )
    return only(_DASHBOARD_KEYS, plain(board)) | {
        "fiscalYearStartMonth": 0,
        "panels": laid_out(rows),
        "timepicker": {"hidden": False, "refresh_intervals": ["10s", "30s", "1m", "5m", "15m", "30m", "1h"]},
    }
