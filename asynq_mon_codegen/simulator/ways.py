"""Ways to a value: for an expression, which series must be put into a world so that it has it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.promql import Counter, Gauge, Histogram, Matcher, Metric
from asynq_mon_codegen.promql.parsed import Aggregation, Binary, Call, Node, Number, Selector
from asynq_mon_codegen.simulator.joined import two
from asynq_mon_codegen.simulator.tracks import Level, Ramp, levels, totals
from asynq_mon_codegen.simulator.way import BASE, TYPICAL, Series, Way
from asynq_mon_codegen.simulator.world import World

__all__ = ["Reader", "way_of"]


_OVER_TIME = frozenset({"avg_over_time", "max_over_time", "min_over_time", "last_over_time"})
_RATES = frozenset({"rate", "irate", "increase"})
_COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
_SHORTEST_WINDOW = 30
"""Seconds; rule tests are scraped that often, and a rate needs two samples."""


@frozen(kw_only=True)
class Reader:
    """What selectors stand for: metrics by series name, and the expressions behind recorded series.

    ``right`` is true to the right of an operator, where members share a value otherwise than on its left.
    """

    metrics: Mapping[str, Metric]
    records: Mapping[str, Node]
    right: bool = False


def way_of(node: Node, reader: Reader) -> Way | None:
    """How to give this expression a value, or None where it does not say."""
    match node:
        case Selector(window=None):
            return _selector(node, reader)
        case Aggregation():
            return _aggregation(node, reader)
        case Call():
            return _call(node, reader)
        case Binary():
            return _binary(node, reader)
        case _:
            return None


# -- series --------------------------------------------------------------------------------


def _selector(node: Selector, reader: Reader) -> Way | None:
    behind = reader.records.get(node.name)
    if behind is not None:
        way = way_of(behind, reader)
        return None if way is None else _pinned(way, node.matchers)
    metric = reader.metrics.get(node.name)
    return _leaf(node, metric, counting=False) if isinstance(metric, Gauge) else None


def _pinned(way: Way, matchers: tuple[Matcher, ...]) -> Way | None:
    """A recorded series with matchers: they fix labels of what is behind it."""
    fixed = {m.label: m.value for m in matchers if m.op == "="}
    if len(fixed) < len(matchers):
        return None

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        return way.place(world, {**labels, **fixed}, healthy, broken)

    return evolve(way, place=place, taken=way.taken | frozenset(fixed))


def _leaf(node: Selector, metric: Metric, *, counting: bool) -> Way | None:
    values = {label.name: label.values for label in metric.label_set if label.values}
    fixed: dict[str, str] = {}
    for label in {m.label for m in node.matchers}:
        mine = [m for m in node.matchers if m.label == label]
        if label in ("job", "instance") or (all(m.op in ("!=", "!~") for m in mine) and label not in values):
            continue
        value = _accepted(mine, values.get(label, ()))
        if value is None:
            return None
        fixed[label] = value
    for label, allowed in values.items():
        fixed.setdefault(label, allowed[0])
    wanted = {m.label: m.value for m in node.matchers if m.op == "=" and m.label in ("job", "instance")}

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        return put(world, labels, healthy, broken, healthy)

    def put(world: World, labels: Mapping[str, str], healthy: Level, broken: Level, after: Level) -> dict[str, str]:
        instance = labels.get("instance", TYPICAL["instance"])
        typical = {label.name: TYPICAL.get(label.name, f"{label.name}-a") for label in metric.label_set}
        own = {**world.target(metric.source, instance), **typical, **fixed, **labels, **wanted}
        phases = zip(world.phases, (healthy, broken, after), strict=True)
        step = world.step.seconds
        track = totals(phases, step) if counting else levels(phases, step)  # type: ignore[arg-type]
        world.gauge_track(node.name, own, track)
        return {**world.identity, **own}

    reads = Series(name=node.name, fixed=tuple(sorted({**fixed, **wanted}.items()) if node.matchers else ()))
    asked = {m.label for m in node.matchers}
    return Way(
        place=place,
        labels=metric.labels | {"le"} if isinstance(metric, Histogram) else metric.labels,
        taken=frozenset(fixed) | frozenset(wanted),
        reads=(evolve(reads, fixed=tuple((k, v) for k, v in reads.fixed if k in asked)),),
        top=metric.maximum,
    )


def _accepted(matchers: list[Matcher], known: tuple[str, ...]) -> str | None:
    """A value that all matchers of one label accept."""
    candidates = [m.value for m in matchers if m.op == "="]
    for matcher in matchers:
        if matcher.op == "=~":
            candidates += [re.sub(r"\\(.)", r"\1", re.sub(r"\.[*+]", "x", p)) for p in matcher.value.split("|")]
    candidates += [*known, "other", "user"]
    return next((c for c in candidates if all(m.accepts(c) for m in matchers)), None)


# -- functions -----------------------------------------------------------------------------


def _call(node: Call, reader: Reader) -> Way | None:
    first = node.args[0] if node.args else None
    if isinstance(first, Selector) and first.window is not None:
        return _over_time(node.func, first, reader)
    if node.func in {"clamp_min", "clamp_max", "sort", "sort_desc"} and first is not None:
        return way_of(first, reader)
    if node.func == "histogram_quantile" and isinstance(first, Number) and len(node.args) > 1:
        return _quantile(first.value, node.args[1], reader)
    return None


def _over_time(func: str, series: Selector, reader: Reader) -> Way | None:
    window = series.window or 0
    if window <= _SHORTEST_WINDOW:
        return None
    settle = math.ceil(window * 1000)
    plain = evolve(series, window=None)
    if func in _OVER_TIME:
        way = _selector(plain, reader)
        linear = func == "avg_over_time" and not way.settle if way is not None else False
        return None if way is None else evolve(way, settle=way.settle + settle, linear=linear, exact=False)
    metric = reader.metrics.get(series.name) or _histogram(series.name, reader)
    if func not in _RATES or not isinstance(metric, Counter | Histogram):
        return None
    way = _leaf(plain, metric, counting=True)
    if way is None:
        return None
    rate = way.place
    scale = window if func == "increase" else 1.0

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        return rate(world, labels, max(healthy, 0.0) / scale, max(broken, 0.0) / scale)

    return evolve(way, place=place, settle=settle, exact=False, top=None)


def _histogram(name: str, reader: Reader) -> Metric | None:
    base = re.sub(r"_(?:bucket|sum|count)$", "", name)
    metric = reader.metrics.get(base)
    return metric if isinstance(metric, Histogram) else None


def _quantile(q: float, buckets: Node, reader: Reader) -> Way | None:
    inner = way_of(buckets, reader)
    if inner is None or "le" not in inner.labels or not 0 < q < 1:
        return None

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        worse = broken > healthy
        low, high = (healthy, broken) if worse else (broken, healthy)
        low = low if low > 0 else high / 10
        near = low / q
        far = near + max(high - near, near / 10) / q
        # all observations fall below `near` in one phase and between `near` and `far` in the other
        inner.place(world, {**labels, "le": f"{near:g}"}, *((BASE, 0.0) if worse else (0.0, BASE)))
        inner.place(world, {**labels, "le": repr(far)}, BASE, BASE)
        found = inner.place(world, {**labels, "le": "+Inf"}, BASE, BASE)
        return {k: v for k, v in found.items() if k != "le"}

    return evolve(inner, place=place, labels=inner.labels - {"le"}, linear=False, exact=False)


# -- aggregations --------------------------------------------------------------------------

_SHARES: Mapping[str, Callable[[float], tuple[float, float]]] = {
    "sum": lambda v: (v * 0.25, v * 0.75),
    "avg": lambda v: (v * 0.5, v * 1.5),
    "max": lambda v: (v, v * 0.5 if v >= 0 else v - 1),
    "min": lambda v: (v, v * 2 if v > 0 else v + 1),
}


def _other_sum(v: float) -> tuple[float, float]:
    return v * 0.4, v * 0.6


def _aggregation(node: Aggregation, reader: Reader) -> Way | None:
    inner = way_of(node.expr, reader)
    if inner is None or node.op not in _SHARES:
        return None
    labels = inner.labels - frozenset(node.labels) if node.without else frozenset(node.labels) & inner.labels
    shares = _other_sum if node.op == "sum" and reader.right else _SHARES[node.op]
    apart = [label for label in inner.labels - labels - inner.taken if label not in ("job", "le")]
    split = "instance" if "instance" in apart else next(iter(sorted(apart)), "")

    def keeps(label: str) -> bool:
        return (label in node.labels) != node.without

    def place(world: World, given: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        if not split or split in world.identity:
            found = inner.place(world, given, healthy, broken)
        else:
            members = zip(("1", "2"), shares(healthy), shares(broken), strict=True)
            for number, calm, bad in members:
                found = inner.place(world, {**given, split: f"{split}-{number}"}, calm, bad)
        lost = {label: "" for label in world.identity if not keeps(label)}
        return {**{k: v for k, v in found.items() if keeps(k)}, **lost}

    return evolve(
        inner, place=place, labels=labels, taken=inner.taken & labels, top=inner.top if node.op != "sum" else None
    )


# -- operators -----------------------------------------------------------------------------


def _binary(node: Binary, reader: Reader) -> Way | None:
    if node.is_bool:
        return None
    if isinstance(node.right, Number):
        return _with_number(node, node.right.value, reader)
    if isinstance(node.left, Number) and node.op == "-":
        return _mapped(way_of(node.right, reader), _subtracted_from(node.left.value))
    if isinstance(node.left, Call) and node.left.func == "time" and node.op == "-":
        return _age(node.right, reader)
    left = way_of(node.left, reader)
    if node.op == "or" or left is None:
        return left
    right = way_of(node.right, evolve(reader, right=True))
    if right is None:
        return None
    return two(node, left, right)


def _with_number(node: Binary, number: float, reader: Reader) -> Way | None:
    way = way_of(node.left, reader)
    if node.op in _COMPARISONS:
        return way
    if way is None or node.op not in "+-*/" or (node.op in "*/" and number <= 0):
        return None
    back: dict[str, Callable[[float], float]] = {
        "+": lambda v: v - number,
        "-": lambda v: v + number,
        "*": lambda v: v / number,
        "/": lambda v: v * number,
    }
    return _mapped(way, back[node.op])


def _subtracted_from(number: float) -> Callable[[float], float]:
    return lambda v: number - v


def _mapped(way: Way | None, back: Callable[[float], float]) -> Way | None:
    if way is None:
        return None
    inner = way.place

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        return inner(world, labels, back(healthy), back(broken))

    return evolve(way, place=place, top=None)


def _age(node: Node, reader: Reader) -> Way | None:
    """``time() - metric``: a timestamp that stays as far behind the clock as wanted."""
    inner = node.expr if isinstance(node, Aggregation) and node.op in ("max", "min") else node
    if not isinstance(inner, Selector) or inner.window is not None:
        return None
    metric = reader.metrics.get(inner.name)
    base, way = way_of(inner, reader), way_of(node, reader)
    if not isinstance(metric, Gauge) or base is None or way is None:
        return None
    series = inner

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        found = way.place(world, labels, 0, 0)
        fault, end = world.start.seconds, world.end.seconds
        members = [(f"instance-{n}", n) for n in (1, 2)] if isinstance(node, Aggregation) else [("", 1)]
        for instance, n in members:
            # another member is younger or older, so that only the right aggregation sees the wanted age
            other = 0 if n == 1 else (600 if isinstance(node, Aggregation) and node.op == "max" else -600)
            ages = (healthy + other, broken + other, healthy + other)
            starts = (0.0, fault, end)
            phases = zip(world.phases, (Ramp(s - a, 1) for s, a in zip(starts, ages, strict=True)), strict=True)
            chosen = {**labels, **({"instance": instance} if instance else {})}
            own = base.place(world, chosen, 0, 0)
            own = {k: v for k, v in own.items() if k not in world.identity}
            world.gauge_track(series.name, own, levels(phases, world.step.seconds))
        return found

    return evolve(way, place=place, exact=False, top=None)
