"""What a panel asks its data source: PromQL and LogQL queries, and thresholds drawn from an expression."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Literal, TypeAlias

import grafanalib.core as vendor
from attrs import evolve, frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana.jsondata import JsonObject, only, plain, present

__all__ = [
    "LOKI",
    "PROMETHEUS",
    "SEVERITY_COLORS",
    "TEMPO",
    "Format",
    "LogQuery",
    "Query",
    "Target",
    "ThresholdLine",
    "as_table",
    "log_query",
    "query",
    "ref_ids",
    "targets_json",
    "threshold_line",
]

PROMETHEUS: JsonObject = {"type": "prometheus", "uid": "${prometheus_datasource}"}
LOKI: JsonObject = {"type": "loki", "uid": "${loki_datasource}"}
TEMPO: JsonObject = {"type": "tempo", "uid": "${tempo_datasource}"}

SEVERITY_COLORS = {"critical": "red", "warning": "orange", "info": "blue"}
"""Colour of a severity's threshold line; a severity of the user's own gets purple."""

Format: TypeAlias = Literal["time_series", "table", "heatmap"]


@frozen(kw_only=True)
class Query:
    """One PromQL query. ``interval`` is its smallest step as a duration, empty for the panel's."""

    expr: str
    legend: str = ""
    instant: bool = False
    exemplar: bool = False
    format: Format = "time_series"
    interval: str = ""


@frozen(kw_only=True)
class LogQuery:
    """One LogQL query for Loki; ``max_lines`` None for the data source's limit."""

    expr: str
    max_lines: int | None = None


@frozen(kw_only=True)
class ThresholdLine:
    """A threshold that an expression computes, drawn as a dashed line over the panel's series."""

    query: Query
    color: str


Target: TypeAlias = Query | LogQuery | ThresholdLine


def query(
    expr: str,
    legend: str = "",
    *,
    instant: bool = False,
    exemplar: bool = False,
    format: Format = "time_series",  # noqa: A002
    interval: str = "",
) -> Query:
    """A PromQL query; ``legend`` is Grafana's pattern (``{{queue}}``), empty for the automatic one."""
    return Query(expr=expr, legend=legend, instant=instant, exemplar=exemplar, format=format, interval=interval)


def log_query(expr: str, *, max_lines: int | None = None) -> LogQuery:
    """A LogQL query for a logs panel."""
    return LogQuery(expr=expr, max_lines=max_lines)


def threshold_line(expr: str, legend: str, severity: str, *, color: str = "") -> ThresholdLine:
    """The threshold of one severity as a line: dashed, without fill, left out of the tooltip."""
    return ThresholdLine(query=query(expr, legend), color=color or SEVERITY_COLORS.get(severity, "purple"))


def as_table(target: Query) -> Query:
    """``target`` read once, at the end of the range, as the rows of a table."""
    return evolve(target, format="table", instant=True, exemplar=False)


def ref_ids(count: int) -> str:
    """The refIds of ``count`` targets by position, A to Z; DeclarationError for none or more than 26."""
    if not 1 <= count <= len(ascii_uppercase):
        raise DeclarationError(f"a panel has 1 to {len(ascii_uppercase)} targets, not {count}")
    return ascii_uppercase[:count]


def targets_json(targets: Sequence[Target]) -> list[JsonObject]:
    """The targets as Grafana reads them, refIds by position."""
    return [_target_json(target, ref) for target, ref in zip(targets, ref_ids(len(targets)), strict=True)]


def _target_json(target: Target, ref_id: str) -> JsonObject:
    """One target as Grafana reads it."""
    match target:
        case ThresholdLine():
            return _target_json(target.query, ref_id)
        case LogQuery():
            base = _vendor_target(expr=target.expr, refId=ref_id, datasource=LOKI)
            return base | {"editorMode": "code", "queryType": "range"} | present(maxLines=target.max_lines)
        case Query():
            base = _vendor_target(expr=target.expr, refId=ref_id, datasource=PROMETHEUS)
            return (
                base
                | {
                    "editorMode": "code",
                    "exemplar": target.exemplar and not target.instant,
                    "format": target.format,
                    "instant": target.instant,
                    "legendFormat": target.legend or "__auto",
                    "range": not target.instant,
                }
                | present(interval=target.interval)
            )


def _vendor_target(**settings: object) -> JsonObject:
    """grafanalib's target without its Graphite leftovers and its ``intervalFactor`` that halves the resolution."""
    return only(("datasource", "expr", "refId"), plain(vendor.Target(**settings)))
