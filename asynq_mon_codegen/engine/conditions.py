"""When the conditions of alerting rules held: what their expressions gave, evaluation by evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from asynq_mon_codegen.engine.recording import Evaluation
from asynq_mon_codegen.engine.rules import Rule
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["Condition", "Run", "conditions", "joined"]

Labels = tuple[tuple[str, str], ...]


@frozen
class Run:
    """Evaluations in a row, counted from the epoch in intervals of the rule: the first, the last, and the values."""

    first: int
    last: int
    value: float
    low: float
    high: float

    def joined(self, other: Run) -> Run:
        """Both as one; this one begins first."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Run(self.first, max(self.last, other.last), self.value, low, high)


@frozen
class Condition:
    """One series of a rule's expression, and when it was there."""

    labels: Labels
    runs: tuple[Run, ...]


def conditions(
    evaluation: Evaluation, local: Prometheus, rule: Rule, begin: float, until: float
) -> tuple[Condition, ...]:
    """Every series that the rule's expression gave from ``begin`` to before ``until``."""
    return joined(evaluation.pages(local, rule, begin, until), rule.interval)


def joined(pages: Iterable[list[dict[str, Any]]], every: float) -> tuple[Condition, ...]:
    """The series of all pages of a range query whose step is ``every`` seconds."""
    found: dict[Labels, list[Run]] = {}
    for page in pages:
        for one in page:
            # a comparison keeps the name of its side: `a < b or b` is one alert under two names
            found.setdefault(_labels(one["metric"]), []).extend(_runs(one.get("values", ()), every))
    return tuple(Condition(labels, _joined(runs)) for labels, runs in sorted(found.items()))


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """The same in order, with those that follow one another as one."""
    out: list[Run] = []
    for run in sorted(runs, key=lambda r: r.first):
        if out and out[-1].last + 1 >= run.first:
            out[-1] = out[-1].joined(run)
        else:
            out.append(run)
    return tuple(out)


def _labels(metric: Any) -> Labels:
    known: Mapping[str, str] = metric
    return tuple(sorted((str(k), str(v)) for k, v in known.items() if k != "__name__"))


def _runs(values: Any, every: float) -> list[Run]:
    # neighbours first: a value for each is all that long runs cost
    out: list[Run] = []
    pairs = [(round(float(t) / every), float(v)) for t, v in values]
    for _, group in itertools.groupby(enumerate(pairs), lambda one: one[1][0] - one[0]):
        some = [pair for _, pair in group]
        readings = [value for _, value in some]
        out.append(Run(some[0][0], some[-1][0], readings[0], min(readings), max(readings)))
    return out
