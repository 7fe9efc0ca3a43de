"""The bounds of the histograms that the generated instrumentation exports."""

from __future__ import annotations

import math
from collections.abc import Iterable

from asynq_mon_codegen.catalog.metrics import instrumentation as contract
from asynq_mon_codegen.model import Monitoring, Severity, Unit
from asynq_mon_codegen.plan.thresholds import classes_of
from asynq_mon_codegen.promql import Histogram

__all__ = ["bounds_of", "buckets"]

_LADDER = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0,
    3600.0,
)  # fmt: skip
"""Bounds in seconds: a millisecond handler up to asynq's default timeout of 30 minutes and twice that."""

_WAIT_ALERT = "AsynqQueueWaitHigh"


def bounds_of(monitoring: Monitoring, metric: Histogram) -> tuple[float, ...]:
    """The upper bounds of a histogram in seconds, as this declaration makes them."""
    return buckets(_levels(monitoring, metric))


def buckets(levels: Iterable[float]) -> tuple[float, ...]:
    """Upper bounds in seconds: the ladder, every level, and one bound beyond the highest level.

    A quantile is interpolated between two bounds, so only where the threshold is one of them does the
    comparison not depend on the guess.
    """
    useful = {float(level) for level in levels if math.isfinite(level) and level > 0}
    bounds = {*_LADDER, *useful}
    if max(bounds) in useful:
        bounds.add(max(bounds) * 2)
    return tuple(sorted(b for b in bounds if math.isfinite(b)))


def _levels(monitoring: Monitoring, metric: Histogram) -> tuple[float, ...]:
    """Every level in seconds that an alert has for the histogram; the wait also has those of the queue's age."""
    found = []
    for alert in monitoring.alerts:
        reads = any(isinstance(e, Histogram) and e.name == metric.name for e in alert.signal.expr.walk())
        same_thing = metric is contract.TASK_WAIT and alert.name == _WAIT_ALERT
        if alert.signal.unit is Unit.SECONDS and (reads or same_thing):
            found += [c.level for severity in Severity for c in classes_of(monitoring, alert, severity)]
    return tuple(level for level in found if isinstance(level, float))
