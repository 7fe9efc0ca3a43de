"""PromQL text as a typed tree: the one place that knows the parser's own classes and their limits."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
from attrs import frozen

from asynq_mon_codegen.promql.labels import Matcher, quote

__all__ = [
    "Aggregation",
    "Binary",
    "Call",
    "Negation",
    "Node",
    "NotPromQL",
    "Number",
    "Selector",
    "Subquery",
    "Text",
    "children",
    "parse",
    "walk",
]

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'|(?P<raw>`[^`]*`)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}|\$(\w+)|\[\[(\w+)[^\]]*\]\]")
_MATCH_OPS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_PANEL_WINDOW = "52w"
_PANEL_NUMBERS = frozenset({"__range_s", "__range_ms", "__interval_ms", "__rate_interval_ms", "__from", "__to"})
_PANEL_DURATIONS = frozenset({"__rate_interval", "__range", "__interval"})


class NotPromQL(Exception):  # noqa: N818 - a verdict on a text
    """The text is not an expression that Prometheus would take."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@frozen
class Number:
    """A constant."""

    value: float


@frozen
class Text:
    """A string, only ever an argument."""

    value: str


@frozen(kw_only=True)
class Selector:
    """``name{matchers}[window] offset``, in seconds; ``window`` is None for an instant selector."""

    name: str
    matchers: tuple[Matcher, ...]
    window: float | None = None
    offset: float = 0


@frozen(kw_only=True)
class Subquery:
    """``(expr)[window:step] offset``, in seconds; ``step`` is None where the server's default holds."""

    expr: Node
    window: float
    step: float | None
    offset: float = 0


@frozen(kw_only=True)
class Call:
    """A function call."""

    func: str
    args: tuple[Node, ...]


@frozen(kw_only=True)
class Aggregation:
    """``op by (labels) (expr)``; ``without`` turns the labels round; ``grouped`` is False without a clause."""

    op: str
    expr: Node
    labels: tuple[str, ...]
    without: bool
    grouped: bool
    param: Node | None = None


@frozen(kw_only=True)
class Binary:
    """``left op right``; ``on`` is None without a clause, ``many`` is ``left``, ``right`` or empty."""

    op: str
    left: Node
    right: Node
    labels: tuple[str, ...] | None
    ignoring: bool
    many: str
    extra: tuple[str, ...]
    is_bool: bool


@frozen
class Negation:
    """``-expr``."""

    expr: Node


Node = Number | Text | Selector | Subquery | Call | Aggregation | Binary | Negation


@functools.lru_cache(maxsize=4096)
def parse(text: str, *, panel: bool = False) -> Node:
    """The tree of an expression; with ``panel`` Grafana's variables are filled in first.

    Raises:
        NotPromQL: Prometheus would refuse it.
    """
    if not text.strip():
        raise NotPromQL("the expression is empty")
    plain = _STRING.sub(_without_backticks, text)
    if panel:
        plain = _VARIABLE.sub(_fill_in, plain)
    try:
        return _node(promql_parser.parse(plain))
    except ValueError as error:
        raise NotPromQL(f"not PromQL: {error}", _syntax_hint(plain, str(error))) from None


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    """What the node is made of, without the parameter of an aggregation."""
    match node:
        case Subquery(expr=expr) | Negation(expr=expr) | Aggregation(expr=expr):
            return (expr,)
        case Call(args=args):
            return args
        case Binary(left=left, right=right):
            return (left, right)
        case Number() | Text() | Selector():
            return ()


def _without_backticks(match: re.Match[str]) -> str:
    # the parser refuses a backslash between backticks, Prometheus takes it literally
    raw = match["raw"]
    return match.group() if raw is None else quote(raw[1:-1])


def _fill_in(match: re.Match[str]) -> str:
    name = next(filter(None, match.groups()))
    if name in _PANEL_DURATIONS:
        return _PANEL_WINDOW
    return "60" if name in _PANEL_NUMBERS else match.group().replace("[", "").replace("]", "")


def _syntax_hint(text: str, message: str) -> str:
    if "expected type matrix" in message:
        return "give the series a window: rate(metric[5m])"
    if "scalar" in message and "bool" in message.lower():
        return "two numbers are compared: put a metric on one side"
    if any(text.count(a) != text.count(b) for a, b in ("()", "{}", "[]")):
        return "a bracket is missing"
    if re.search(r"\b(?:by|without)\s*\([^)]*\)\s*[a-z_]", text):
        return "put what is aggregated in brackets: sum by (queue) (metric)"
    if re.search(r"\b(?:AND|OR|UNLESS|BY)\b", text):
        return "keywords of PromQL are written in lower case"
    if "&&" in text or "||" in text:
        return "PromQL has the words and, or and unless"
    return 'try it in Prometheus, or with: promtool query instant http://prometheus:9090 "..."'


def _node(n: Any) -> Node:
    match type(n).__name__:
        case "ParenExpr":
            return _node(n.expr)
        case "NumberLiteral":
            return Number(float(n.val))
        case "StringLiteral":
            return Text(str(n.val))
        case "VectorSelector":
            return _selector(n)
        case "MatrixSelector":
            return _selector(n.vector_selector, n.range.total_seconds())
        case "SubqueryExpr":
            step = None if n.step is None else n.step.total_seconds()
            return Subquery(expr=_node(n.expr), window=n.range.total_seconds(), step=step, offset=_offset(n))
        case "UnaryExpr":
            inner = _node(n.expr)
            return Number(-inner.value) if isinstance(inner, Number) else Negation(inner)
        case "Call":
            if n.func.experimental:
                raise NotPromQL(
                    f"{n.func.name}() is experimental: Prometheus refuses it without a feature flag", "use another way"
                )
            return Call(func=str(n.func.name), args=tuple(_node(a) for a in n.args))
        case "AggregateExpr":
            return _aggregation(n)
        case "BinaryExpr":
            return _binary(n)
        case other:  # pragma: no cover - a new version of the parser
            raise NotPromQL(f"not supported: {other}")


def _selector(n: Any, window: float | None = None) -> Selector:
    found = n.matchers  # each look at it copies every compiled regular expression
    if found.or_matchers:
        raise NotPromQL("not PromQL: 'or' between matchers is MetricsQL", 'write one regular expression: label=~"a|b"')
    matchers = tuple(
        Matcher(str(m.name), _MATCH_OPS[str(m.op).removeprefix("MatchOp.")], str(m.value)) for m in found.matchers
    )
    named = next((m.value for m in matchers if m.label == "__name__" and m.op == "="), "")
    others = tuple(m for m in matchers if not (m.label == "__name__" and m.op == "="))
    return Selector(name=str(n.name or named), matchers=others, window=window, offset=_offset(n))


def _offset(n: Any) -> float:
    return 0 if n.offset is None else float(n.offset.total_seconds())


def _aggregation(n: Any) -> Aggregation:
    modifier = n.modifier
    return Aggregation(
        op=str(n.op),
        expr=_node(n.expr),
        labels=() if modifier is None else tuple(map(str, modifier.labels)),
        without=modifier is not None and str(modifier.type).endswith("Without"),
        grouped=modifier is not None,
        param=None if n.param is None else _node(n.param),
    )


def _binary(n: Any) -> Node:
    left, right, modifier = _node(n.lhs), _node(n.rhs), n.modifier
    op = str(n.op)
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(_constant(op, left.value, right.value))
    matching = None if modifier is None else modifier.matching
    card = "" if modifier is None else str(modifier.card).rpartition(".")[2]
    return Binary(
        op=op,
        left=left,
        right=right,
        labels=None if matching is None else tuple(map(str, matching.labels)),
        ignoring=matching is not None and str(matching.type).endswith("Exclude"),
        many={"ManyToOne": "left", "OneToMany": "right"}.get(card, ""),
        extra=() if modifier is None else tuple(map(str, modifier.group_labels or ())),
        is_bool=modifier is not None and bool(modifier.return_bool),
    )


def _constant(op: str, a: float, b: float) -> float:
    try:
        match op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
            case "^":
                return float(a**b)
            case "%":
                return math.fmod(a, b)
            case _:
                return math.nan
    except (ArithmeticError, ValueError):
        return math.nan
