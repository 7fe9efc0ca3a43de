"""Follows labels, types and bounds through an expression and reports what cannot be right."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from attrs import evolve

from asynq_mon_codegen.checks.functions import (
    COUNTER_ONLY,
    LEVEL_ONLY,
    OF_RANGE,
    SCALARS,
    bounds_after,
    bounds_of_group,
    with_label,
    without,
)
from asynq_mon_codegen.checks.joins import COMPARISONS, Report, arithmetic, join
from asynq_mon_codegen.checks.ranges import compared
from asynq_mon_codegen.checks.series import Facts, Family, Knowledge
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import did_you_mean
from asynq_mon_codegen.promql import Matcher
from asynq_mon_codegen.promql.parsed import (
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Selector,
    Subquery,
    Text,
)

__all__ = ["track"]

_FEWEST_SCRAPES = 2
_ADVISED_SCRAPES = 4
_MULTIPLYING = frozenset({"sum", "count", "stddev", "stdvar"})
_PICKING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_OWN = "a metric of your own is declared with Monitoring(metrics=(Gauge(name=...),))"


def track(node: Node, known: Knowledge, report: Report) -> Facts:
    """The facts of an expression; every fault found on the way goes to ``report``."""
    return _Tracker(known, report).facts(node)


def _silent(_check: str, _message: str, _hint: str) -> None:
    """For expressions that are reported elsewhere."""


class _Tracker:
    def __init__(self, known: Knowledge, report: Report, inside: frozenset[str] = frozenset()) -> None:
        self.known = known
        self.report = report
        self.inside = inside  # a band is learnt from its own past

    def facts(self, node: Node) -> Facts:
        match node:
            case Number(value=value):
                return Facts(scalar=True, labels=frozenset(), low=value, high=value)
            case Text():
                return Facts(scalar=True, labels=frozenset())
            case Selector():
                return self.selector(node)
            case Subquery():
                return self.facts(node.expr)
            case Negation(expr=expr):
                inner = self.facts(expr)
                return evolve(inner, low=-inner.high, high=-inner.low)
            case Aggregation():
                return self.aggregation(node)
            case Call():
                return self.call(node)
            case Binary():
                return self.binary(node)

    # -- selectors -------------------------------------------------------------------------

    def selector(self, node: Selector) -> Facts:
        family = self.known.families.get(node.name)
        pinned = frozenset((m.label, m.value) for m in node.matchers if m.op == "=" and m.value)
        if family is None:
            self._unknown(node)
            return Facts(pinned=pinned)
        for matcher in node.matchers:
            self._matcher(family, matcher)
        if node.window is not None:
            self._window(family, node.window)
        low, high, counter, metric = self._values(family, pinned)
        names = {name for name, _ in pinned}
        return Facts(
            labels=family.labels | names,
            sure=family.labels | names,
            pinned=pinned,
            low=low,
            high=high,
            counter=counter,
            metric=metric,
            copies=family.name if family.copies and "instance" not in names else "",
        )

    def _values(self, family: Family, pinned: Iterable[tuple[str, str]]) -> tuple[float, float, str, str]:
        if family.kind == "record":
            behind = self.known.recorded.get(family.name)
            if behind is None or family.name in self.inside:
                return -math.inf, math.inf, "", ""
            facts = self.known.read.get(family.name)
            if facts is None:
                facts = _Tracker(self.known, _silent, self.inside | {family.name}).facts(behind)
                self.known.read[family.name] = facts
            return facts.low, facts.high, facts.counter, facts.metric
        caps = [cap for label, value, cap in family.caps if (label, value) in set(pinned)]
        counter = family.name if family.kind == "counter" else ""
        return family.low, min([family.high, *caps]), counter, family.name

    def _unknown(self, node: Selector) -> None:
        if self.known.is_open(node.name):
            return
        if not node.name:
            self.report("unknown-metric", "a selector names no metric, so it would read every series", "name a metric")
            return
        names = self.known.names()
        parts = [n for n in (f"{node.name}_bucket", f"{node.name}_count", f"{node.name}_sum") if n in names]
        if parts:
            self.report(
                "unknown-metric",
                f"{node.name} is a histogram: there is no series of that very name",
                f"read {parts[0]}",
            )
            return
        ending = node.name.partition(":")[2]
        same = [n for n in names if ending and n.partition(":")[2] == ending]
        near = f"did you mean {same[0]!r}?" if same else did_you_mean(node.name, names)
        hint = near if near.startswith("did you mean") else _OWN
        self.report("unknown-metric", f"there is no metric {node.name}", hint)

    def _matcher(self, family: Family, matcher: Matcher) -> None:
        name = matcher.label
        if name == "__name__":
            return
        if name not in family.labels and (family.kind == "record" or name not in self.known.anywhere):
            hint = did_you_mean(name, family.labels - self.known.anywhere or family.labels)
            others = sorted(f.name for f in self.known.families.values() if name in f.labels and f.kind != "record")
            if others and not hint.startswith("did you mean"):
                hint = f"{_most_alike(family.name, others)} has it; {hint}"
            self.report("unknown-label", f"{family.name} has no label {name!r}", hint)
            return
        values = dict(family.values).get(name, ())
        if not values or ("$" in matcher.value and matcher.op in ("=", "=~")):
            return
        if matcher.op in ("=", "!="):
            wrong = [] if matcher.value in values else [matcher.value]
        else:
            wrong = [part for part in _alternatives(matcher.value) if not _matches_any(part, values)]
        for value in wrong:
            self.report("unknown-label-value", f"{family.name} has no {name}={value!r}", did_you_mean(value, values))

    def _window(self, family: Family, window: float) -> None:
        record = family.kind == "record"
        step = self.known.evaluation if record else self.known.interval
        if window >= _FEWEST_SCRAPES * step:
            return
        what = "evaluation" if record else "scrape"
        self.report(
            "window",
            f"the window [{_duration(window)}] of {family.name} is shorter than two {what}s ({_duration(step)} apart)",
            f"take at least {_duration(_ADVISED_SCRAPES * step)}, so that a lost {what} leaves no gap",
        )

    # -- aggregations ----------------------------------------------------------------------

    def aggregation(self, node: Aggregation) -> Facts:
        inner = self.facts(node.expr)
        kept = self._kept(node, inner)
        if inner.labels is not None and self._grouping(node, inner.labels):
            kept = None  # what is grouped by a label that does not exist is anybody's guess
        if inner.copies and node.op in _MULTIPLYING and (kept is None or "instance" not in kept):
            self._multiplied(node, inner.copies)
        if node.op in _PICKING:
            return inner
        low, high = bounds_of_group(node.op, inner)
        same = node.op in {"sum", "max", "min", "avg"}
        return Facts(
            labels=kept,
            sure=frozenset()
            if kept is None
            else kept
            if inner.labels is None
            else kept & (inner.sure | kept - inner.labels),
            pinned=frozenset((n, v) for n, v in inner.pinned if kept is None or n in kept),
            low=low,
            high=high,
            counter=inner.counter if same else "",
            metric=inner.metric if same else "",
            copies=inner.copies if kept is not None and "instance" in kept else "",
        )

    def _kept(self, node: Aggregation, inner: Facts) -> frozenset[str] | None:
        if node.op in _PICKING:
            return inner.labels
        if node.without:
            return None if inner.labels is None else inner.labels - frozenset(node.labels)
        return frozenset(node.labels)

    def _grouping(self, node: Aggregation, labels: frozenset[str]) -> bool:
        clause = "without" if node.without else "by"
        wrong = False
        for label in node.labels:
            if label in labels or (label in self.known.anywhere and (node.without or "instance" in labels)):
                continue
            known = labels - self.known.anywhere or labels
            hint = did_you_mean(label, known) if known else "it has no labels at all"
            self.report("unknown-label", f"{node.op} {clause} ({label}): the expression has no label {label!r}", hint)
            wrong = True
        return wrong

    def _multiplied(self, node: Aggregation, metric: str) -> None:
        by = f" by ({', '.join(node.labels)})" if node.labels and not node.without else ""
        first = ", ".join((*self.known.identity, "queue"))
        self.report(
            "duplicate-exporters",
            f"{node.op}{by} over {metric} counts every task once per exporter: each exporter tells the whole of Redis",
            f"merge the exporters first: {node.op}{by} (max by ({first}) ({metric}))"
            if "queue" not in node.labels
            else f"take max{by} ({metric})",
        )

    # -- functions -------------------------------------------------------------------------

    def call(self, node: Call) -> Facts:
        inner = next((a for a in node.args if isinstance(a, Selector | Subquery)), None)
        vector = inner or next((a for a in node.args if not isinstance(a, Number | Text)), None)
        if vector is None:
            constant = node.args[0] if node.args else None
            value = constant.value if isinstance(constant, Number) else None
            return self._from_number(node.func, value)
        facts = self.facts(vector)
        for other in node.args:
            if other is not vector and not isinstance(other, Number | Text):
                self.facts(other)
        if isinstance(vector, Selector) and node.func in OF_RANGE:
            self._type(node.func, vector.name)
        after = node.args[node.args.index(vector) + 1 :]
        constants = tuple(a.value if isinstance(a, Number) else None for a in after)
        low, high = bounds_after(node.func, facts, constants)
        counter = facts.counter if node.func in {"max_over_time", "min_over_time", "last_over_time", "sort"} else ""
        keeps = node.func not in {"histogram_quantile", "timestamp", "changes", "resets", "count_over_time"}
        out = evolve(facts, low=low, high=high, counter=counter, metric=facts.metric if keeps else "")
        return self._relabelled(node, vector, out)

    def _from_number(self, func: str, value: float | None) -> Facts:
        bounds = (value, value) if func == "vector" and value is not None else bounds_after(func, Facts(), ())
        return Facts(scalar=func in SCALARS, labels=frozenset(), low=bounds[0], high=bounds[1])

    def _relabelled(self, node: Call, vector: Node, facts: Facts) -> Facts:
        match node.func:
            case "absent" | "absent_over_time":
                pinned = facts.pinned if isinstance(vector, Selector) else frozenset()
                names = frozenset(name for name, _ in pinned)
                return Facts(labels=names, sure=names, pinned=pinned, low=1, high=1)
            case "scalar":
                return Facts(scalar=True, labels=frozenset(), low=facts.low, high=facts.high)
            case "vector":
                return evolve(facts, labels=frozenset(), sure=frozenset(), pinned=frozenset(), scalar=False)
            case "histogram_quantile" | "histogram_fraction":
                if facts.labels is not None and "le" not in facts.labels:
                    self.report(
                        "unknown-label",
                        f"{node.func}() needs the label le, which is aggregated away",
                        "add le to by (...)",
                    )
                return without(facts, {"le"})
            case "label_replace" | "label_join":
                return with_label(node, facts)
            case _:
                return facts

    def _type(self, func: str, name: str) -> None:
        family = self.known.families.get(name)
        if family is None:
            return
        if func in COUNTER_ONLY and family.kind != "counter":
            what = "a recorded level" if family.kind == "record" else "a gauge"
            note = f": {family.note}" if family.note else ""
            self.report(
                "metric-type", f"{func}() of {name}, which is {what}{note}", "use delta(), deriv() or avg_over_time()"
            )
        if func in LEVEL_ONLY and family.kind == "counter":
            self.report(
                "metric-type", f"{func}() of {name}, which is a counter: it only grows", "use rate() or increase()"
            )

    # -- operators -------------------------------------------------------------------------

    def binary(self, node: Binary) -> Facts:
        left, right = self.facts(node.left), self.facts(node.right)
        if node.op in COMPARISONS:
            compared(node, left, right, self.known, self.report)
        if left.scalar or right.scalar:
            if left.scalar and right.scalar:
                return evolve(arithmetic(node, left, right), scalar=True, labels=frozenset())
            return arithmetic(node, left, right)
        return join(node, left, right, self.report)


def _most_alike(name: str, others: list[str]) -> str:
    return max(others, key=lambda other: difflib.SequenceMatcher(None, name, other).ratio())


def _alternatives(pattern: str) -> list[str]:
    """The branches of a plain alternation; the whole pattern where it has brackets."""
    return [pattern] if re.search(r"[()\[\]]", pattern) else pattern.split("|")


def _matches_any(pattern: str, values: Iterable[str]) -> bool:
    try:
        return any(re.fullmatch(pattern, value) for value in values)
    except re.error:
        return True  # RE2 and Python differ; Prometheus judges


def _duration(seconds: float) -> str:
    return str(Duration(round(seconds * 1000)))
