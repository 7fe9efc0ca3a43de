"""Expressions without recorded series: each is written out where it is read, as rules and panels without them are."""

from __future__ import annotations

from attrs import evolve, frozen

from asynq_mon_codegen.model import Alert
from asynq_mon_codegen.promql import Expr, Record, Scope
from asynq_mon_codegen.promql.metrics import Range

__all__ = ["bare", "inlined"]


@frozen
class _Inlined(Expr):
    """A recorded series written out: a subquery where a window or an offset is asked of it."""

    record: Record
    every: int
    window: str = ""
    precedence = 0

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """Those of the record."""
        return self.record.labels

    def children(self) -> tuple[Expr, ...]:
        """What is recorded."""
        return (self.record.expr,)

    def render(self, scope: Scope) -> str:
        """The expression behind the record."""
        text = f"({inlined(self.record.expr, self.every).render(scope)})"
        if self.window:
            text += f"[{self.window}]" + (f" offset {self.record.shift}" if self.record.shift else "")
        elif self.record.shift:
            text = f"last_over_time({text}[{self.every}s:{self.every}s] offset {self.record.shift})"
        return text


def inlined(expr: Expr, every: int) -> Expr:
    """The expression with every recorded series written out; windows look at it each ``every`` seconds, as its rule."""
    if isinstance(expr, Record):
        return _Inlined(expr, every)
    if isinstance(expr, Range) and isinstance(expr.series, Record):
        return _Inlined(expr.series, every, f"{expr.window}:{expr.step or f'{every}s'}")
    changes: dict[str, object] = {}
    for field in getattr(type(expr), "__attrs_attrs__", ()):
        value = getattr(expr, field.name)
        if isinstance(value, Expr) and field.name != "series":
            changes[field.alias] = inlined(value, every)
        elif isinstance(value, tuple) and any(isinstance(v, Expr) for v in value):
            changes[field.alias] = tuple(inlined(v, every) if isinstance(v, Expr) else v for v in value)
    return evolve(expr, **changes) if changes else expr  # type: ignore[misc]


def bare(alert: Alert, every: int) -> Alert:
    """The alert without recorded series."""
    guards = tuple(evolve(g, expr=inlined(g.expr, every)) for g in alert.guards)
    return evolve(alert, signal=evolve(alert.signal, expr=inlined(alert.signal.expr, every)), guards=guards)
