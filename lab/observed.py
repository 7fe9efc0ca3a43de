"""What Prometheus saw: which alerts fired, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from attrs import frozen

__all__ = ["Firing", "firings", "severe"]

_OWN = frozenset({"__name__", "alertstate"})
_FINEST = 10_000
"""Prometheus refuses a range query of more than 11,000 points."""


@frozen(kw_only=True)
class Firing:
    """One alert of one series: the labels it carried, and when it fired (unix seconds)."""

    labels: tuple[tuple[str, str], ...]
    since: float
    until: float

    def label(self, name: str) -> str:
        """A label's value, or an empty text."""
        return dict(self.labels).get(name, "")

    @property
    def words(self) -> str:
        """The alert, its severity and what it is about, on one line."""
        about = {n: v for n, v in self.labels if n in ("queue", "task_type", "instance", "host")}
        tail = ", ".join(f"{n}={v}" for n, v in about.items())
        return f"{self.label('alertname')} ({self.label('severity')}{', ' + tail if tail else ''})"


def step_of(start: float, end: float, finest: float) -> float:
    """The step of a range query: as fine as asked for and as Prometheus allows."""
    return max(finest, (end - start) / _FINEST)


def firings(series: Iterable[Mapping[str, Any]], step: float) -> tuple[Firing, ...]:
    """Episodes from the result of ``query_range`` over ``ALERTS{alertstate="firing"}``, the earliest first.

    A gap longer than two steps ends one episode and begins the next.
    """
    out = []
    for one in series:
        labels = tuple(sorted((n, v) for n, v in one["metric"].items() if n not in _OWN))
        times = [float(at) for at, _ in one["values"]]
        starts = [times[0], *(b for a, b in pairwise(times) if b - a > 2 * step)]
        ends = [*(a for a, b in pairwise(times) if b - a > 2 * step), times[-1]]
        out += [Firing(labels=labels, since=a, until=b) for a, b in zip(starts, ends, strict=True)]
    return tuple(sorted(out, key=lambda f: f.since))


def severe(found: Iterable[Firing]) -> tuple[Firing, ...]:
    """Those that somebody is told of at once."""
    return tuple(f for f in found if f.label("severity") in ("warning", "critical"))
