"""What Grafana asks Prometheus when a dashboard is opened or refreshed, on a screen 1,920 pixels wide.

Step and variables as Grafana computes them (``asynq_mon_codegen.preview``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.preview.steps import SCRAPE, interval_values, pixels, step_of
from asynq_mon_codegen.preview.variables import filled

__all__ = ["SCRAPE", "Request", "range_of", "requests"]


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
    for target in panel.get("targets", ()):
        least = target.get("interval") or panel.get("interval")
        step = step_of(seconds, pixels(panel["gridPos"]["w"]), duration(least).seconds if least else SCRAPE)
        yield Request(
            panel=panel["title"],
            expr=filled(target["expr"], {**chosen, **interval_values(step, seconds)}),
            seconds=seconds,
            step=0 if target.get("instant") else step,
            opened=opened,
        )
