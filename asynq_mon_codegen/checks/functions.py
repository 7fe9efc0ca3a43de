"""PromQL's functions by what they do to type, labels and bounds of a value."""

from __future__ import annotations

import math

from attrs import evolve

from asynq_mon_codegen.checks.series import Facts
from asynq_mon_codegen.promql.parsed import Call, Text

__all__ = [
    "COUNTER_ONLY",
    "LEVEL_ONLY",
    "OF_RANGE",
    "SCALARS",
    "bounds_after",
    "bounds_of_group",
    "hull",
    "with_label",
    "without",
]

COUNTER_ONLY = frozenset({"rate", "irate", "increase"})
"""What makes sense for a value that only grows."""

LEVEL_ONLY = frozenset(
    {"delta", "idelta", "deriv", "predict_linear", "avg_over_time", "quantile_over_time", "stddev_over_time"}
    | {"stdvar_over_time", "sum_over_time", "mad_over_time", "holt_winters", "double_exponential_smoothing"}
)
"""What makes sense for a value that goes up and down."""

_KEEPS_BOUNDS = frozenset(
    {"avg_over_time", "max_over_time", "min_over_time", "last_over_time", "quantile_over_time", "first_over_time"}
    | {"sort", "sort_desc", "scalar"}
)
_FROM_ZERO = frozenset(
    {"rate", "irate", "increase", "changes", "resets", "stddev_over_time", "stdvar_over_time", "timestamp", "exp"}
)
_CALENDAR = {
    "day_of_month": (1, 31),
    "day_of_week": (0, 6),
    "day_of_year": (1, 366),
    "days_in_month": (28, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "month": (1, 12),
}

OF_RANGE = (
    COUNTER_ONLY
    | LEVEL_ONLY
    | {"max_over_time", "min_over_time", "last_over_time", "changes", "resets"}
    | {
        "count_over_time",
        "present_over_time",
        "absent_over_time",
        "first_over_time",
    }
)
"""Functions of a range vector."""

SCALARS = frozenset({"time", "scalar", "pi"})
"""Functions whose result is a number, not a vector."""


def bounds_after(func: str, facts: Facts, constants: tuple[float | None, ...]) -> tuple[float, float]:
    """Lowest and highest value that ``func`` can make of a value with these bounds.

    ``constants`` are the function's further arguments where they are numbers.
    """
    low, high = facts.low, facts.high
    if func in _KEEPS_BOUNDS:
        return low, high
    if func in _FROM_ZERO:
        return 0, math.inf
    if func in _CALENDAR:
        return _CALENDAR[func]
    first = constants[0] if constants else None
    match func:
        case "clamp_min" if first is not None:
            return max(low, first), max(high, first)
        case "clamp_max" if first is not None:
            return min(low, first), min(high, first)
        case "clamp" if first is not None and len(constants) > 1 and constants[1] is not None:
            return max(low, first), min(high, constants[1])
        case "abs":
            return (0, max(abs(low), abs(high))) if low < 0 else (low, high)
        case "ceil" | "floor" | "round":
            return math.floor(low) if math.isfinite(low) else low, math.ceil(high) if math.isfinite(high) else high
        case "absent" | "absent_over_time" | "present_over_time":
            return 1, 1
        case "count_over_time":
            return 1, math.inf
        case "sum_over_time":
            return (0, math.inf) if low >= 0 else (-math.inf, math.inf)
        case "time":
            return 0, math.inf
        case _:
            return -math.inf, math.inf


def hull(a: Facts, b: Facts) -> Facts:
    """What holds for series that are of one kind or of the other."""
    labels = None if a.labels is None or b.labels is None else a.labels | b.labels
    return evolve(
        a,
        labels=labels,
        sure=a.sure & b.sure,
        pinned=a.pinned & b.pinned,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        counter=a.counter or b.counter,
        metric=a.metric if a.metric == b.metric else "",
        copies=a.copies or b.copies,
    )


def bounds_of_group(op: str, inner: Facts) -> tuple[float, float]:
    """Lowest and highest value of an aggregation of such values."""
    match op:
        case "max" | "min" | "avg" | "quantile":
            return inner.low, inner.high
        case "sum":
            return (0 if inner.low >= 0 else -math.inf), (0 if inner.high <= 0 else math.inf)
        case "count" | "count_values":
            return 1, math.inf
        case "group":
            return 1, 1
        case _:
            return 0, math.inf


def with_label(node: Call, facts: Facts) -> Facts:
    """``label_replace`` and ``label_join``: the target label is there, sometimes with one value."""
    texts = [a.value for a in node.args if isinstance(a, Text)]
    if not texts:
        return facts
    target, source = texts[0], texts[2] if len(texts) > 2 else ""
    out = without(facts, set())
    pinned = frozenset((n, v) for n, v in facts.pinned if n != target)
    labels = None if facts.labels is None else facts.labels | {target}
    always = node.func == "label_replace" and len(texts) > 3 and not source and not texts[3] and texts[1]
    if not always:
        return evolve(out, labels=labels, pinned=pinned)
    value = texts[1].replace("$$", "$")
    return evolve(out, labels=labels, sure=facts.sure | {target}, pinned=pinned | {(target, value)})


def without(facts: Facts, gone: set[str]) -> Facts:
    """The same values with these labels taken away."""
    return evolve(
        facts,
        labels=None if facts.labels is None else facts.labels - gone,
        sure=facts.sure - gone,
        pinned=frozenset((n, v) for n, v in facts.pinned if n not in gone),
    )
