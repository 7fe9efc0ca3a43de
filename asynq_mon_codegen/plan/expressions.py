"""The condition of one rule as PromQL: comparison first, guards after, laid out to be read."""

from __future__ import annotations

import re

from attrs import evolve

from asynq_mon_codegen.model import Alert, Guard, Severity
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
        if not comparator and cls.names:
            continue  # switched off: the class of the rest excludes these names
        inner = evolve(scope, matchers=(*scope.matchers, *cls.matchers))
        expr: Expr = signal if not comparator else Binary(comparator, signal, number(cls.level or 0.0))
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
