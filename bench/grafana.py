"""What Grafana asks Prometheus when a dashboard is opened or refreshed, on a screen 1,920 pixels wide.

Step and variables as Grafana computes them: the step is the time range over the panel's pixels, rounded as
``rangeUtil.roundInterval`` does, and at least the scrape interval of the data source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from asynq_mon_codegen.duration import duration

__all__ = ["SCRAPE", "Request", "range_of", "requests"]

SCRAPE = 15
"""Seconds between scrapes, as the data source in Grafana has them by default."""
_SCREEN, _COLUMNS, _GAP = 1920 - 2 * 16, 24, 8
_STEPS = (
    (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900),
    (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200),
)  # fmt: skip
"""Below this many seconds a pixel, that step."""
_LONGEST = 10_800


@frozen(kw_only=True)
class Request:
    """One query; ``step`` in seconds, 0 for one moment. ``opened``: the panel's row is not collapsed."""

    panel: str
    expr: str
    seconds: int
    step: int
    opened: bool


def range_of(board: Mapping[str, Any]) -> int:
    """The seconds of the dashboard's own time range."""
    return int(duration(board["time"]["from"].removeprefix("now-"), "time range").seconds)


def requests(board: Mapping[str, Any]) -> Iterator[Request]:
    """Every query of every panel; collapsed rows ask nothing until somebody opens them."""
    chosen = {v["name"]: v["allValue"] for v in board["templating"]["list"] if v.get("includeAll")}
    for panel in board["panels"]:
        if panel["type"] == "row":
            for inside in panel.get("panels", ()):
                yield from _of_panel(inside, range_of(board), chosen, opened=False)
        else:
            yield from _of_panel(panel, range_of(board), chosen, opened=True)


def _of_panel(panel: Mapping[str, Any], seconds: int, chosen: Mapping[str, str], *, opened: bool) -> Iterator[Request]:
    column = (_SCREEN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    pixels = int(panel["gridPos"]["w"] * (column + _GAP) - _GAP)
    for target in panel.get("targets", ()):
        least = target.get("interval") or panel.get("interval")
        step = _step(seconds / pixels, duration(least, "interval").seconds if least else SCRAPE)
        values = {
            **chosen,
            "__rate_interval": f"{max(step + SCRAPE, 4 * SCRAPE)}s",
            "__interval": f"{step}s",
            "__range": f"{seconds}s",
        }
        yield Request(
            panel=panel["title"],
            expr=_filled(target["expr"], values),
            seconds=seconds,
            step=0 if target.get("instant") else step,
            opened=opened,
        )


def _filled(expr: str, values: Mapping[str, str]) -> str:
    """The query with its variables replaced; what is none, such as ``$1``, stays."""
    return re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda m: values.get(m[1] or m[2], m[0]), expr)


def _step(per_pixel: float, least: float) -> int:
    rounded = next((step for below, step in _STEPS if per_pixel < below), _LONGEST)
    return int(max(rounded, least))
