"""Expressions and panels that several dashboards share."""

from __future__ import annotations

from attrs import field, frozen

from asynq_mon_codegen.catalog.dashboards.spec import LabelColumn, Line, Shown, Steps, Table, ValueColumn, Variable
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.records import PENDING
from asynq_mon_codegen.promql import Expr, Gauge, Label, Matcher, Scope, time, vector
from asynq_mon_codegen.promql.expressions import Call, by_labels

__all__ = [
    "ALERTS",
    "ALERT_LABELS",
    "ALERT_STATE",
    "BAD",
    "FIRING",
    "NOTIFYING",
    "QUEUE",
    "SEVERITIES",
    "TASK_TYPE",
    "UP",
    "AlertSeries",
    "Overall",
    "firing_table",
    "overall",
    "top",
]


@frozen
class Overall(Expr):
    """``op by (by) (expr)`` over all deployments together: one number for the whole dashboard."""

    op: str
    expr: Expr
    by: tuple[str, ...] = field(default=(), converter=by_labels)

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """The labels it aggregates by."""
        return frozenset(self.by)

    def children(self) -> tuple[Expr, ...]:
        """What it aggregates."""
        return (self.expr,)

    def render(self, scope: Scope) -> str:
        """The aggregation without the identity labels."""
        clause = f" by ({', '.join(self.by)})" if self.by else ""
        return f"{self.op}{clause} ({self.expr.render(scope)})"


def overall(op: str, expr: Expr, by: str | tuple[str, ...] = ()) -> Overall:
    """``op`` over all series of ``expr``, whatever their deployment."""
    return Overall(op, expr, by)


def top(count: int, expr: Expr) -> Call:
    """The ``count`` highest series at each moment."""
    return Call("topk", (expr,), expr.labels, head=(str(count),))


@frozen(kw_only=True)
class AlertSeries(Gauge):
    """Prometheus' own series of alerts: made by rules, so no scrape selector applies.

    An alert without a label (a Redis that is down has no queue) concerns every choice of it.
    """

    def source_matchers(self, scope: Scope) -> tuple[Matcher, ...]:
        """None: no target exports these series."""
        return ()

    def selector(self, scope: Scope, suffix: str = "", window: str = "") -> str:
        """The selector, in which a chosen value or none at all is right."""
        optional = tuple(Matcher(m.label, m.op, f"{m.value}|") for m in scope.matchers)
        return super().selector(Scope(identity=scope.identity, matchers=optional), suffix, window)


ALERT_LABELS = ("alertname", "severity", "threat", "queue", "task_type", "instance")
"""What tells one firing alert from another, identity labels aside."""

_ALERT_SET = tuple(Label(name) for name in (*ALERT_LABELS[:-1], "component", "alertstate"))
ALERTS = AlertSeries(
    name="ALERTS", label_set=_ALERT_SET, maximum=1, help="1 for each alert that is pending or firing."
).where(component="asynq")
ALERT_STATE = AlertSeries(
    name="ALERTS_FOR_STATE", label_set=_ALERT_SET, unit="seconds since 1970", help="When the alert became active."
).where(component="asynq")
FIRING = ALERTS.where(alertstate="firing")
NOTIFYING = FIRING.without(severity="none")
"""What fires, the watchdog aside."""

QUEUE = Variable(name="queue", title="Queue", series=PENDING, label="queue")
TASK_TYPE = Variable(name="task_type", title="Task type", series=TASK_OUTCOMES, label="task_type")

SEVERITIES = (
    Shown("critical", "critical", "red"),
    Shown("warning", "warning", "orange"),
    Shown("info", "info", "blue"),
)
UP = (Shown(0, "down", "red"), Shown(1, "up", "green"))
BAD = Steps("green", ((1, "red"),))
"""Any at all is bad."""


def count_or_zero(expr: Expr) -> Expr:
    """How many series there are; 0 where there are none."""
    return overall("count", expr).or_(vector(0))


def firing_table(key: str, h: int = 8) -> Table:
    """The alerts that fire now, with their runbooks."""
    active = (time() - ALERT_STATE.max(by=ALERT_LABELS)).and_(NOTIFYING.max(by=ALERT_LABELS))
    return Table(
        key=key,
        title="Firing alerts",
        text="Alerts that fire now, the longest first to last. Empty is normal. Active counts from the moment "
        "the condition became true, so it includes the hold time. Click an alert for its runbook, a queue for its "
        "dashboard.",
        lines=(Line(active),),
        unit="s",
        h=h,
        columns=(
            LabelColumn(label="alertname", title="Alert", runbook=True),
            LabelColumn(label="severity", title="Severity", shown=SEVERITIES),
            LabelColumn(label="threat", title="Threat"),
            LabelColumn(label="queue", title="Queue", opens="asynq-queue"),
            LabelColumn(label="task_type", title="Task type", opens="asynq-tasks"),
            LabelColumn(label="instance", title="Instance"),
            ValueColumn(line=0, title="Active", unit="dtdurations"),
        ),
        sort_by="Active",
    )
