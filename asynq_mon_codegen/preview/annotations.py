"""The annotations of a dashboard: for how long each series of their query was there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from asynq_mon_codegen.preview.fields import legend_of

__all__ = ["Region", "regions_of"]


@frozen(kw_only=True)
class Region:
    """From ``start`` to ``end`` in seconds something was the case: the annotation's name and colour, title and text."""

    name: str
    color: str
    start: float
    end: float
    title: str
    text: str


def regions_of(body: Mapping[str, Any], answer: Sequence[Mapping[str, Any]], step: int) -> Iterator[Region]:
    """The regions of one annotation: points of a series that are one step apart belong together."""
    for one in answer:
        labels = one.get("metric", {})
        for start, end in _runs([float(t) for t, value in one["values"] if float(value) > 0], step):
            yield Region(
                name=body["name"],
                color=body.get("iconColor", "red"),
                start=start,
                end=end,
                title=legend_of(body.get("titleFormat") or "{{alertname}}", labels, ""),
                text=" ".join(legend_of(body.get("textFormat") or "", labels, "").split()) if labels else "",
            )


def _runs(moments: Sequence[float], step: int) -> Iterator[tuple[float, float]]:
    start = last = None
    for moment in moments:
        if last is not None and start is not None and moment - last > 1.5 * step:
            yield start, last
            start = None
        start = moment if start is None else start
        last = moment
    if start is not None and last is not None:
        yield start, last
