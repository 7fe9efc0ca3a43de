"""What differs between two renderings of one expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from asynq_mon_codegen.promql.labels import Matcher

if TYPE_CHECKING:
    from asynq_mon_codegen.promql.expressions import Expr

__all__ = ["Scope"]


@frozen(kw_only=True)
class Scope:
    """Where an expression is rendered: a rule, one class of queues, or a panel.

    ``identity`` are the labels that tell deployments apart and belong to every aggregation;
    ``selectors`` are the matchers of each source of metrics (by ``Source`` name); ``matchers`` are
    added to every selector that has their label; ``names`` are declared names (``queues``,
    ``optional_queues``) that some expressions list one by one, and ``names_where`` those of some
    series only; ``parts`` are expressions that a
    declaration adds to a series (``slo_errors``: one for each service level).
    """

    identity: tuple[str, ...] = ()
    selectors: tuple[tuple[str, tuple[Matcher, ...]], ...] = ()
    matchers: tuple[Matcher, ...] = ()
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    names_where: tuple[tuple[str, tuple[tuple[tuple[Matcher, ...], tuple[str, ...]], ...]], ...] = ()
    parts: tuple[tuple[str, tuple[Expr, ...]], ...] = ()

    def declared(self, key: str) -> tuple[str, ...]:
        """The declared names of this kind."""
        return dict(self.names).get(key, ())

    def declared_where(self, key: str) -> tuple[tuple[tuple[Matcher, ...], tuple[str, ...]], ...]:
        """The declared names of this kind with the matchers of the series that they belong to."""
        return (((), self.declared(key)), *dict(self.names_where).get(key, ()))

    def declared_parts(self, key: str) -> tuple[Expr, ...]:
        """The declared expressions of this kind."""
        return dict(self.parts).get(key, ())

    def selector(self, source: str) -> tuple[Matcher, ...]:
        """The matchers that every series of this source must have."""
        return dict(self.selectors).get(source, ())
