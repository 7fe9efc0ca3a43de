"""Panels as SVG: each function fills a box of width and height from its own top left corner."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import units
from fields import COLORS, PALETTE, Field, Style, color_of

__all__ = ["heatmap", "stat", "table", "timeline", "timeseries"]

_CHAR = 6.6
"""Width of a character at 12 px, for Chromium's fallback fonts."""


def label(
    x: float, y: float, text: str, *, fill: str = "", size: float = 12, anchor: str = "start", bold: bool = False
) -> str:
    """One line of text."""
    style = f"font-size:{size:g}px" + (f";fill:{fill}" if fill else "") + (";font-weight:500" if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">{html.escape(text)}</text>'


def box(x: float, y: float, w: float, h: float, fill: str, opacity: float = 1) -> str:
    """A filled rectangle."""
    size = f'width="{max(w, 0):.1f}" height="{max(h, 0):.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{fill}" fill-opacity="{opacity:g}"/>'


def cut(text: str, width: float, size: float = 12) -> str:
    """The text as far as it fits."""
    fits = int(width / (_CHAR * size / 12))
    return text if len(text) <= fits else text[: max(fits - 1, 0)] + "…"


def _finite(fields: Sequence[Field]) -> list[float]:
    return [v for field in fields for _, v in field.points if math.isfinite(v)]


# -- single values -------------------------------------------------------------------------


def stat(panel: dict[str, Any], fields: Sequence[Field], w: float, h: float) -> str:
    """One tile per series side by side, with a small graph behind the number."""
    background = panel["options"]["colorMode"].startswith("background")
    shown = fields or [Field("", Style.of(panel), [(0, math.nan)], {}, "A")]
    width, out = w / len(shown), []
    for index, field in enumerate(shown):
        x, value = index * width, field.last
        nothing = not fields or math.isnan(value)
        text = str(panel["fieldConfig"]["defaults"].get("noValue", "No data")) if nothing else field.style.text(value)
        color = COLORS["text"] if nothing else field.style.color(value)
        if background and not nothing:
            out.append(box(x, 0, width - 2, h, color, 0.85))
        elif panel["options"]["graphMode"] == "area" and not nothing:
            out.append(_sparkline(field.points, x, width, h, color))
        named = len(fields) > 1
        size = min(h * 0.55, width * 1.45 / max(len(text), 2), 44)
        out.append(
            label(
                x + width / 2,
                h / 2 + size * 0.35,
                text,
                fill="#fff" if background and not nothing else color,
                size=size,
                anchor="middle",
                bold=True,
            )
        )
        if named:
            out.append(label(x + width / 2, h - 6, cut(field.name, width), anchor="middle"))
    return "".join(out)


def _sparkline(points: Sequence[tuple[int, float]], x: float, w: float, h: float, color: str) -> str:
    good = [(t, v) for t, v in points if math.isfinite(v)]
    if len(good) < 2:
        return ""
    (first, *_), (last, *_) = good[0], good[-1]
    low, high = min(v for _, v in good), max(v for _, v in good)
    spread = (high - low) or 1
    path = " ".join(
        f"{x + (t - first) / (last - first) * w:.1f},{h - 2 - (v - low) / spread * h * 0.35:.1f}" for t, v in good
    )
    return (
        f'<polygon points="{x:.1f},{h} {path} {x + w:.1f},{h}" fill="{color}" fill-opacity=".18"/>'
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-opacity=".6"/>'
    )


# -- over time -----------------------------------------------------------------------------


def _ticks(low: float, high: float, unit: str, count: int) -> list[float]:
    """Round numbers from ``low`` to at least ``high``."""
    raw = (high - low) / count or 1
    if unit == "s" and raw >= 1:
        nice = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 864_000)
        step = next((float(n) for n in nice if n >= raw), raw)
    elif unit == "bytes":
        step = 2.0 ** math.ceil(math.log2(raw))
    else:
        size = 10 ** math.floor(math.log10(raw))
        step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw * 0.999)
    first = math.floor(low / step)
    return [step * (first + i) for i in range(math.ceil(high / step - 1e-9) - first + 1)]


class _Frame:
    """Axes: where a moment and a value stand."""

    def __init__(self, w: float, h: float, span: tuple[int, int], ticks: Sequence[float], style: Style) -> None:
        self.texts = [style.text(v) for v in ticks]
        self.left = max(34.0, max(len(t) for t in self.texts) * _CHAR + 10)
        self.right, self.top, self.bottom = w - 8, 6.0, h - 20
        self.span, self.ticks = span, ticks

    def x(self, t: float) -> float:
        """A moment's place."""
        start, end = self.span
        return self.left + (t - start) / (end - start) * (self.right - self.left)

    def y(self, v: float) -> float:
        """A value's place."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.bottom - (v - low) / ((high - low) or 1) * (self.bottom - self.top)

    def grid(self) -> str:
        """Lines and texts of both axes."""
        out = [
            f'<line x1="{self.left:.1f}" x2="{self.right:.1f}" y1="{self.y(v):.1f}" y2="{self.y(v):.1f}" class="grid"/>'
            + label(self.left - 6, self.y(v) + 4, text, anchor="end", size=11)
            for v, text in zip(self.ticks, self.texts, strict=True)
        ]
        return "".join(out) + hours(self.span, self.x, self.bottom + 15, self.right - self.left)


def hours(span: tuple[int, int], x: Callable[[float], float], y: float, width: float) -> str:
    """Times below an axis, on whole hours or their parts."""
    start, end = span
    step = next(
        s for s in (300, 900, 1800, 3600, 7200, 14_400, 86_400) if (end - start) / s * 48 <= width or s == 86_400
    )
    first = start - start % step + step
    return "".join(
        label(x(t), y, time.strftime("%H:%M", time.gmtime(t)), anchor="middle", size=11)
        for t in range(first, end + 1, step)
        if x(t) + 16 < x(end)
    )


def timeseries(panel: dict[str, Any], fields: Sequence[Field], w: float, h: float, span: tuple[int, int]) -> str:
    """Lines, areas or stacked areas, with thresholds and a legend below."""
    legend = panel["options"]["legend"]
    names = [] if not legend["showLegend"] else [(f.name, color) for f, color in _colored(fields)]
    below, legend_height = _legend(names, w, h)
    drawn = h - legend_height
    style = Style.of(panel)
    values = _finite(fields)
    if not values:
        return label(w / 2, h / 2, "No data", anchor="middle")
    tops, areas = _stacks(fields)
    low = style.get("min", min(values))
    high = max([*values, *tops, style.get("custom.axisSoftMax", -math.inf)])
    if style.get("max") is not None:
        high = max(float(style.get("max")), high) if style.get("unit") != "percentunit" else float(style.get("max"))
    if high <= low:
        high = low + 1
    frame = _Frame(w, drawn, span, _ticks(low, high, style.get("unit", ""), max(2, int(drawn / 45))), style)
    lines = _steps(style, frame) if style.get("custom.thresholdsStyle", {}).get("mode", "off") != "off" else ""
    curves = [_curve(field, color, frame, areas.get(id(field))) for field, color in _colored(fields)]
    return frame.grid() + lines + "".join(curves) + below


def _colored(fields: Sequence[Field]) -> list[tuple[Field, str]]:
    out, index = [], 0
    for field in fields:
        color = field.style.get("color", {})
        if color.get("mode") == "fixed":
            out.append((field, color_of(color["fixedColor"])))
        else:
            out.append((field, PALETTE[index % len(PALETTE)]))
            index += 1
    return out


def _stacks(fields: Sequence[Field]) -> tuple[list[float], dict[int, dict[int, float]]]:
    """The tops of all stacks, and for each stacked field what lies below it."""
    sums: dict[int, float] = {}
    below: dict[int, dict[int, float]] = {}
    for field in fields:
        if field.style.get("custom.stacking", {}).get("mode") != "normal":
            continue
        below[id(field)] = {t: sums.get(t, 0.0) for t, _ in field.points}
        for t, v in field.points:
            sums[t] = sums.get(t, 0.0) + (v if math.isfinite(v) else 0)
    return list(sums.values()), below


def _steps(style: Style, frame: _Frame) -> str:
    out = []
    for step in style.steps:
        value = step["value"]
        if value is not None and frame.ticks[0] <= value <= frame.ticks[-1]:
            y = frame.y(value)
            out.append(
                f'<line x1="{frame.left:.1f}" x2="{frame.right:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="{color_of(step["color"])}" stroke-width="1.5" stroke-dasharray="8 6"/>'
            )
    return "".join(out)


def _curve(field: Field, color: str, frame: _Frame, below: dict[int, float] | None) -> str:
    """One line, broken where there is no number; filled down to what lies below it."""
    low, high = frame.ticks[0], frame.ticks[-1]
    base = below or {}
    step = min((b[0] - a[0] for a, b in pairwise(field.points)), default=0)
    runs: list[list[tuple[int, float]]] = [[]]
    for t, v in field.points:
        if not math.isfinite(v) or (runs[-1] and t - runs[-1][-1][0] > 1.5 * step):
            runs.append([])
        if math.isfinite(v):
            runs[-1].append((t, min(max(v + base.get(t, 0.0), low), high * 1.02 if high > 0 else high)))
    fill = field.style.get("custom.fillOpacity", 0) / 100
    dash = field.style.get("custom.lineStyle", {}).get("dash")
    dashes = f' stroke-dasharray="{dash[0]} {dash[1]}"' if dash else ""
    width = field.style.get("custom.lineWidth", 1) * 1.3
    out = []
    for run in filter(None, runs):
        path = " ".join(f"{frame.x(t):.1f},{frame.y(v):.1f}" for t, v in run)
        if fill:
            floor = " ".join(f"{frame.x(t):.1f},{frame.y(max(base.get(t, low), low)):.1f}" for t, _ in reversed(run))
            out.append(f'<polygon points="{path} {floor}" fill="{color}" fill-opacity="{fill:g}"/>')
        out.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"{dashes}/>')
    return "".join(out)


def _legend(names: Sequence[tuple[str, str]], w: float, h: float) -> tuple[str, float]:
    """Names with their colours, in at most two lines at the bottom."""
    if not names:
        return "", 0
    placed, x, line = [], 8.0, 0
    for name, color in names:
        text = cut(name, 230)
        need = 24 + len(text) * _CHAR
        if x + need > w and x > 8:
            x, line = 8.0, line + 1
        if line > 1:
            break
        placed.append((x, line, text, color))
        x += need
    height = 18.0 * (min(line, 1) + 1)
    out = []
    for left, row, text, color in placed:
        y = h - height + 18 * row + 13
        out.append(box(left, y - 6, 14, 4, color) + label(left + 19, y, text))
    return "".join(out), height


def timeline(panel: dict[str, Any], fields: Sequence[Field], w: float, h: float, span: tuple[int, int]) -> str:
    """One lane per series, a bar for as long as a state lasts."""
    if not fields:
        return label(w / 2, h / 2, "No data", anchor="middle")
    left = min(w * 0.42, max(len(f.name) for f in fields) * _CHAR + 12)
    height = (h - 22) / len(fields)

    def x(t: float) -> float:
        return left + (t - span[0]) / (span[1] - span[0]) * (w - left - 8)

    out = []
    for index, field in enumerate(fields):
        top = index * height
        out.append(label(left - 6, top + height / 2 + 4, cut(field.name, left - 8), anchor="end"))
        step = min((b[0] - a[0] for a, b in pairwise(field.points)), default=60)
        runs: list[list[float]] = []
        for t, v in field.points:
            if runs and runs[-1][2] == v and t - runs[-1][1] <= 1.5 * step:
                runs[-1][1] = t
            else:
                runs.append([t, t, v])
        for begin, end, value in runs:
            start, width = x(begin), x(min(end + step, span[1])) - x(begin)
            word = field.style.text(value)
            out.append(box(start, top + 2, width, height - 4, field.style.color(value), 0.75))
            if width > len(word) * _CHAR + 8 and height > 14:
                out.append(label(start + 5, top + height / 2 + 4, word, fill="#fff"))
    return "".join(out) + hours(span, x, h - 6, w - left)


def heatmap(panel: dict[str, Any], fields: Sequence[Field], w: float, h: float, span: tuple[int, int]) -> str:
    """Cumulative buckets as one row each, darker where more falls into it."""
    named = sorted(((float(f.name.replace("+Inf", "inf")), f) for f in fields), key=lambda one: one[0])
    if not named:
        return label(w / 2, h / 2, "No data", anchor="middle")
    times = sorted({t for _, f in named for t, _ in f.points})
    below = dict.fromkeys(times, 0.0)
    rows = []
    for bound, field in named:
        total = dict(field.points)
        rows.append((bound, {t: max(0.0, total.get(t, 0.0) - below[t]) for t in times}))
        below = {t: total.get(t, 0.0) for t in times}
    top = max((v for _, cells in rows for v in cells.values()), default=0) or 1
    left, height = 62.0, (h - 22) / len(rows)
    width = (w - left - 8) / max(len(times), 1)
    unit = panel["options"]["yAxis"]["unit"]
    out = []
    for index, (bound, cells) in enumerate(rows):
        y = h - 22 - (index + 1) * height
        out.append(
            label(
                left - 6,
                y + height / 2 + 4,
                "+Inf" if math.isinf(bound) else units.text(bound, unit),
                anchor="end",
                size=10,
            )
        )
        for position, v in enumerate(cells.values()):
            if v > top / 500:
                out.append(
                    box(
                        left + position * width,
                        y + 0.5,
                        width + 0.2,
                        height - 1,
                        "#FF780A",
                        round(math.sqrt(v / top), 2),
                    )
                )
    return "".join(out) + hours(
        span, lambda t: left + (t - span[0]) / (span[1] - span[0]) * (w - left - 8), h - 6, w - left
    )


# -- tables --------------------------------------------------------------------------------


def table(panel: dict[str, Any], answers: Sequence[list[dict[str, Any]]], w: float, h: float) -> str:
    """The rows that Grafana's merge makes of the answers, in the columns of the organize transformation."""
    organize = next(t["options"] for t in panel["transformations"] if t["id"] == "organize")
    sources = sorted(organize["indexByName"], key=organize["indexByName"].__getitem__)
    rows = _merged(answers)
    sort = panel["options"].get("sortBy") or []
    if sort:
        titles = {title: source for source, title in organize["renameByName"].items()}
        key = titles[sort[0]["displayName"]]
        rows.sort(key=lambda row: _number(row.get(key)), reverse=bool(sort[0]["desc"]))
    shown = [s for s in sources if any(row.get(s, "") != "" for row in rows)] or sources
    weights = [1.6 if not s.startswith("Value") else 1.0 for s in shown]
    lefts = [w * sum(weights[:i]) / sum(weights) for i in range(len(shown) + 1)]
    out = [
        label(
            lefts[i] + 8, 16, cut(organize["renameByName"][s], lefts[i + 1] - lefts[i] - 8), fill="#6E9FFF", bold=True
        )
        for i, s in enumerate(shown)
    ]
    for index, row in enumerate(rows):
        y = 26 * (index + 1)
        if y + 24 > h:
            break
        out.append(f'<line x1="0" x2="{w:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        for i, source in enumerate(shown):
            out.append(
                _cell(
                    row.get(source, ""),
                    Style.of(panel, name=organize["renameByName"][source]),
                    lefts[i],
                    y,
                    lefts[i + 1] - lefts[i],
                )
            )
    if not rows:
        out.append(label(w / 2, h / 2 + 8, "No data", anchor="middle"))
    return "".join(out)


def _number(value: str | float | None) -> float:
    return value if isinstance(value, float) and not math.isnan(value) else -math.inf


def _merged(answers: Sequence[list[dict[str, Any]]]) -> list[dict[str, str | float]]:
    single = len(answers) == 1
    rows: dict[tuple[tuple[str, str], ...], dict[str, str | float]] = {}
    for index, answer in enumerate(answers):
        for one in answer:
            labels = one["metric"]
            row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
            row["Value" if single else f"Value #{chr(65 + index)}"] = float(one["value"][1])
    return list(rows.values())


def _cell(value: str | float, style: Style, x: float, y: float, w: float) -> str:
    kind = style.get("custom.cellOptions", {}).get("type", "auto")
    if isinstance(value, float):
        text, color = style.text(value), style.color(value)
    else:
        text, color = value, style.word_color(value)
    if text == "":
        return ""
    linked = bool(style.get("links")) and isinstance(value, str)
    if kind == "color-background" and color and color != COLORS["text"]:
        return box(x + 2, y + 3, w - 6, 20, color, 0.85) + label(x + 8, y + 18, cut(text, w - 8), fill="#fff")
    fill = color if kind == "color-text" else "#6E9FFF" if linked else ""
    return label(x + 8, y + 18, cut(text, w - 8), fill=fill)
