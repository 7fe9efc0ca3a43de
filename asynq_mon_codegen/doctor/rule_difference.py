"""How a running rule differs from the declared one, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.prometheus_answers import Labels, Rule
from asynq_mon_codegen.promql.parsed import (
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    NotPromQL,
    Number,
    Selector,
    Subquery,
    parse,
    walk,
)

__all__ = ["DeclaredRule", "differences", "told"]

_SHOWN = 160


@frozen(kw_only=True)
class DeclaredRule:
    """A rule as the generated file has it; seconds, texts as templates."""

    name: str
    severity: str
    expr: str
    hold: float = 0
    keep: float = 0
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


def differences(ours: DeclaredRule, theirs: Rule) -> Iterator[str]:
    """How the running rule differs, each difference a phrase; texts only where nothing else does, for they follow."""
    acting = list(_acting(ours, theirs))
    yield from acting or (_texts("annotation", ours.annotations, theirs.annotations) if ours.severity else ())


def _acting(ours: DeclaredRule, theirs: Rule) -> Iterator[str]:
    yield from _expressions(ours.expr, theirs.query)
    if not ours.severity:
        return
    if ours.hold != theirs.hold:
        yield f"for is {told(theirs.hold)}, declared {told(ours.hold)}"
    if theirs.keep_firing_for is not None and ours.keep != theirs.keep_firing_for:
        yield f"keep_firing_for is {told(theirs.keep_firing_for)}, declared {told(ours.keep)}"
    yield from _texts("label", ours.labels, theirs.labels)


def _texts(kind: str, ours: Mapping[str, str], theirs: Labels) -> Iterator[str]:
    running = dict(theirs)
    for name in sorted({*ours, *running}):
        if ours.get(name) != running.get(name):
            there, wanted = (_short(repr(one.get(name, ""))) for one in (running, ours))
            yield f"{kind} {name} is {there}, declared {wanted}"


def _expressions(ours: str, theirs: str) -> Iterator[str]:
    """Prometheus prints expressions anew, so trees are compared, not texts."""
    try:
        declared, running = _normal(parse(ours)), _normal(parse(theirs))
    except NotPromQL:
        if ours.split() != theirs.split():
            yield f"its expression is {_short(theirs)}"
        return
    if declared == running:
        return
    numbers = [(a, b) for a, b in zip(_numbers(running), _numbers(declared), strict=False) if a != b]
    if _shape(declared) == _shape(running) and numbers:
        yield "; ".join(f"its expression has {a:g}, declared is {b:g}" for a, b in numbers)
    else:
        yield f"its expression is {_short(theirs)}, declared {_short(ours)}"


def _numbers(node: Node) -> list[float]:
    return [part.value for part in walk(node) if isinstance(part, Number)]


def _shape(node: Node) -> str:
    """The tree with all numbers alike."""
    text = repr(node)
    for part in walk(node):
        if isinstance(part, Number):
            text = text.replace(repr(part), "Number()")
    return text


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _SHOWN else f"{one_line[:_SHOWN]}..."


def _normal(node: Node) -> Node:
    """The same with matchers and labels in order: Prometheus sorts them when it prints."""
    match node:
        case Selector():
            return evolve(node, matchers=tuple(sorted(node.matchers)))
        case Subquery() | Negation():
            return evolve(node, expr=_normal(node.expr))
        case Aggregation():
            param = None if node.param is None else _normal(node.param)
            return evolve(node, expr=_normal(node.expr), labels=tuple(sorted(node.labels)), param=param)
        case Call():
            return evolve(node, args=tuple(map(_normal, node.args)))
        case Binary():
            labels = None if node.labels is None else tuple(sorted(node.labels))
            return evolve(
                node,
                left=_normal(node.left),
                right=_normal(node.right),
                labels=labels,
                extra=tuple(sorted(node.extra)),
            )
        case _:
            return node


def told(seconds: float) -> str:
    """Seconds as Prometheus writes them, long ones to the minute."""
    return str(Duration(round(seconds * 1000))) if seconds < 60 or seconds == round(seconds) else f"{seconds / 60:.0f}m"
