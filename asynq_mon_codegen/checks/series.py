"""Every series that an expression may name, and what is known of its labels and values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.promql import Counter, Expr, Histogram, Metric, Source
from asynq_mon_codegen.promql.parsed import Node, NotPromQL, parse

__all__ = ["TARGET_LABELS", "Facts", "Family", "Knowledge", "knowledge"]

TARGET_LABELS = frozenset({"job", "instance"})
_ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_INF = math.inf


@frozen(kw_only=True)
class Facts:
    """What is known of an expression's result.

    ``labels`` are all labels that its series may have (None: unknown), ``sure`` those that each has,
    ``pinned`` labels that have the same value on all; ``low`` and ``high`` bound the value.
    ``counter`` names the counter whose ever-growing total the value still is, ``metric`` the one metric
    that it is made of, ``copies`` the metric that every exporter tells alike while nothing has merged
    them yet.
    """

    scalar: bool = False
    labels: frozenset[str] | None = None
    sure: frozenset[str] = frozenset()
    pinned: frozenset[tuple[str, str]] = frozenset()
    low: float = -_INF
    high: float = _INF
    counter: str = ""
    metric: str = ""
    copies: str = ""

    @property
    def constant(self) -> float | None:
        """The value where it is a plain number."""
        return self.low if self.scalar and self.low == self.high else None

    def varying(self) -> frozenset[str] | None:
        """The labels that tell the series apart."""
        return None if self.labels is None else self.labels - {name for name, _ in self.pinned}


@frozen(kw_only=True)
class Family:
    """One series name: a metric, a part of a histogram, or a recorded series.

    ``kind`` is ``counter``, ``gauge`` or ``record``; ``caps`` are lower maxima of single label values.
    """

    name: str
    kind: str
    labels: frozenset[str]
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    low: float = -_INF
    high: float = _INF
    caps: tuple[tuple[str, str, float], ...] = ()
    copies: bool = False
    note: str = ""


@frozen(kw_only=True)
class Knowledge:
    """All that expressions of one declaration may read.

    ``families`` are by name; ``recorded`` are the expressions behind recorded series; ``anywhere`` are
    labels that any scraped series may have beside its own; ``interval`` and ``evaluation`` are in seconds.
    ``read`` remembers the facts of recorded series, which many expressions read.
    """

    families: Mapping[str, Family]
    recorded: Mapping[str, Node]
    identity: tuple[str, ...]
    anywhere: frozenset[str]
    interval: float
    evaluation: float
    read: dict[str, Facts] = field(factory=dict, eq=False, repr=False)

    def is_open(self, name: str) -> bool:
        """Whether the name is a series of Prometheus itself, with labels that only the rules know."""
        return name in _ALERT_SERIES

    def names(self) -> list[str]:
        """Every name that can be read."""
        return [*self.families, *_ALERT_SERIES]


def knowledge(plan: Plan) -> Knowledge:
    """What the declaration's expressions may read: contract, own metrics and recorded series."""
    identity = plan.scope.identity
    selector_labels = {m.label for _, matchers in plan.scope.selectors for m in matchers}
    anywhere = TARGET_LABELS | set(identity) | selector_labels
    families: dict[str, Family] = {}
    for metric in (*plan.contract, *_used(plan)):
        for family in _families(metric, TARGET_LABELS | set(identity)):
            known = families.get(family.name)
            families[family.name] = family if known is None else _merged(known, family)
    recorded: dict[str, Node] = {}
    for record in plan.records:
        labels = frozenset({*identity, *record.record.by})
        families[record.name] = Family(name=record.name, kind="record", labels=labels)
        try:
            recorded[record.name] = parse(record.expr)
        except NotPromQL:
            continue  # reported where the record itself is checked
    return Knowledge(
        families=families,
        recorded=recorded,
        identity=identity,
        anywhere=frozenset(anywhere),
        interval=plan.monitoring.scrape.interval.seconds,
        evaluation=plan.monitoring.evaluation_interval.seconds,
    )


def _used(plan: Plan) -> Iterator[Metric]:
    """Metrics in typed expressions: a user's own need no second declaration."""
    roots: list[Expr] = [r.record.expr for r in plan.records]
    for alert in plan.monitoring.alerts:
        roots += [alert.signal.expr, *(g.expr for g in alert.guards)]
    for root in roots:
        for expr in root.walk():
            if isinstance(expr, Metric):
                yield expr


def _families(metric: Metric, always: frozenset[str]) -> Iterator[Family]:
    base = Family(
        name=metric.name,
        kind="counter" if isinstance(metric, Counter) else "gauge",
        labels=metric.labels | always,
        values=tuple((label.name, label.values) for label in metric.label_set if label.values),
        low=-_INF if metric.minimum is None else metric.minimum,
        high=_INF if metric.maximum is None else metric.maximum,
        caps=metric.caps,
        copies=metric.source is Source.COLLECTOR,
        note=metric.note,
    )
    if not isinstance(metric, Histogram):
        yield base
        return
    for suffix in ("_bucket", "_sum", "_count"):
        extra = {"le"} if suffix == "_bucket" else set()
        yield Family(name=metric.name + suffix, kind="counter", labels=base.labels | extra, values=base.values, low=0)


def _merged(a: Family, b: Family) -> Family:
    """One family out of two of the same name (``up`` of workers and of exporters)."""
    if a == b:
        return a
    kinds = {a.kind, b.kind}
    return Family(
        name=a.name,
        kind=a.kind if len(kinds) == 1 else "gauge",
        labels=a.labels | b.labels,
        values=tuple(v for v in a.values if v in b.values),
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        caps=tuple(c for c in a.caps if c in b.caps),
        copies=a.copies and b.copies,
        note=a.note or b.note,
    )
