"""How Grafana turns a time range and a panel's width into a step, and into the variables that depend on it."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["SCRAPE", "SCREEN", "aligned", "interval_values", "pixels", "step_of"]

SCRAPE = 15
"""Seconds between scrapes, as a data source in Grafana has them unless somebody says otherwise."""
SCREEN = 1920
"""Width of the screen in pixels."""
_COLUMNS, _GAP, _SIDES = 24, 8, 2 * 16
_STEPS = (
    (0.015, 0.01), (0.035, 0.02), (0.075, 0.05), (0.15, 0.1), (0.35, 0.2), (0.75, 0.5), (1.5, 1), (3.5, 2), (7.5, 5),
    (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900),
    (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200), (16_200, 10_800), (32_400, 21_600), (86_400, 43_200),
    (604_800, 86_400), (1_814_400, 604_800), (3_628_800, 2_592_000),
)  # fmt: skip
"""Below this many seconds a pixel, that step: what ``rangeUtil.roundInterval`` rounds to."""
_LONGEST = 31_536_000


def pixels(columns: int, screen: int = SCREEN) -> int:
    """The width of a panel on Grafana's grid of 24 columns."""
    column = (screen - _SIDES - (_COLUMNS - 1) * _GAP) / _COLUMNS
    return int(columns * (column + _GAP) - _GAP)


def step_of(seconds: float, points: int, least: float) -> int:
    """Seconds between two points: the range over the number of points, rounded, and at least ``least``."""
    rounded = next((step for below, step in _STEPS if seconds / points < below), _LONGEST)
    return max(1, math.ceil(max(rounded, least)))


def aligned(start: float, end: float, step: int) -> tuple[int, int]:
    """The first and last moment of a range query: whole steps since 1970, so that a refresh draws the same points."""
    return int(start // step * step), int(end // step * step)


def interval_values(step: int, seconds: float, scrape: float = SCRAPE) -> Mapping[str, str]:
    """``$__interval``, ``$__rate_interval`` and ``$__range`` for a step; ``scrape`` is the data source's interval."""
    rate = max(step + scrape, 4 * scrape)
    return {
        "__interval": f"{step}s",
        "__interval_ms": f"{step * 1000}",
        "__rate_interval": f"{rate:g}s",
        "__rate_interval_ms": f"{rate * 1000:g}",
        "__range": f"{seconds:.0f}s",
        "__range_s": f"{seconds:.0f}",
        "__range_ms": f"{seconds * 1000:.0f}",
    }
