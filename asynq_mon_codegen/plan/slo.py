"""Service levels resolved: what is recorded for each, and the condition of a rule that watches their budgets."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from asynq_mon_codegen.catalog import slo as catalog
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_DURATION, TASK_OUTCOMES, TASK_WAIT
from asynq_mon_codegen.catalog.records import FAILED, PROCESSED
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import (
    SLO,
    Alert,
    Burn,
    FinishedWithin,
    Monitoring,
    Severity,
    StartedWithin,
    Success,
    budget_of,
)
from asynq_mon_codegen.plan.buckets import bounds_of
from asynq_mon_codegen.plan.expressions import pretty
from asynq_mon_codegen.plan.thresholds import ThresholdClass
from asynq_mon_codegen.promql import Expr, Histogram, Matcher, Scope
from asynq_mon_codegen.promql.expressions import Binary, either
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["burn_condition", "check", "objective_classes", "outcomes_of", "parts_of", "rule_group", "watched"]

_FAILURES = ("retried", "archived")


def check(monitoring: Monitoring) -> None:
    """Raise DeclarationError where a service level could never be met, missed or measured."""
    for slo in monitoring.slos:
        slo.check_window()
        for alert in monitoring.alerts:
            if isinstance(alert.when, Burn) and alert.when.watches(slo):
                slo.check_reach(alert.when.windows)
        histogram = histogram_of(slo)
        if histogram is not None:
            _check_bound(slo, histogram, bounds_of(monitoring, histogram))


def _check_bound(slo: SLO, histogram: Histogram, bounds: tuple[float, ...]) -> None:
    limit = limit_of(slo)
    if limit in bounds:
        return
    below = [b for b in bounds if b < limit][-1:]
    above = [b for b in bounds if b > limit][:1]
    near = " or ".join(f'"{Duration(round(b * 1000))}"' for b in (*below, *above))
    raise DeclarationError(
        f"SLO {slo.name!r}: {Duration(round(limit * 1000))} is not the bound of a bucket of {histogram.name}, "
        "so nobody counts what is within it",
        f"the nearest bounds are {near}; every level of an alert over the same time is a bound too",
    )


def histogram_of(slo: SLO) -> Histogram | None:
    """What a service level of time is measured by."""
    match slo.indicator:
        case StartedWithin():
            return TASK_WAIT
        case FinishedWithin():
            return TASK_DURATION
        case Success():
            return None


def limit_of(slo: SLO) -> float:
    """The time in seconds within which work is good; 0 where it is not about time."""
    return 0.0 if isinstance(slo.indicator, Success) else slo.indicator.limit.seconds


def outcomes_of(slo: SLO) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The outcomes that are errors and those that are good."""
    final = isinstance(slo.indicator, Success) and slo.indicator.final
    return (("archived",) if final else _FAILURES), ("succeeded",)


# -- recorded series -----------------------------------------------------------------------------


def objective_classes(slo: SLO) -> tuple[tuple[float, tuple[Matcher, ...]], ...]:
    """Each objective with the matchers of exactly its queues."""
    own = slo.objectives()
    apart = (*(q for _, queues in own for q in queues), *slo.excluded())
    out = [(objective, (any_of("queue", queues),)) for objective, queues in own]
    if not slo.queues:
        rest: tuple[Matcher, ...] = (any_of("queue", apart, negated=True),) if apart else ()
        return (*out, (slo.objective, rest))
    left = tuple(q for q in slo.queues if q not in apart)
    return (*out, (slo.objective, (any_of("queue", left),))) if left else tuple(out)


def _queues(slo: SLO) -> tuple[Matcher, ...]:
    """The matchers of all its queues."""
    out = slo.excluded()
    if slo.queues:
        return (any_of("queue", [q for q in slo.queues if q not in out]),)
    return (any_of("queue", out, negated=True),) if out else ()


def _by(slo: SLO) -> tuple[str, ...]:
    return ("queue", "task_type") if slo.task_types else ("queue",)


def _tasks(slo: SLO) -> tuple[Matcher, ...]:
    return (any_of("task_type", slo.task_types),) if slo.task_types else ()


def _errors(slo: SLO) -> Expr:
    matchers = (*_queues(slo), *_tasks(slo))
    histogram = histogram_of(slo)
    if histogram is not None:
        slower = histogram.matching(*matchers).slower_than(limit_of(slo), "5m")
        return slower.sum(by=_by(slo)).clamp_min(0)
    if not slo.needs_instrumentation:
        return FAILED.matching(*matchers)
    bad, _ = outcomes_of(slo)
    return TASK_OUTCOMES.where(outcome=bad).matching(*matchers).rate("5m").sum(by=_by(slo))


def _all(slo: SLO, queues: tuple[Matcher, ...]) -> Expr:
    matchers = (*queues, *_tasks(slo))
    histogram = histogram_of(slo)
    if histogram is not None:
        return histogram.matching(*matchers).observations("5m").sum(by=_by(slo))
    if not slo.needs_instrumentation:
        return PROCESSED.matching(*matchers)
    bad, good = outcomes_of(slo)
    return TASK_OUTCOMES.where(outcome=(*good, *bad)).matching(*matchers).rate("5m").sum(by=_by(slo))


def _named(slo: SLO, expr: Expr) -> Expr:
    return expr.relabel("slo", slo.name)


def _windows(slos: tuple[SLO, ...]) -> Iterator[tuple[Duration, tuple[SLO, ...], tuple[Matcher, ...]]]:
    """Each window with its service levels and their matchers, none where all have it."""
    windows = dict.fromkeys(s.window for s in slos)
    for window in windows:
        mine = tuple(s for s in slos if s.window == window)
        yield window, mine, (any_of("slo", [s.name for s in mine]),) if len(windows) > 1 else ()


def parts_of(monitoring: Monitoring) -> tuple[tuple[str, tuple[Expr, ...]], ...]:
    """What the declared service levels add to the recorded series, for :class:`Scope`."""
    slos = monitoring.slos
    if not slos:
        return ()
    budget, objective, remaining = [], [], []
    for slo in slos:
        for share, queues in objective_classes(slo):
            budget.append(_named(slo, _all(slo, queues) * budget_of(share)))
            one = catalog.BUDGET_4M.matching(any_of("slo", (slo.name,)), *queues)
            objective.append(one * 0 + share)
    for window, _, matchers in _windows(slos):
        errors, allowed = (r.matching(*matchers).sum_over(window) for r in (catalog.ERRORS_4M, catalog.BUDGET_4M))
        remaining.append(1 - errors / allowed.above(0))
    return (
        ("slo_errors", tuple(_named(slo, _errors(slo)) for slo in slos)),
        ("slo_budget", tuple(budget)),
        ("slo_remaining", tuple(remaining)),
        ("slo_objective", tuple(objective)),
    )


# -- rules ---------------------------------------------------------------------------------------


def watched(monitoring: Monitoring, alert: Alert) -> tuple[SLO, ...]:
    """The service levels that the alert is about."""
    when = alert.when
    return tuple(s for s in monitoring.slos if isinstance(when, Burn) and when.watches(s))


def rule_group(alert: Alert, severity: Severity) -> str:
    """The rule group of the alert's rule of this severity: tickets look at days, and so less often."""
    slow = isinstance(alert.when, Burn) and severity is not Severity.CRITICAL
    return catalog.LONG_GROUP if slow and alert.group == catalog.GROUP else alert.group


def burn_condition(
    alert: Alert, severity: Severity, classes: tuple[ThresholdClass, ...], monitoring: Monitoring, scope: Scope
) -> str:
    """The expression of the rule that watches the budgets of the alert's service levels; empty without any."""
    slos = watched(monitoring, alert)
    if not slos or not isinstance(alert.when, Burn):
        return ""
    pairs = [w for w in alert.when.windows if w.severity is severity]
    minimum = next((g.minimum for g in alert.guards if g.minimum is not None), None)
    several = len(slos) < len(monitoring.slos)
    parts: list[Expr] = []
    for window, mine, by_window in _windows(slos):
        matchers = by_window or ((any_of("slo", [s.name for s in mine]),) if several else ())
        for pair in pairs:
            factor = pair.factor(window)
            both: Expr = pair.slow.above(factor).and_(pair.fast.above(factor))
            if minimum is not None:
                both = both.and_(pair.errors.at_least(minimum))
            parts.append(_Within(both, (*matchers, *classes[-1].matchers)))
    whole = either(*parts)
    for guard in alert.guards:
        if guard.minimum is None and guard.applies_to(severity):
            whole = Binary(guard.kind, whole, guard.expr)
    return pretty(whole.render(scope))


@frozen
class _Within(Expr):
    """An expression of which only some series count."""

    expr: Expr
    matchers: tuple[Matcher, ...]

    @property
    def labels(self) -> frozenset[str] | None:  # type: ignore[override]
        """Those of the expression."""
        return self.expr.labels

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """That of the expression."""
        return self.expr.precedence

    def children(self) -> tuple[Expr, ...]:
        """The expression."""
        return (self.expr,)

    def render(self, scope: Scope) -> str:
        """The expression with the matchers on each series."""
        return self.expr.render(evolve(scope, matchers=(*scope.matchers, *self.matchers)))
