"""Service levels resolved: what is recorded for each, and the condition of a rule that watches their budgets."""

from __future__ import annotations

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
    Fleet,
    Monitoring,
    Severity,
    StartedWithin,
    Success,
    budget_of,
    slos_of,
    tuned,
)
from asynq_mon_codegen.plan.buckets import bounds_of
from asynq_mon_codegen.plan.expressions import pretty
from asynq_mon_codegen.plan.promises import kinds_of, promises_of
from asynq_mon_codegen.plan.thresholds import ThresholdClass
from asynq_mon_codegen.plan.where import matchers_of_terms
from asynq_mon_codegen.promql import Expr, Histogram, Matcher, Scope
from asynq_mon_codegen.promql.expressions import Binary, either
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["burn_condition", "check", "histogram_of", "limit_of", "outcomes_of", "parts_of", "rule_group"]

_FAILURES = ("retried", "archived")


def check(declared: Monitoring, paced: Monitoring) -> None:
    """Raise DeclarationError where a service level could never be met, missed or measured.

    ``paced`` is the declaration in the plan's time; the workers export the bounds of the one that was ``declared``.
    """
    for slo in declared.slos:
        slo.check_window()
        slo.check_reach(alert.when for alert in declared.alerts if isinstance(alert.when, Burn))
    for (slo, _), (_, owner) in zip(slos_of(paced), slos_of(declared), strict=True):
        histogram = histogram_of(slo)
        if histogram is not None and slo.objective is not None:
            _check_bound(slo, owner, histogram)


def _check_bound(slo: SLO, owner: Monitoring, histogram: Histogram) -> None:
    """The workers of a service know the levels of their own declaration, and those of a fleet the common ones."""
    bounds = bounds_of(evolve(owner, services=()) if isinstance(owner, Fleet) else tuned(owner), histogram)
    limit = limit_of(slo)
    if limit.seconds in bounds:
        return
    below = [b for b in bounds if b < limit.seconds][-1:]
    above = [b for b in bounds if b > limit.seconds][:1]
    near = " or ".join(f'"{Duration(round(b * 1000))}"' for b in (*below, *above))
    whose = f" of service {owner.service!r}" if owner.where else ""
    raise DeclarationError(
        f"SLO {slo.name!r}{whose}: {limit} is not the bound of a bucket of {histogram.name}, "
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


def limit_of(slo: SLO) -> Duration:
    """The time within which work is good; 0 where it is not about time."""
    return Duration(0) if isinstance(slo.indicator, Success) else slo.indicator.limit


def outcomes_of(slo: SLO) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The outcomes that are errors and those that are good."""
    final = isinstance(slo.indicator, Success) and slo.indicator.final
    return (("archived",) if final else _FAILURES), ("succeeded",)


# -- recorded series -----------------------------------------------------------------------------


def _by(slo: SLO) -> tuple[str, ...]:
    return ("queue", "task_type") if slo.task_types else ("queue",)


def _tasks(slo: SLO) -> tuple[Matcher, ...]:
    return (any_of("task_type", slo.task_types),) if slo.task_types else ()


def _errors(slo: SLO, where: tuple[Matcher, ...]) -> Expr:
    matchers = (*where, *_tasks(slo))
    histogram = histogram_of(slo)
    if histogram is not None:
        slower = histogram.matching(*matchers).slower_than(limit_of(slo), "5m")
        return slower.sum(by=_by(slo)).clamp_min(0)
    if not slo.needs_instrumentation:
        return FAILED.matching(*matchers)
    bad, _ = outcomes_of(slo)
    return TASK_OUTCOMES.where(outcome=bad).matching(*matchers).rate("5m").sum(by=_by(slo))


def _all(slo: SLO, where: tuple[Matcher, ...]) -> Expr:
    matchers = (*where, *_tasks(slo))
    histogram = histogram_of(slo)
    if histogram is not None:
        return histogram.matching(*matchers).observations("5m").sum(by=_by(slo))
    if not slo.needs_instrumentation:
        return PROCESSED.matching(*matchers)
    bad, good = outcomes_of(slo)
    return TASK_OUTCOMES.where(outcome=(*good, *bad)).matching(*matchers).rate("5m").sum(by=_by(slo))


def _named(slo: SLO, expr: Expr) -> Expr:
    return expr.relabel("slo", slo.name)


def parts_of(monitoring: Monitoring) -> tuple[tuple[str, tuple[Expr, ...]], ...]:
    """What the declared service levels add to the recorded series, for :class:`Scope`."""
    errors: list[Expr] = []
    budget: list[Expr] = []
    objective: list[Expr] = []
    remaining: list[Expr] = []
    for promise in promises_of(monitoring):
        slo = promise.slo
        errors += [_named(slo, _errors(slo, matchers_of_terms(terms))) for terms in promise.judged]
        for terms, share in promise.classes:
            where = matchers_of_terms(terms)
            budget.append(_named(slo, _all(slo, where) * budget_of(share)))
            objective.append(catalog.BUDGET_4M.matching(any_of("slo", (slo.name,)), *where) * 0 + share)
    for window, selected in kinds_of(monitoring, _window):
        for matchers in selected:
            bad, allowed = (r.matching(*matchers).sum_over(window) for r in (catalog.ERRORS_4M, catalog.BUDGET_4M))
            remaining.append(1 - bad / allowed.above(0))
    parts = {
        "slo_errors": errors,
        "slo_budget": budget,
        "slo_remaining": remaining,
        "slo_objective": objective,
    }
    return tuple((key, tuple(exprs)) for key, exprs in parts.items() if exprs)


def _window(slo: SLO) -> Duration:
    return slo.window


# -- rules ---------------------------------------------------------------------------------------


def rule_group(alert: Alert, severity: Severity) -> str:
    """The rule group of the alert's rule of this severity: tickets look at days, and so less often."""
    slow = isinstance(alert.when, Burn) and severity is not Severity.CRITICAL
    return catalog.LONG_GROUP if slow and alert.group == catalog.GROUP else alert.group


def burn_condition(
    alert: Alert, severity: Severity, classes: tuple[ThresholdClass, ...], monitoring: Monitoring, scope: Scope
) -> str:
    """The expression of the rule that watches the budgets of the alert's service levels; empty without any."""
    if not isinstance(alert.when, Burn):
        return ""
    pairs = [w for w in alert.when.windows if w.severity is severity]
    minimum = next((g.minimum for g in alert.guards if g.minimum is not None), None)
    parts: list[Expr] = []
    for (latency, window), selected in kinds_of(monitoring, lambda slo: (slo.is_latency, slo.window)):
        for matchers in selected if latency == alert.when.latency else ():
            for pair in pairs:
                factor = pair.factor(window)
                both: Expr = pair.slow.above(factor).and_(pair.fast.above(factor))
                if minimum is not None:
                    both = both.and_(pair.errors.at_least(minimum))
                parts.append(_Within(both, (*matchers, *classes[-1].matchers)))
    if not parts:
        return ""
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
