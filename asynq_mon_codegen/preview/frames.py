"""What Prometheus answers, as the series of a panel: values on the points of a grid, and histograms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import frozen

__all__ = ["Cells", "Frame", "Grid", "bucket_cells", "frame_of", "histogram_cells"]


@frozen
class Grid:
    """The moments of a range query in seconds: ``count`` of them from ``start``, ``step`` apart."""

    start: int
    step: int
    count: int

    def index(self, moment: float) -> int:
        """Which point a moment is."""
        return round((moment - self.start) / self.step)


@frozen(kw_only=True)
class Frame:
    """One series of a panel: name as shown, labels, the query it comes from, a value (or None) for each point."""

    name: str
    labels: Mapping[str, str]
    ref: str
    values: tuple[float | None, ...]

    @property
    def known(self) -> bool:
        """Whether there is any number."""
        return any(value is not None for value in self.values)


@frozen(kw_only=True)
class Cells:
    """A heatmap: ``rows[i][t]`` observations between ``edges[i]`` and ``edges[i + 1]``, None for none."""

    edges: tuple[float, ...]
    rows: tuple[tuple[float | None, ...], ...]


def frame_of(one: Mapping[str, Any], grid: Grid, *, name: str, ref: str) -> Frame:
    """A series of an answer on the grid; NaN counts as no value, as it does in Grafana's graphs."""
    values: list[float | None] = [None] * grid.count
    for moment, text in one.get("values") or [one["value"]]:
        index, value = grid.index(float(moment)), float(text)
        if 0 <= index < grid.count and not math.isnan(value):
            values[index] = value
    return Frame(name=name, labels=one.get("metric", {}), ref=ref, values=tuple(values))


def bucket_cells(frames: Sequence[Frame], grid: Grid) -> Cells | None:
    """Cumulative buckets (one series for each ``le``) as a heatmap; None without a series that is a bucket."""
    bounds = sorted((bound, frame) for frame in frames if not math.isnan(bound := _bound(frame)))
    if not bounds:
        return None
    rows: list[tuple[float | None, ...]] = []
    below: list[float] = [0.0] * grid.count
    for _, frame in bounds:
        rows.append(tuple(None if v is None else max(0.0, v - b) for v, b in zip(frame.values, below, strict=True)))
        below = [b if v is None else v for v, b in zip(frame.values, below, strict=True)]
    lowest = bounds[0][0]
    return Cells(edges=(0.0 if lowest > 0 else -math.inf, *(bound for bound, _ in bounds)), rows=tuple(rows))


def _bound(frame: Frame) -> float:
    text = frame.labels.get("le", frame.name)
    try:
        return float(text)
    except ValueError:
        return math.nan


def histogram_cells(answer: Sequence[Mapping[str, Any]], grid: Grid) -> Cells | None:
    """Native histograms as a heatmap, several added up; None where no answer holds one.

    The edges are those of all buckets: a bucket that spans several rows (another resolution, an own layout) is
    shared out among them.
    """
    found = [
        (grid.index(float(moment)), histogram.get("buckets") or ())
        for one in answer
        for moment, histogram in (one.get("histograms") or ([one["histogram"]] if "histogram" in one else ()))
    ]
    if not found:
        return None
    spans = [(i, float(low), float(high), float(n)) for i, buckets in found for _, low, high, n in buckets]
    edges = tuple(sorted({edge for _, low, high, _ in spans for edge in (low, high)}))
    position = {edge: i for i, edge in enumerate(edges)}
    rows: list[list[float | None]] = [[None] * grid.count for _ in edges[1:]]
    for index, low, high, amount in spans:
        covered = range(position[low], position[high])
        for row, share in zip(covered, _shares(edges, covered), strict=True):
            if 0 <= index < grid.count:
                rows[row][index] = (rows[row][index] or 0.0) + amount * share
    return Cells(edges=edges, rows=tuple(map(tuple, rows)))


def _shares(edges: Sequence[float], covered: range) -> Iterable[float]:
    """How a bucket is shared out among the rows it covers: by their width on a logarithmic axis where it has one."""
    if len(covered) == 1:
        return (1.0,)
    bounds = edges[covered.start : covered.stop + 1]
    if bounds[0] > 0 and math.isfinite(bounds[-1]):
        total = math.log(bounds[-1] / bounds[0])
        return [math.log(high / low) / total for low, high in pairwise(bounds)]
    return [1 / len(covered)] * len(covered)
