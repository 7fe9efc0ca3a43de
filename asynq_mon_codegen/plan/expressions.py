"""The condition of one rule as PromQL: comparison first, guards after, laid out to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import evolve

from asynq_mon_codegen.model import Alert, Band, Guard, Severity
from asynq_mon_codegen.plan.bands import level_expr
from asynq_mon_codegen.plan.thresholds import ThresholdClass, compares
from asynq_mon_codegen.promql import Expr, Raw, Scope, number
from asynq_mon_codegen.promql.expressions import Binary

__all__ = ["condition", "pretty", "record_text"]

_ONE_LINE = 100


def condition(alert: Alert, severity: Severity, classes: tuple[ThresholdClass, ...], scope: Scope) -> str:
    """The expression of the alert's rule of this severity; empty where it can never apply.

    The comparison leaves nothing in health, so the guards behind it join next to nothing.
    """
    parts = []
    signal = alert.signal.expr
    comparator = compares(alert)
    for cls in classes:
        if comparator and cls.level is None:
            continue
        if not comparator and cls.names and cls.own is None:
            continue  # switched off: the class of the rest excludes these names
        inner = evolve(scope, matchers=(*scope.matchers, *cls.matchers))
        for expr in _comparisons(comparator, signal, cls):
            text = expr.render(inner)
            if text:
                parts.append((text, expr.precedence))
    if not parts:
        return ""
    labels = signal.labels
    text = "\nor ".join(t for t, _ in parts)
    whole: Expr = Raw(text, labels)
    guards = [g for g in alert.guards if g.applies_to(severity)]
    if not guards:
        return pretty(text)
    if len(parts) == 1 and parts[0][1] > 1:
        whole = _Bound(text, labels)
    for guard in guards:
        whole = Binary(guard.kind, whole, _guard(guard))
    return pretty(whole.render(scope))


def _comparisons(comparator: str, signal: Expr, cls: ThresholdClass) -> Iterator[Expr]:
    """The signal beyond its level; beyond a band's outer limit it is bad with and without history."""
    if not comparator:
        yield signal
    elif isinstance(cls.level, Band) and cls.usual is not None:
        rising = comparator == ">"
        outer = cls.level.outer(rising)
        open_ended = evolve(cls.level, ceiling=None) if rising else evolve(cls.level, floor=None)
        yield Binary(comparator, signal, level_expr(open_ended, cls.usual))
        if outer is not None:
            yield Binary(comparator, signal, number(outer))
    elif not isinstance(cls.level, Band):
        yield Binary(comparator, signal, number(cls.level or 0.0))


class _Bound(Raw):
    """Text that already binds as strongly as a comparison."""

    precedence = 2


def _guard(guard: Guard) -> Expr:
    return guard.expr if guard.minimum is None else guard.expr.at_least(guard.minimum)


def record_text(expr: Expr, scope: Scope) -> str:
    """A recorded expression as PromQL."""
    return pretty(expr.render(scope))


def pretty(text: str) -> str:
    """The same PromQL on one line where that is short enough; else one clause a line.

    Clauses inside the brackets of a function or aggregation stay on the line of their call.
    """
    if "#" in text:
        return text  # perhaps a comment, which ends with its line
    flat = text.replace("\n", " ")
    if len(flat) <= _ONE_LINE:
        return flat
    out: list[str] = []
    calls: list[bool] = []
    for piece in _PIECES.findall(text):
        if piece == "(":
            calls.append(_PLAIN_BRACKET.search("".join(out[-4:])) is None)
        elif piece == ")" and calls:
            calls.pop()
        out.append(" " if piece == "\n" and any(calls) else piece)
    return "".join(out)


_PIECES = re.compile(r'"(?:\\.|[^"\\])*"|[()\n]|[^"()\n]+|"')
"""Strings, brackets, line ends, and what lies between."""
_PLAIN_BRACKET = re.compile(r"(?:^|[-+*/<>=(]|\b(?:and|or|unless)(?: on \([^()]*\))?)\s*$")
"""What stands before a bracket that only groups clauses."""
