"""Series told apart by label values: disjoint classes of them, and texts that depend on the class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TypeVar

from attrs import frozen

from asynq_mon_codegen.model import Where
from asynq_mon_codegen.plan.quoting import go_quote
from asynq_mon_codegen.promql import Matcher
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["Choice", "Override", "Term", "go_test", "holds", "matchers_of_terms", "partition", "terms_of", "words_of"]

_SHOWN = 4
L = TypeVar("L")


@frozen
class Term:
    """A label that has one of the values, or with ``negated`` none of them."""

    label: str
    values: tuple[str, ...]
    negated: bool = False

    def matcher(self) -> Matcher:
        """The same as a label matcher."""
        return any_of(self.label, self.values, negated=self.negated)

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels meets it; a label that it lacks is empty."""
        return (labels.get(self.label, "") in self.values) is not self.negated

    @cached_property
    def go(self) -> str:
        """The same as a pipeline of a Go template."""
        test = f"eq $labels.{self.label} {' '.join(map(go_quote, self.values))}"
        return f"not ({test})" if self.negated else test


Terms = tuple[Term, ...]


def terms_of(where: Where) -> Terms:
    """The terms of what a declaration says by labels and values."""
    return tuple(Term(label, values) for label, values in where)


def matchers_of_terms(terms: Terms) -> tuple[Matcher, ...]:
    """The terms as label matchers."""
    return tuple(t.matcher() for t in terms)


def holds(terms: Terms, labels: Mapping[str, str]) -> bool:
    """Whether a series with these labels meets every term."""
    return all(t.holds(labels) for t in terms)


def go_test(terms: Terms) -> str:
    """The terms as one pipeline of a Go template."""
    if len(terms) == 1:
        return terms[0].go
    return "and " + " ".join(f"({t.go})" for t in terms)


def words_of(terms: Terms) -> str:
    """The terms for people: ``namespace=orders, queue=payments``; of many values the first few."""
    out = []
    for term in terms:
        shown = "|".join(term.values[:_SHOWN]) + (f"|… ({len(term.values)})" if len(term.values) > _SHOWN else "")
        out.append(f"{term.label}{'!=' if term.negated else '='}{shown}")
    return ", ".join(out)


# -- disjoint classes ----------------------------------------------------------------------------


@frozen
class Override:
    """A level for the series that meet ``where``; of several that do, the highest ``rank`` wins."""

    where: Where
    rank: int
    level: object


def partition(labels: tuple[str, ...], overrides: Iterable[Override], default: L) -> tuple[tuple[Terms, L], ...]:
    """Disjoint classes that cover every series, each with its level; the last is what no override names.

    Values of a label that lead to the same levels share a class, so that a thousand services with one level
    of their own are one class.
    """
    listed = tuple(o for o in overrides if set(dict(o.where)) <= set(labels))
    return _split(labels, listed, default)


def _split(labels: tuple[str, ...], active: tuple[Override, ...], default: L) -> tuple[tuple[Terms, L], ...]:
    if not active:
        return (((), default),)
    if not labels:
        best = max(active, key=lambda o: o.rank)
        return (((), best.level),)  # type: ignore[return-value]
    label, rest = labels[0], labels[1:]
    anyway = tuple(i for i, o in enumerate(active) if label not in dict(o.where))
    mine: dict[str, list[int]] = {}
    for i, one in enumerate(active):
        for value in dict(one.where).get(label, ()):
            mine.setdefault(value, []).append(i)
    others = _split(rest, tuple(active[i] for i in anyway), default)
    found: dict[tuple[int, ...], tuple[tuple[Terms, L], ...]] = {}
    alike: dict[tuple[tuple[Terms, L], ...], list[str]] = {}
    for value, indices in mine.items():
        key = tuple(sorted((*anyway, *indices)))
        if key not in found:
            found[key] = _split(rest, tuple(active[i] for i in key), default)
        if found[key] != others:
            alike.setdefault(found[key], []).append(value)
    apart = tuple(v for values in alike.values() for v in values)
    out = [
        ((Term(label, tuple(values)), *terms), level) for classes, values in alike.items() for terms, level in classes
    ]
    # every class of the rest keeps away from what has classes of its own
    away = (Term(label, apart, negated=True),) if apart else ()
    return (*out, *(((*away, *terms), level) for terms, level in others))


# -- texts ---------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Choice:
    """A text that depends on the labels of the series: the first case that holds, else ``other``."""

    cases: tuple[tuple[Terms, str], ...]
    other: str

    def template(self, render: Callable[[str], str]) -> str:
        """The choice as a Go template; ``render`` makes one of a single text."""
        if render not in self._rendered:
            self._rendered[render] = self._render(render)
        return self._rendered[render]

    @cached_property
    def _rendered(self) -> dict[Callable[[str], str], str]:
        return {}

    def _render(self, render: Callable[[str], str]) -> str:
        if not self.cases:
            return render(self.other)
        cases = (f"if {go_test(terms)} }}}}{render(text)}" for terms, text in self.cases)
        return f"{{{{ {'{{ else '.join(cases)}{{{{ else }}}}{render(self.other)}{{{{ end }}}}"

    def chosen(self, series: Mapping[str, str]) -> str:
        """The text for a series with these labels."""
        return next((text for terms, text in self.cases if holds(terms, series)), self.other)

    def with_texts(self, change: Callable[[str], str]) -> Choice:
        """The same choice of other texts."""
        return Choice(cases=tuple((terms, change(text)) for terms, text in self.cases), other=change(self.other))

    @classmethod
    def of(cls, given: Iterable[tuple[Terms, str]], other: str) -> Choice:
        """With cases of one text told apart by one and the same label put together, and without needless ones."""
        merged: dict[tuple[str, str], list[str]] = {}
        cases: list[tuple[Terms, str]] = []
        for terms, text in given:
            if len(terms) != 1:
                cases.append((terms, text))
            elif text != other:
                merged.setdefault((terms[0].label, text), []).extend(terms[0].values)
        cases += [((Term(label, tuple(values)),), text) for (label, text), values in merged.items()]
        return cls(cases=tuple(cases), other=other)
