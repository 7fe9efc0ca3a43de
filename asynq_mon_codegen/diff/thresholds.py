"""Which level holds for which queue, read back from the expression of a rule.

The rules of this project compare one class of queues after the other, ``S{queue="a"} > 10 or S{queue!="a"} > 60``,
with guards behind; other people's expressions often have the same shape. Every combination of the values that both
sides name, and of "any other", is looked up on both sides; what differs is put into words.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.diff.cells import OTHER, Cell, phrases
from asynq_mon_codegen.promql.labels import Matcher, names_of
from asynq_mon_codegen.promql.parsed import (
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Selector,
    Subquery,
    walk,
)
from asynq_mon_codegen.promql.printed import matching, printed

__all__ = ["Condition", "Level", "Levels", "class_labels", "condition_of", "level_changes"]

_COMPARATORS = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_ALWAYS = ("queue", "task_type", "slo")
_NEVER = frozenset({"__name__", "le", "quantile"})
_MOST_CELLS = 20_000
_PATTERN = "~"


@frozen(kw_only=True)
class Level:
    """One comparison: ``value`` is what is compared with; ``op`` is empty where any result at all fires."""

    op: str
    value: Node | None = None


Levels = tuple[Level, ...]
"""Everything that makes an alert fire for the same series; nothing where it is off."""


@frozen(kw_only=True)
class _Term:
    signal: Node
    level: Level
    guards: tuple[str, ...] = ()

    def matchers(self, labels: frozenset[str]) -> tuple[Matcher, ...]:
        nodes = (self.signal, *([] if self.level.value is None else [self.level.value]))
        found = (m for n in nodes for part in walk(n) if isinstance(part, Selector) for m in part.matchers)
        return tuple(dict.fromkeys(m for m in found if m.label in labels))


@frozen(kw_only=True)
class Condition:
    """An expression taken apart."""

    terms: tuple[_Term, ...]

    def shape(self, labels: frozenset[str]) -> frozenset[str]:
        """Everything but its levels and for whom they hold: equal shapes differ in thresholds only."""
        return frozenset(
            " ".join((printed(_bare(t.signal, labels)), t.level.op, _level_shape(t.level, labels), *t.guards))
            for t in self.terms
        )


def condition_of(node: Node) -> Condition:
    """The comparisons of an expression, with the guards of each."""
    return Condition(terms=tuple(_terms(node, ())))


def class_labels(conditions: Iterable[Condition], identity: Iterable[str]) -> frozenset[str]:
    """The labels that divide series into classes: queues, identity, and those that a comparison tells apart itself."""
    found = {*_ALWAYS, *identity}
    for condition in conditions:
        values: dict[str, set[frozenset[Matcher]]] = {}
        everything = frozenset(m.label for t in condition.terms for m in t.matchers(_AnyLabel()))
        for term in condition.terms:
            mine = term.matchers(everything)
            for label in everything:
                values.setdefault(label, set()).add(frozenset(m for m in mine if m.label == label))
        found |= {label for label, several in values.items() if len(several) > 1}
    return frozenset(found) - _NEVER


class _AnyLabel(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


def level_changes(
    old: Condition, new: Condition, labels: frozenset[str]
) -> tuple[tuple[str, Levels, Levels], ...] | None:
    """For whom the levels differ, in words, and how; None where there are too many combinations to look at."""
    sides = tuple(tuple((t.matchers(labels), t) for t in side.terms) for side in (old, new))
    every = [m for side in sides for matchers, _ in side for m in matchers]
    used = sorted({m.label for m in every}, key=lambda name: (name in _ALWAYS, name))
    values = [(*_named(m for m in every if m.label == label), OTHER) for label in used]
    count = 1
    for one in values:
        count *= len(one)
    if count * sum(map(len, sides)) > _MOST_CELLS:
        return None
    universe: list[Cell] = list(itertools.product(*values))
    moved: dict[tuple[Levels, Levels], list[Cell]] = {}
    for cell in universe:
        labelled = dict(zip(used, cell, strict=True))
        before, after = (_levels(side, labelled, labels) for side in sides)
        if before != after:
            moved.setdefault((before, after), []).append(cell)
    shown = [tuple(map(_shown, cell)) for cell in universe]
    names = dict(zip(universe, shown, strict=True))
    return tuple(
        (scope, before, after)
        for (before, after), cells in moved.items()
        for scope in phrases((names[c] for c in cells), shown, used)
    )


def _levels(
    side: Sequence[tuple[tuple[Matcher, ...], _Term]], labelled: dict[str, str], labels: frozenset[str]
) -> Levels:
    found = (t.level for matchers, t in side if all(_accepts(m, labelled[m.label]) for m in matchers))
    return tuple(
        dict.fromkeys(
            level if level.value is None else evolve(level, value=_bare(level.value, labels)) for level in found
        )
    )


def _terms(node: Node, guards: tuple[str, ...]) -> Iterator[_Term]:
    if isinstance(node, Binary) and node.op == "or" and node.labels is None:
        yield from _terms(node.left, guards)
        yield from _terms(node.right, guards)
    elif isinstance(node, Binary) and node.op in ("and", "unless"):
        yield from _terms(node.left, (f"{matching(node)} {printed(node.right)}", *guards))
    elif isinstance(node, Binary) and node.op in _COMPARATORS and not node.is_bool:
        if isinstance(node.left, Number):
            yield _Term(signal=node.right, level=Level(op=_COMPARATORS[node.op], value=node.left), guards=guards)
        else:
            on = () if node.labels is None and not node.many else (matching(node),)
            yield _Term(signal=node.left, level=Level(op=node.op, value=node.right), guards=(*on, *guards))
    else:
        yield _Term(signal=node, level=Level(op=""), guards=guards)


def _level_shape(level: Level, labels: frozenset[str]) -> str:
    if level.value is None or isinstance(level.value, Number):
        return ""
    node = _bare(level.value, labels)
    if isinstance(node, Binary) and node.op == "*" and isinstance(node.right, Number):
        node = node.left
    return printed(node)


def _bare(node: Node, labels: frozenset[str]) -> Node:
    """The tree without the matchers that say for which class it is."""
    match node:
        case Selector(matchers=matchers):
            return evolve(node, matchers=tuple(m for m in matchers if m.label not in labels))
        case Subquery(expr=expr) | Negation(expr=expr) | Aggregation(expr=expr):
            return evolve(node, expr=_bare(expr, labels))
        case Call(args=args):
            return evolve(node, args=tuple(_bare(a, labels) for a in args))
        case Binary(left=left, right=right):
            return evolve(node, left=_bare(left, labels), right=_bare(right, labels))
        case _:
            return node


def _named(matchers: Iterable[Matcher]) -> tuple[str, ...]:
    """Each value that is named, as ``=value``, or as ``~regex`` where it stands for more than names."""
    found: dict[str, None] = {}
    for m in matchers:
        if "~" not in m.op:
            found["=" + m.value] = None
        elif (names := names_of(m.value)) is not None:
            found.update(dict.fromkeys("=" + n for n in names))
        elif not _matches(m.value, _PROBE):
            found[_PATTERN + m.value] = None
    return tuple(sorted(found))


def _shown(value: str) -> str:
    if value.startswith(_PATTERN):
        return f"like {value[1:]}"
    return OTHER if value == OTHER else value[1:] or '""'


_PROBE = "\x01any other"
"""A value that nobody names, to ask a regular expression whether it means more than names."""


def _accepts(matcher: Matcher, value: str) -> bool:
    wanted = matcher.op in ("=", "=~")
    if "~" not in matcher.op:
        return (value == "=" + matcher.value) is wanted
    if value.startswith(_PATTERN):
        return (value == _PATTERN + matcher.value) is wanted
    names = names_of(matcher.value)
    if names is not None:
        return (value.removeprefix("=") in names and value != OTHER) is wanted
    return _matches(matcher.value, _PROBE if value == OTHER else value.removeprefix("=")) is wanted


@functools.lru_cache(maxsize=4096)
def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False
