"""What drives the tests of an alert: its own probe, or one derived from its expression."""

from __future__ import annotations

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Above, Alert, Band
from asynq_mon_codegen.plan.bands import BANDS_GROUP
from asynq_mon_codegen.plan.plan import Plan
from asynq_mon_codegen.promql import Counter, Gauge, Histogram, Metric
from asynq_mon_codegen.promql.parsed import Node, NotPromQL, parse
from asynq_mon_codegen.simulator import Probe
from asynq_mon_codegen.simulator.derive import Clause, derive
from asynq_mon_codegen.simulator.ways import Reader

__all__ = ["probe_of"]


def probe_of(plan: Plan, alert: Alert) -> Probe | None:
    """The alert's probe, else one read off its expression; None where neither exists."""
    if alert.probe is not None:
        return alert.probe
    guards = tuple(
        Clause(kind=g.kind, expr=g.expr.render(plan.scope), text=g.text, minimum=g.minimum) for g in alert.guards
    )
    healthy = _healthy(plan, alert)
    return derive(
        alert.signal.expr.render(plan.scope),
        healthy=healthy,
        reader=_reader(plan, alert),
        guards=guards,
        first=_first(plan, alert, healthy),
        hold=min((r.hold for r in plan.every_rule_of(alert)), default=Duration(0)),
    )


def _levels(plan: Plan, alert: Alert) -> list[float]:
    """Every level; of a band what it is without history, for a derived probe has none."""
    found = []
    for rule in plan.every_rule_of(alert):
        for level in (c.level for c in rule.classes):
            number = level.outer(isinstance(alert.when, Above)) if isinstance(level, Band) else level
            found += [] if number is None else [number]
    return found


def _first(plan: Plan, alert: Alert, healthy: float) -> float:
    """The share of the way to the worst value after which the first level is passed; 0 where that is not known."""
    levels = _levels(plan, alert)
    if not levels or min(levels) <= 0:
        return 0
    rising = isinstance(alert.when, Above)
    near, worst = (min(levels), max(levels) * _WORST) if rising else (max(levels), min(levels) / _WORST)
    return (near - healthy) / (worst - healthy)


_WORST = 2
"""No value that the tests drive is further beyond a level than this factor."""


def _healthy(plan: Plan, alert: Alert) -> float:
    """A value of the signal at which no rule of the alert fires."""
    levels = _levels(plan, alert)
    if not levels:
        return 0.0
    if isinstance(alert.when, Above):
        return 0.0 if min(levels) > 0 else min(levels) - 1
    return max(levels) * 2 if max(levels) > 0 else max(levels) + 1


def _reader(plan: Plan, alert: Alert) -> Reader:
    metrics: dict[str, Metric] = {}
    for metric in plan.contract:
        metrics.setdefault(metric.name, metric)
    for expr in (alert.signal.expr, *(g.expr for g in alert.guards)):
        # a typed metric knows better who exports it than the first of its name
        metrics |= {m.name: m for m in expr.walk() if isinstance(m, Gauge | Counter | Histogram)}
    records: dict[str, Node] = {}
    for record in plan.records:
        if record.group == BANDS_GROUP:
            continue  # made of their own past: no series of a test tells what they are
        try:
            records[record.name] = parse(record.expr)
        except NotPromQL:
            continue
    return Reader(metrics=metrics, records=records)
