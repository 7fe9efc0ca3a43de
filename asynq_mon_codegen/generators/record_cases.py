"""Tests of recorded series: two unequal members in each group, so that another aggregation gives another value.

Only what aggregates a metric, or its rate, directly; what is made of other records is tested by the
alerts that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.plan import Plan, PlannedRecord
from asynq_mon_codegen.promql import Counter, Gauge, Matcher, Metric
from asynq_mon_codegen.promql.expressions import Aggregate, Call
from asynq_mon_codegen.promql.metrics import Range
from asynq_mon_codegen.simulator import STEP, World

__all__ = ["RecordCase", "record_cases"]

_OPS: dict[str, Callable[[list[float]], float]] = {"max": max, "min": min, "sum": sum}
_BEFORE = Duration(20 * 60_000)
_INSTANCES = ("member-1:9100", "member-2:9100")
# steps of a power of two, so that rates are exact
_LEVELS = {"first": (8.0, 2.0), "second": (16.0, 4.0)}


@frozen(kw_only=True)
class RecordCase:
    """A world, and the value of the record for each of its groups at a moment.

    ``where`` is all that is looked at, to so many ``decimals``.
    """

    record: str
    series: tuple[tuple[str, dict[str, str], str], ...]
    at: Duration
    title: str = "two unequal members"
    step: Duration = STEP
    samples: tuple[tuple[tuple[tuple[str, str], ...], float], ...]
    where: tuple[Matcher, ...] = ()
    decimals: int = 3


def record_cases(plan: Plan, records: tuple[PlannedRecord, ...]) -> Iterator[RecordCase]:
    """A case for each record that aggregates a gauge, or the rate or increase of a counter."""
    for planned in records:
        expr = planned.record.expr
        if not isinstance(expr, Aggregate) or expr.op not in _OPS or {"job", "instance"} & set(expr.by):
            continue
        match expr.expr:
            case Gauge() as metric:
                yield _case(plan, planned, metric, expr, "", Duration(300_000))
            case Call(
                func="rate" | "increase" as func, args=(Range(series=Counter() as metric, window=window, suffix=""),)
            ):
                yield _case(plan, planned, metric, expr, func, duration(window))
            case _:
                continue


def _case(
    plan: Plan, planned: PlannedRecord, metric: Metric, expr: Aggregate, func: str, window: Duration
) -> RecordCase:
    full = Duration(-(-window.milliseconds // 60_000) * 60_000 + 60_000)
    world = World(
        step=STEP,
        before=_BEFORE,
        fault=Duration(full.milliseconds + 120_000),
        after=STEP,
        identity=plan.monitoring.identity,
        selectors=dict(plan.scope.selectors),
    )
    groups = tuple(_LEVELS) if expr.by else ("first",)
    samples = []
    for group in groups:
        labels = {label: _named(plan, metric, label, group) for label in expr.by}
        values = _LEVELS[group]
        for instance, value in zip(_INSTANCES, values, strict=True):
            _put(world, metric, {**_selected(metric), **labels, "instance": instance}, value)
        value = float(_OPS[expr.op]([_level(metric, v) for v in values]))
        scale = window.seconds if func == "increase" else 1.0
        found = {**world.identity, **labels}
        samples.append((tuple(sorted(found.items())), value * scale))
    return RecordCase(
        record=planned.name,
        series=world.series(),
        at=Duration(world.start.milliseconds + full.milliseconds),
        samples=tuple(sorted(samples)),
    )


def _named(plan: Plan, metric: Metric, label: str, group: str) -> str:
    """A value of a label that the metric's matchers and the declaration's selector accept."""
    wanted = [m for m in (*metric.matchers, *plan.scope.selector(metric.source.value)) if m.label == label]
    allowed = next((known.values for known in metric.label_set if known.name == label), ())
    candidates = (*allowed[: 1 if group == "first" else 0], *allowed[1:], f"{label}-{group}", f"asynq-{label}-{group}")
    return next((c for c in candidates if all(m.accepts(c) for m in wanted)), f"{label}-{group}")


def _put(world: World, metric: Metric, labels: dict[str, str], value: float) -> None:
    if isinstance(metric, Counter):
        world.counter(metric, labels, 0, value)
    elif isinstance(metric, Gauge):
        level = _level(metric, value)
        world.gauge(metric, labels, level, level)


def _level(metric: Metric, value: float) -> float:
    """The value, or 1 and 0 for what cannot be more."""
    return value if metric.maximum is None else float(value > _LEVELS["second"][1])


def _selected(metric: Metric) -> dict[str, str]:
    """One set of labels that the metric's own matchers select."""
    own = {label.name: (label.values or ("x",))[0] for label in metric.label_set}
    for matcher in metric.matchers:
        own[matcher.label] = _accepted(matcher, own.get(matcher.label, "x"))
    return own


def _accepted(matcher: Matcher, preferred: str) -> str:
    candidates = (preferred, matcher.value, *matcher.value.split("|"), "x")
    return next((c for c in candidates if matcher.accepts(c)), preferred)
