"""What a panel's type makes of the answers to its queries: series, a heatmap, a table, a text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import frozen

from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.preview.fields import legend_of, settings_of
from asynq_mon_codegen.preview.frames import Cells, Frame, Grid, bucket_cells, frame_of, histogram_cells
from asynq_mon_codegen.preview.markdown import safe_html
from asynq_mon_codegen.preview.tables import UNDERSTOOD, table_of
from asynq_mon_codegen.preview.variables import Variable, filled_text

__all__ = ["Answer", "Answered", "content_of", "drawn_as"]

Answer = Sequence[Mapping[str, Any]]
"""The ``result`` list of Prometheus' HTTP API."""
Data = dict[str, Any]
_SERIES = frozenset({"timeseries", "stat", "gauge", "bargauge", "state-timeline"})
_TABLES = frozenset({"table", "barchart"})
_FIELD_LABEL = re.compile(r"\$\{__field\.labels\.(\w+)[^}]*\}")


@frozen(kw_only=True)
class Answered:
    """A target of a panel, its query as it was asked, on which moments, and the answer."""

    target: Mapping[str, Any]
    expr: str
    grid: Grid
    result: Answer


def drawn_as(panel: Mapping[str, Any]) -> Literal["series", "table", "heatmap", "logs", "text", "unknown"]:
    """How a panel is drawn; logs are what asks a data source other than Prometheus."""
    kind = panel["type"]
    if kind == "text":
        return "text"
    if kind == "logs" or _asks(panel) != "prometheus":
        return "logs"
    if kind == "heatmap":
        return "heatmap"
    return "series" if kind in _SERIES else "table" if kind in _TABLES else "unknown"


def _asks(panel: Mapping[str, Any]) -> str:
    """The kind of data source; one that is given by name only, or by none, is taken for a Prometheus."""
    for given in (panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", ()))):
        kind = given.get("type") if isinstance(given, dict) else None
        if kind and kind != "datasource":  # which is Grafana's word for several
            return str(kind)
    return "prometheus"


def content_of(
    panel: Mapping[str, Any], answers: Sequence[Answered], variables: Sequence[Variable]
) -> tuple[Data, int]:
    """What the page needs to draw the panel, and how many series there are.

    Raises:
        UsageError: the panel transforms its answers in a way that a preview does not know.
    """
    unknown = sorted({t["id"] for t in _transformations(panel)} - (UNDERSTOOD if drawn_as(panel) == "table" else set()))
    if unknown:
        raise UsageError(f"the transformation {unknown[0]} is not previewed")
    match drawn_as(panel):
        case "text":
            options = panel.get("options", {})
            return {"html": safe_html(filled_text(options.get("content", ""), variables), options.get("mode", ""))}, 0
        case "heatmap":
            return _heatmap(panel, answers)
        case "table":
            return _table(panel, answers)
        case _:
            return _series(panel, answers)


def _transformations(panel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in panel.get("transformations", ()) if not one.get("disabled")]


class _Styles:
    """The settings of all series, each kept once."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def index(self, settings: dict[str, Any]) -> int:
        """Where these settings are."""
        # an address is of no use outside Grafana, and a text from outside has no place in a link
        plain = {**settings, "links": True} if settings.get("links") else settings
        if plain not in self.kept:
            self.kept.append(plain)
        return self.kept.index(plain)


def _series(panel: Mapping[str, Any], answers: Sequence[Answered]) -> tuple[Data, int]:
    styles, series, counted = _Styles(), [], 0
    for answered in answers:
        for frame in _frames(answered):
            settings = settings_of(panel, name=frame.name, ref=frame.ref)
            helper = bool((settings.get("custom.hideFrom") or {}).get("tooltip"))
            counted += frame.known and not helper
            series.append(
                {
                    "name": _renamed(settings.get("displayName") or "", frame),
                    "style": styles.index(settings),
                    "grid": [answered.grid.start, answered.grid.step],
                    "values": [_number(value) for value in frame.values],
                    **({"helper": True} if helper else {}),
                }
            )
    base = styles.index(settings_of(panel, name=""))
    return {"options": panel.get("options", {}), "base": base, "styles": styles.kept, "series": series}, counted


def _frames(answered: Answered) -> list[Frame]:
    pattern, ref = answered.target.get("legendFormat", "__auto"), answered.target.get("refId", "")
    return [
        frame_of(one, answered.grid, name=legend_of(pattern, one.get("metric", {}), answered.expr), ref=ref)
        for one in answered.result
        if "value" in one or "values" in one
    ]


def _renamed(pattern: str, frame: Frame) -> str:
    return _FIELD_LABEL.sub(lambda m: frame.labels.get(m[1], ""), pattern) if pattern else frame.name


def _heatmap(panel: Mapping[str, Any], answers: Sequence[Answered]) -> tuple[Data, int]:
    drawn: Cells | None = None
    counted, grid, native = 0, None, False
    for answered in answers:
        native_cells = histogram_cells(answered.result, answered.grid)
        cells = native_cells or bucket_cells(_frames(answered), answered.grid)
        if cells is not None and drawn is None:
            drawn, grid, native = cells, answered.grid, native_cells is not None
        counted += len(answered.result)
    data: Data = {"options": panel.get("options", {}), "styles": [settings_of(panel, name="")]}
    if drawn is None or grid is None or not any(v is not None for row in drawn.rows for v in row):
        return data, 0
    data["cells"] = {
        "edges": [_number(edge) for edge in drawn.edges],
        "rows": [[_number(value) for value in row] for row in drawn.rows],
        "grid": [grid.start, grid.step],
        "native": native,
    }
    return data, counted


def _table(panel: Mapping[str, Any], answers: Sequence[Answered]) -> tuple[Data, int]:
    table = table_of({one.target.get("refId", ""): one.result for one in answers}, _transformations(panel))
    styles, columns = _Styles(), []
    for place, name in enumerate(table.columns):
        number = any(isinstance(row[place], float) for row in table.rows)
        settings = settings_of(panel, name=name, number=number)
        columns.append({"name": settings.get("displayName") or name, "number": number, "style": styles.index(settings)})
    rows = [[cell if isinstance(cell, str) else _number(cell) for cell in row] for row in table.rows]
    data = {"options": panel.get("options", {}), "styles": styles.kept, "columns": columns, "rows": rows}
    return data, sum(len(one.result) for one in answers)


def _number(value: float | None) -> float | str | None:
    """A number as JSON has it, with as many digits as anybody can see; infinity as a word."""
    if value is None:
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    short = float(f"{value:.7g}" if abs(value) < 1e7 else f"{value:.13g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
