"""A backtest as one self-contained HTML page with a timeline for each alert."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from asynq_mon_codegen.backtest.compared import pairs
from asynq_mon_codegen.backtest.summary import Judged, Row
from asynq_mon_codegen.backtest.words import day, length, moment
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.templating import environment

__all__ = ["page"]

_TICKS = 8
_NARROWEST = 0.12
"""Per cent of the width that can still be seen."""


@frozen(kw_only=True)
class _Bar:
    left: float
    width: float
    title: str


def page(now: Judged, before: Judged | None, *, title: str, notes: Iterable[str]) -> str:
    """The page; ``notes`` are what the reader must know about the history."""
    start, end = now.replay.start, now.replay.end
    shown = [
        {
            "pair": pair,
            "now": _bars(pair.now, start, end),
            "before": _bars(pair.before, start, end) if before is not None else (),
        }
        for pair in pairs(now, before)
    ]
    incidents = [
        _bar(v.incident.start, v.incident.end, start, end, v.incident.title)
        for v in (now.score.verdicts if now.score else ())
    ]
    values: dict[str, Any] = {
        "title": title,
        "start": start,
        "end": end,
        "notes": tuple(notes),
        "judged": now,
        "before": before,
        "rows": shown,
        "incidents": incidents,
        "ticks": [{"left": 100 * i / _TICKS, "text": _tick(start, end, i)} for i in range(_TICKS)],
        "length": length,
        "moment": moment,
    }
    return environment(html=True).get_template("backtest/page.html.j2").render(**values)


def _tick(start: float, end: float, number: int) -> str:
    at = start + (end - start) * number / _TICKS
    return day(at) if end - start >= _TICKS * 86_400 else moment(at)[5:]


def _bars(row: Row | None, start: float, end: float) -> tuple[_Bar, ...]:
    return () if row is None else tuple(_firing(f, start, end) for f in row.firings)


def _firing(firing: Firing, start: float, end: float) -> _Bar:
    until = firing.until(end)
    still = ", still firing" if firing.end is None else ""
    return _bar(firing.start, until, start, end, f"{moment(firing.start)} for {length(until - firing.start)}{still}")


def _bar(a: float, b: float, start: float, end: float, title: str) -> _Bar:
    whole = (end - start) or 1
    left = max(0.0, min(100.0, 100 * (a - start) / whole))
    right = max(left, min(100.0, 100 * (b - start) / whole))
    return _Bar(left=round(left, 3), width=round(max(right - left, _NARROWEST), 3), title=title)
