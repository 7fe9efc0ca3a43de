"""A dashboard as one HTML page, and a line per panel that says whether it had data."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import draw
from database import Database
from fields import Field, Style, legend_of

__all__ = ["Drawn", "Page", "Seen"]

WIDTH = 1600
_ROW = 38
_SCRAPE = 30
_MARGIN = 8


@dataclass(frozen=True)
class Seen:
    """What a panel got: series of all its queries, or an error."""

    title: str
    series: int
    error: str = ""


@dataclass(frozen=True)
class Drawn:
    """The page, its height in pixels, and what each panel got."""

    html: str
    height: int
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Page:
    """Draws dashboards over one time range; ``chosen`` are the variables' values as regular expressions."""

    database: Database
    start: int
    end: int
    chosen: dict[str, str]
    open_rows: bool = False

    def draw(self, board: dict[str, Any]) -> Drawn:
        """The dashboard from top to bottom."""
        parts, seen, bottom = [_head(board, self.chosen)], [], 0.0
        for panel, shift in self._panels(board["panels"]):
            place = panel["gridPos"]
            x, y = place["x"] * WIDTH / 24 + _MARGIN / 2, (place["y"] + shift) * _ROW + 60
            w, h = place["w"] * WIDTH / 24 - _MARGIN, place["h"] * _ROW - _MARGIN
            bottom = max(bottom, y + h)
            if panel["type"] == "row":
                parts.append(_row(panel, x, y, self.open_rows))
                continue
            body, got = self._panel(panel, w, h)
            seen.append(got)
            parts.append(_tile(panel, body, x, y, w, h))
        height = int(bottom + 12)
        return Drawn(_document(board["title"], "".join(parts), height), height, tuple(seen))

    def _panels(self, panels: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
        """Every panel and how far it is pushed down by collapsed rows that are opened above it."""
        shift = 0
        for panel in panels:
            yield panel, shift
            if panel["type"] == "row" and panel["panels"] and self.open_rows:
                for inner in panel["panels"]:
                    yield inner, shift
                shift += max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panel["panels"]) - panel["gridPos"]["y"] - 1

    def _panel(self, panel: dict[str, Any], w: float, h: float) -> tuple[str, Seen]:
        inner_w, inner_h = w - 16, h - 36
        step = max(_SCRAPE, math.ceil((self.end - self.start) / inner_w / _SCRAPE) * _SCRAPE)
        try:
            answers = [self._ask(target, step) for target in panel["targets"]]
        except (RuntimeError, KeyError) as error:
            return draw.label(8, 24, str(error)[:200], fill="#F2495C"), Seen(panel["title"], 0, str(error))
        got = Seen(panel["title"], sum(map(len, answers)))
        if panel["type"] == "table":
            return draw.table(panel, answers, inner_w, inner_h), got
        fields = [
            self._field(panel, target, one)
            for target, answer in zip(panel["targets"], answers, strict=True)
            for one in answer
        ]
        span = (self.start, self.end)
        match panel["type"]:
            case "stat":
                return draw.stat(panel, fields, inner_w, inner_h), got
            case "heatmap":
                return draw.heatmap(panel, fields, inner_w, inner_h, span), got
            case "state-timeline":
                return draw.timeline(panel, fields, inner_w, inner_h, span), got
            case _:
                return draw.timeseries(panel, fields, inner_w, inner_h, span), got

    def _field(self, panel: dict[str, Any], target: dict[str, Any], one: dict[str, Any]) -> Field:
        name = legend_of(target["legendFormat"], one["metric"])
        points = [(int(t), float(v)) for t, v in one.get("values") or [one["value"]]]
        style = Style.of(panel, name=name, ref=target["refId"])
        return Field(name, style, points, one["metric"], target["refId"])

    def _ask(self, target: dict[str, Any], step: int) -> list[dict[str, Any]]:
        expr = self._filled(target["expr"], step)
        if target["instant"]:
            return self.database.query(expr, at=self.end)
        return self.database.query_range(expr, start=self.start, end=self.end, step=step)

    def _filled(self, expr: str, step: int) -> str:
        """The expression with Grafana's variables replaced, as Grafana would."""
        values = {
            **self.chosen,
            "__interval": f"{step}s",
            "__rate_interval": f"{max(4 * _SCRAPE, step + _SCRAPE)}s",
            "__range": f"{self.end - self.start}s",
        }
        return re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda m: values.get(m[1] or m[2], m[0]), expr)


def _head(board: dict[str, Any], chosen: dict[str, str]) -> str:
    """The title and the chosen variables."""
    out = [draw.label(12, 34, board["title"], size=20, bold=True)]
    x = 40 + len(board["title"]) * 11.5
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        value = chosen.get(variable["name"], ".+")
        text = f"{variable['label']}: {'All' if value == '.+' else value}"
        out.append(f'<rect x="{x:.0f}" y="14" width="{len(text) * 7 + 20}" height="28" rx="3" fill="#22252B"/>')
        out.append(draw.label(x + 10, 33, text, size=13))
        x += len(text) * 7 + 32
    return "".join(out)


def _row(panel: dict[str, Any], x: float, y: float, opened: bool) -> str:
    mark = "▸" if panel["collapsed"] and not opened else "▾"
    count = f" ({len(panel['panels'])} panels)" if panel["collapsed"] and not opened else ""
    return draw.label(x + 4, y + 20, f"{mark} {panel['title']}{count}", size=15, bold=True)


def _tile(panel: dict[str, Any], body: str, x: float, y: float, w: float, h: float) -> str:
    title = draw.label(8, 18, draw.cut(panel["title"], w - 12, 13), size=13, bold=True)
    return (
        f'<g transform="translate({x:.1f} {y:.1f})"><title>{html.escape(panel["description"])}</title>'
        f'<rect width="{w:.1f}" height="{h:.1f}" rx="3" fill="#181B1F" stroke="#2A2B30"/>{title}'
        f'<svg x="8" y="28" width="{w - 16:.1f}" height="{h - 36:.1f}" overflow="hidden">{body}</svg></g>'
    )


def _document(title: str, body: str, height: int) -> str:
    css = (
        "text{font-family:Inter,'DejaVu Sans Condensed',Helvetica,Arial,sans-serif;fill:#CCCCDC}"
        ".grid{stroke:#CCCCDC;stroke-opacity:.13}"
    )
    return (
        f'<!doctype html><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<body style="margin:0;background:#111217"><svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}"><style>{css}</style>{body}</svg>\n'
    )
