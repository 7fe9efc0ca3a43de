"""PromQL of panels: expressions in the scope of a dashboard's variables, and thresholds as expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.catalog.dashboards.parts import AlertSeries, Overall
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Line, TimeWithin, Variable
from asynq_mon_codegen.model import Band, Severity
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.bands import level_expr
from asynq_mon_codegen.plan.thresholds import ThresholdClass, compares
from asynq_mon_codegen.promql import Expr, Matcher, Metric, Scope, Series
from asynq_mon_codegen.promql.expressions import Binary, Call, Number, Time
from asynq_mon_codegen.promql.metrics import Range
from asynq_mon_codegen.promql.records import Recorded

__all__ = ["Queries", "identity_variables", "literal", "of_one_deployment", "rules_with_levels", "uniform"]

_VARIABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BUCKETS_STEP = "1m"
_TAKEN = frozenset({"queue", "task_type", "instance", "host", "prometheus_datasource", "loki_datasource"})


def identity_variables(identity: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(label, variable) for each identity label; the names agree unless Grafana or a dashboard forbids it."""
    return tuple((label, _variable_name(label)) for label in identity)


def _variable_name(label: str) -> str:
    if _VARIABLE_NAME.fullmatch(label) and label not in _TAKEN:
        return label
    return f"id_{label.lower()}"


@frozen(order=True)
class _Literal(Matcher):
    """A matcher of a declared value, in which Grafana must find none of its variables."""

    def __str__(self) -> str:
        return super().__str__().replace("$", r"\x24").replace("[[", r"\x5b[")


def literal(matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
    """The same matchers, safe from Grafana's ``$name`` and ``[[name]]``."""
    return tuple(_Literal(m.label, m.op, m.value) for m in matchers)


def rules_with_levels(plan: Plan, alert: str) -> tuple[PlannedAlert, ...]:
    """The rules of the alert that compare with a level, the worst first; none where the declaration dropped it.

    Rules of single queues and task types are joined to that of their severity: it has all levels.
    """
    found: dict[Severity, PlannedAlert] = {}
    for rule in plan.alerts:
        if rule.name == alert and compares(rule.alert) and any(c.level is not None for c in rule.classes):
            known = found.get(rule.severity)
            classes = rule.classes if known is None else (*rule.classes, *known.classes)
            found[rule.severity] = rule if known is None else evolve(known, classes=classes)
    return tuple(found.values())


def uniform(rule: PlannedAlert) -> float | None:
    """The level that holds for everything; None where queues or task types differ, or each has learnt its own."""
    levels = {c.level for c in rule.classes}
    level = levels.pop() if len(levels) == 1 else None
    return None if isinstance(level, Band) else level


def of_one_deployment(expr: Expr) -> bool:
    """Whether the result has the identity labels."""
    match expr:
        case Overall() | Number() | Time():
            return False
        case Binary() | Call():
            return any(of_one_deployment(child) for child in expr.children())
        case _:
            return True


def _level(drawn: Expr, cls: ThresholdClass) -> Expr | None:
    """A level as a line: a constant where something is drawn, or what has been learnt."""
    if isinstance(cls.level, Band):
        return None if cls.usual is None else level_expr(cls.level, cls.usual)
    return None if cls.level is None else drawn * 0 + cls.level


def _reads(expr: Expr) -> Iterator[Series | Range]:
    """The series and windows that Prometheus reads for an expression; what is recorded it does not compute again."""
    if isinstance(expr, Series | Range):
        yield expr
        return
    for child in expr.children():
        yield from _reads(child)


@frozen(kw_only=True)
class Queries:
    """Renders the expressions of one dashboard."""

    plan: Plan
    board: Dashboard

    def text(self, expr: Expr) -> str:
        """PromQL in which every series is filtered by the dashboard's variables."""
        return expr.render(self._scope(expr))

    def cells(self, expr: Expr) -> str:
        """The same for a table, whose rows would not meet if the series kept their names."""
        return self.text(expr.max(by=sorted(expr.labels or ())) if isinstance(expr, Series) else expr)

    def legend(self, expr: Expr, legend: str) -> str:
        """Grafana's pattern, with the deployment in front where several have the same queues."""
        labels = [f"{{{{{label}}}}}" for label in self.plan.scope.identity] if of_one_deployment(expr) else []
        return " ".join([*labels, legend]) if legend else ""

    def level(self, rule: PlannedAlert, drawn: Expr) -> str:
        """The rule's level for each series that is drawn, without a recorded series for it."""
        if isinstance(drawn, Call) and drawn.func == "topk":
            (drawn,) = drawn.children()
        parts = [
            expr.render(self._class_scope(expr, cls))
            for cls in rule.classes
            if (expr := _level(drawn, cls)) is not None
        ]
        return " or ".join(parts)

    def within(self, share: TimeWithin) -> str:
        """The share of time within the warning level; empty where the declaration has no such level."""
        rules = [r for r in rules_with_levels(self.plan, share.alert) if r.severity is Severity.WARNING]
        parts = [
            f"avg_over_time(({self._within_level(rule, cls)})[{share.window}:1m])"
            for rule in rules
            for cls in rule.classes
            if cls.level is not None and not isinstance(cls.level, Band)
        ]
        return " or ".join(parts)

    def _within_level(self, rule: PlannedAlert, cls: ThresholdClass) -> str:
        signal, good = rule.alert.signal.expr, {">": "<=", "<": ">="}[compares(rule.alert)]
        level = Number(cls.level if isinstance(cls.level, float) else 0.0).render(self.plan.scope)
        return f"{signal.render(self._class_scope(signal, cls))} {good} bool {level}"

    def lookup(self, series: Series, label: str, filters: Sequence[tuple[str, str]] = ()) -> str:
        """``label_values(series, label)``, narrowed by (label, variable) choices made before."""
        matchers = tuple(Matcher(name, "=~", f"${variable}") for name, variable in filters)
        scope = evolve(self.plan.scope, selectors=self._selectors(), matchers=matchers)
        return f"label_values({series.render(scope)}, {label})"

    def interval(self, lines: Iterable[Line]) -> str | None:
        """The smallest step that shows more than a longer one would; None for the scrape interval.

        Nothing happens to what rules record between two of their evaluations. Buckets are many, and a minute of
        them is few observations as it is.
        """
        reads = [one for line in lines if isinstance(line.expr, Expr) for one in _reads(line.expr)]
        if any(isinstance(one, Range) and one.suffix == "_bucket" for one in reads):
            return _BUCKETS_STEP
        series = [one.series if isinstance(one, Range) else one for one in reads]
        of_rules = all(isinstance(one, Recorded | AlertSeries) for one in series)
        return str(self.plan.monitoring.evaluation_interval) if series and of_rules else None

    def _scope(self, expr: Expr) -> Scope:
        sources = frozenset(node.source for node in expr.walk() if isinstance(node, Metric))
        identity = [
            Matcher(label, "=~", f"${variable}") for label, variable in identity_variables(self.plan.scope.identity)
        ]
        everywhere = [v for v in self.board.variables if not v.sources or sources <= frozenset(v.sources)]
        some = [v for v in self.board.variables if v not in everywhere]
        return evolve(
            self.plan.scope,
            selectors=self._selectors(some),
            matchers=(*identity, *(_chosen(v) for v in everywhere)),
        )

    def _class_scope(self, expr: Expr, cls: ThresholdClass) -> Scope:
        scope = self._scope(expr)
        return evolve(scope, matchers=(*scope.matchers, *literal(cls.matchers)))

    def _selectors(self, variables: Sequence[Variable] = ()) -> tuple[tuple[str, tuple[Matcher, ...]], ...]:
        declared = {source: literal(matchers) for source, matchers in self.plan.scope.selectors}
        for variable in variables:
            for source in variable.sources:
                declared[source.value] = (*declared.get(source.value, ()), _chosen(variable))
        return tuple(declared.items())


def _chosen(variable: Variable) -> Matcher:
    return Matcher(variable.label, "=~", f"${variable.name}")
