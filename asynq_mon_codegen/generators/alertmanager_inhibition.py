"""Which alerts are not worth a notification while another one fires."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.promql import Expr, Metric, Record
from asynq_mon_codegen.routing import COMPONENT, Criterion

__all__ = ["InhibitRule", "inhibit_rules"]

_TARGET_LABELS = frozenset({"job", "instance", "pod", "container", "node", "addr"})
"""Labels that say which target exported a series: the instance of Redis is not that of a worker."""


@frozen(kw_only=True)
class InhibitRule:
    """While an alert matches ``source``, those that match ``target`` and agree in ``equal`` are muted."""

    source: tuple[Criterion, ...]
    target: tuple[Criterion, ...]
    equal: tuple[str, ...]


def inhibit_rules(plan: Plan) -> tuple[InhibitRule, ...]:
    """Critical over warning over info of one alert, then what each alert says that it makes needless.

    Every rule has ``equal``: at least the identity labels and the service, so a target is as much one of
    ours as its source. An alert never inhibits itself; the watchdog neither inhibits nor is inhibited.
    """
    return (*_by_severity(plan), *_by_cause(plan))


def _by_severity(plan: Plan) -> Iterator[InhibitRule]:
    """Two rules for all alerts: a label that neither alert has counts as equal."""
    loud = [a for a in plan.alerts if a.severity is not Severity.NONE]
    several = [a for a in loud if any(b.name == a.name and b.severity is not a.severity for b in loud)]
    if not several:
        return
    names = frozenset().union(*(a.label_names for a in several))
    equal = _equal(plan, names | {"alertname"})
    ours = Criterion("component", (COMPONENT,))
    for source, targets in (
        (Severity.CRITICAL, (Severity.WARNING, Severity.INFO)),
        (Severity.WARNING, (Severity.INFO,)),
    ):
        yield InhibitRule(
            source=(ours, Criterion("severity", (source.value,))),
            target=(Criterion("severity", tuple(t.value for t in targets)),),
            equal=equal,
        )


def _by_cause(plan: Plan) -> Iterator[InhibitRule]:
    rules = {name: [a for a in plan.alerts if a.name == name] for name in dict.fromkeys(a.name for a in plan.alerts)}
    first = {name: several[0] for name, several in rules.items() if several[0].severity is not Severity.NONE}
    for name, source in first.items():
        by_equal: dict[tuple[str, ...], list[str]] = {}
        for target in dict.fromkeys(source.alert.inhibits):
            # A declaration may have taken the target out of the catalogue's alerts.
            if target != name and target in first:
                by_equal.setdefault(_equal(plan, _common(source, first[target])), []).append(target)
        for equal, targets in by_equal.items():
            for said, muted in _severities(rules[name], [rules[t] for t in targets]):
                yield InhibitRule(
                    source=(Criterion("component", (COMPONENT,)), Criterion("alertname", (name,)), *said),
                    target=(Criterion("alertname", tuple(targets)), *muted),
                    equal=equal,
                )


def _severities(
    source: list[PlannedAlert], targets: list[list[PlannedAlert]]
) -> Iterator[tuple[tuple[Criterion, ...], tuple[Criterion, ...]]]:
    """Criteria of severity for source and target: a warning says too little to mute what wakes somebody."""
    order = list(Severity)
    worst = min(order.index(a.severity) for several in targets for a in several)
    have = tuple(dict.fromkeys(a.severity for a in source))
    free = tuple(s.value for s in have if order.index(s) <= worst)
    bound = tuple(s for s in have if order.index(s) > worst)
    if free:
        yield (Criterion("severity", free),) if bound else (), ()
    for severity in bound:
        lower = tuple(s.value for s in order[order.index(severity) :] if s is not Severity.NONE)
        yield (Criterion("severity", (severity.value,)),) if len(have) > 1 else (), (Criterion("severity", lower),)


def _common(source: PlannedAlert, target: PlannedAlert) -> frozenset[str]:
    common = source.label_names & target.label_names
    if _exporters(source.alert.signal.expr) != _exporters(target.alert.signal.expr):
        common -= _TARGET_LABELS
    return common


def _exporters(expr: Expr) -> frozenset[str]:
    """The kinds of targets that export what the expression reads."""
    found: set[str] = set()
    for part in expr.walk():
        if isinstance(part, Metric):
            found.add(part.source.value)
        elif isinstance(part, Record):
            found |= _exporters(part.expr)
    return frozenset(found)


def _equal(plan: Plan, names: frozenset[str]) -> tuple[str, ...]:
    fixed = (*plan.monitoring.identity, "service")
    return (*fixed, *sorted(names - set(fixed)))
