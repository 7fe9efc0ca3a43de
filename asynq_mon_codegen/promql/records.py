"""Recorded series: expressions with a name of their own."""

from __future__ import annotations

from attrs import evolve, field, frozen

from asynq_mon_codegen.promql.expressions import Expr, by_labels
from asynq_mon_codegen.promql.metrics import Levels
from asynq_mon_codegen.promql.scope import Scope

__all__ = ["Record", "Recorded"]


@frozen(kw_only=True)
class Recorded(Levels):
    """A recorded series by its name, ``level:metric:operations``; the level is made of the identity and ``by``.

    For what is read where its definition cannot stand, since it is made of the reader.
    """

    metric: str
    operations: str
    by: tuple[str, ...] = field(converter=by_labels)

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """The labels of its level, without the identity."""
        return frozenset(self.by)

    def series_name(self, scope: Scope) -> str:
        """The recorded name in this scope."""
        level = "_".join(dict.fromkeys((*scope.identity, *self.by))) or "global"
        return f"{level}:{self.metric}:{self.operations}"


@frozen(kw_only=True)
class Record(Recorded):
    """A recorded series and what it records."""

    expr: Expr
    help: str

    def children(self) -> tuple[Expr, ...]:
        """What it records."""
        return (self.expr,)

    def bare(self) -> Record:
        """The recorded series itself, without filters or offset."""
        return evolve(self, matchers=(), shift=None)
