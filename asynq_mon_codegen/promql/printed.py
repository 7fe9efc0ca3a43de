"""A typed tree as text again, in one form: two expressions that mean the same by spacing or brackets look the same."""

from __future__ import annotations

import math

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.promql.labels import quote
from asynq_mon_codegen.promql.parsed import (
    Aggregation,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    Selector,
    Subquery,
    Text,
)

__all__ = ["clauses", "matching", "number_text", "printed"]

_PRECEDENCE = {"or": 1, "and": 2, "unless": 2, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6}
_COMPARISON = 3
_NEGATION = 5.5
_ATOM = 9
_CLAUSES = ("or", "and", "unless")


def printed(node: Node) -> str:
    """The expression on one line."""
    match node:
        case Number(value=value):
            return number_text(value)
        case Text(value=value):
            return quote(value)
        case Selector():
            return _selector(node)
        case Subquery(expr=expr, window=window, step=step):
            return f"{_within(expr, _ATOM)}[{_seconds(window)}:{'' if step is None else _seconds(step)}]{_offset(node)}"
        case Call(func=func, args=args):
            return f"{func}({', '.join(map(printed, args))})"
        case Aggregation():
            grouping = f" {'without' if node.without else 'by'} ({', '.join(node.labels)})" if node.grouped else ""
            param = "" if node.param is None else f"{printed(node.param)}, "
            return f"{node.op}{grouping} ({param}{printed(node.expr)})"
        case Negation(expr=expr):
            return f"-{_within(expr, _ATOM)}"
        case Binary():
            return f"{_left(node)} {matching(node)} {_right(node)}"


def clauses(node: Node) -> str:
    """The expression with each clause (``or``, ``and``, ``unless``) on a line of its own, for a diff to point at."""
    if not isinstance(node, Binary) or node.op not in _CLAUSES:
        return printed(node)
    mine, below = _precedence(node), _precedence(node.left)
    left = clauses(node.left)
    if below < mine:
        left = f"({left})"
    return f"{left}\n{matching(node)} {_right(node)}"


def matching(node: Binary) -> str:
    """The operator with what stands behind it: ``unless on (queue)``, ``/ on (queue) group_left ()``."""
    out = node.op + (" bool" if node.is_bool else "")
    if node.labels is not None and (node.labels or not node.ignoring):
        out += f" {'ignoring' if node.ignoring else 'on'} ({', '.join(node.labels)})"
    if node.many:
        out += f" group_{node.many} ({', '.join(node.extra)})"
    return out


def number_text(value: float) -> str:
    """A constant as PromQL writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _precedence(node: Node) -> float:
    if isinstance(node, Binary):
        return _PRECEDENCE.get(node.op, _COMPARISON)
    return _NEGATION if isinstance(node, Negation) else _ATOM


def _left(node: Binary) -> str:
    # a power binds to the right, everything else to the left
    return _within(node.left, _precedence(node) + (node.op == "^"))


def _right(node: Binary) -> str:
    return _within(node.right, _precedence(node) + (node.op != "^"))


def _within(node: Node, least: float) -> str:
    text = printed(node)
    return f"({text})" if _precedence(node) < least else text


def _selector(node: Selector) -> str:
    matchers = ", ".join(map(str, node.matchers))
    window = "" if node.window is None else f"[{_seconds(node.window)}]"
    body = f"{node.name}{{{matchers}}}" if matchers or not node.name else node.name
    return f"{body}{window}{_offset(node)}"


def _offset(node: Selector | Subquery) -> str:
    if not node.offset:
        return ""
    return f" offset {'-' if node.offset < 0 else ''}{_seconds(abs(node.offset))}"


def _seconds(seconds: float) -> str:
    return str(Duration(round(seconds * 1000)))
