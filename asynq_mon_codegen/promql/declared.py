"""Expressions that a declaration makes: one for each declared name, or those that it adds itself."""

from __future__ import annotations

from attrs import evolve, field, frozen

from asynq_mon_codegen.promql.expressions import PRECEDENCE, Expr
from asynq_mon_codegen.promql.labels import quote
from asynq_mon_codegen.promql.scope import Scope

__all__ = ["Declared", "ForEach"]

_CHUNK = 16


@frozen
class ForEach(Expr):
    """``anchor`` once for every declared name, the name in ``label``; nothing where none is declared."""

    anchor: Expr
    label: str
    key: str

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """Those of the anchor, and the label."""
        return (self.anchor.labels or frozenset()) | {self.label}

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """That of the ``or`` between the names."""
        return PRECEDENCE["or"]

    def children(self) -> tuple[Expr, ...]:
        """The anchor."""
        return (self.anchor,)

    def render(self, scope: Scope) -> str:
        """``label_replace(anchor, ...) or label_replace(...)``; an empty text without names."""
        mine = tuple(m for m in scope.matchers if m.label == self.label)
        # matchers of the label choose among the names; the anchor is what the names are compared with
        kept = tuple(m for m in scope.matchers if m not in mine)
        parts = []
        for matchers, listed in scope.declared_where(self.key):
            anchor = self.anchor.render(evolve(scope, matchers=(*kept, *matchers)))
            names = [name for name in listed if all(m.accepts(name) for m in mine)]
            # label_replace expands $1 in its replacement, so a dollar in a name is doubled
            texts = [quote(name.replace("$", "$$")) for name in names]
            parts += [f'label_replace({anchor}, "{self.label}", {text}, "", "")' for text in texts]
        return _chain(parts)


@frozen
class Declared(Expr):
    """The expressions that a declaration adds under ``key``, joined by ``or``; an empty text where it adds none.

    Their labels tell them apart, so that no series hides another.
    """

    key: str
    labels: frozenset[str] | None = field()
    precedence = PRECEDENCE["or"]

    def render(self, scope: Scope) -> str:
        """``a or b or c``, in brackets by the dozen where there are many."""
        return _chain([part.render(scope) for part in scope.declared_parts(self.key)])


def _chain(parts: list[str]) -> str:
    """``a or b or c``; of many, chunks in brackets, for each ``or`` walks all of its left side."""
    while len(parts) > _CHUNK:
        chunks = ["\nor ".join(parts[i : i + _CHUNK]) for i in range(0, len(parts), _CHUNK)]
        parts = [f"({chunk})" for chunk in chunks]
    return "\nor ".join(parts)
