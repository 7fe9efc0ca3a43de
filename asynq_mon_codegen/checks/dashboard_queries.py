"""PromQL as it stands in a dashboard, with Grafana's variables in it: which ones, and what it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser

__all__ = ["BUILT_IN_VARIABLES", "expression_faults", "lookup_faults", "variables_in"]

BUILT_IN_VARIABLES = frozenset(
    {
        "__all",
        "__all_variables",
        "__dashboard",
        "__data",
        "__field",
        "__from",
        "__interval",
        "__interval_ms",
        "__name",
        "__org",
        "__range",
        "__range_ms",
        "__range_s",
        "__rate_interval",
        "__rate_interval_ms",
        "__series",
        "__timezone",
        "__to",
        "__url_time_range",
        "__user",
        "__value",
    }
)
"""Variables that Grafana sets itself."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)[^}]*\}|\$([A-Za-z_]\w*)|\[\[([A-Za-z_]\w*)[^\]]*\]\]")

# Lengths that nobody would write, so that they are known again in the parsed expression.
_RATE_INTERVAL = "7321s"
_RANGE = "7333s"
_NUMBERS = frozenset({"__range_s", "__range_ms", "__interval_ms", "__rate_interval_ms", "__from", "__to"})
_DURATIONS = {"__rate_interval": _RATE_INTERVAL, "__range": _RANGE, "__interval": "7331s"}
_MOVING = frozenset(promql_parser.parse_duration(length) for length in (_RATE_INTERVAL, _RANGE))

_COUNTER_FUNCTIONS = frozenset({"rate", "irate", "increase", "resets"})
_ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})

_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<selector>.+),\s*)?(?P<label>[A-Za-z_]\w*)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((?P<expr>.+)\)", re.DOTALL)


def variables_in(text: str) -> frozenset[str]:
    """The names in ``$name``, ``${name}``, ``${name:format}``, ``${name.field}`` and ``[[name]]``."""
    return frozenset(next(filter(None, groups)) for groups in _VARIABLE.findall(text))


def expression_faults(expr: str, known_metrics: frozenset[str]) -> Iterator[str]:
    """What is wrong with a panel's expression: it does not parse, reads an unknown metric, or has a fixed window."""
    try:
        tree = promql_parser.parse(_VARIABLE.sub(_substitute, expr))
    except ValueError as error:
        yield f"not PromQL: {error}: {expr}"
        return
    for node in _nodes(tree):
        if isinstance(node, promql_parser.VectorSelector):
            yield from _metric_faults(node, known_metrics)
        if isinstance(node, promql_parser.Call):
            yield from _window_faults(node)


def lookup_faults(query: str, known_metrics: frozenset[str]) -> Iterator[str]:
    """What is wrong with a variable's ``label_values(...)`` or ``query_result(...)``."""
    if values := _LABEL_VALUES.fullmatch(query):
        if values["selector"]:
            yield from expression_faults(values["selector"], known_metrics)
    elif result := _QUERY_RESULT.fullmatch(query):
        yield from expression_faults(result["expr"], known_metrics)
    else:
        yield f"neither label_values(<selector>, <label>) nor query_result(<expr>): {query}"


def _substitute(match: re.Match[str]) -> str:
    name = next(filter(None, match.groups()))
    return _DURATIONS.get(name) or ("60" if name in _NUMBERS else name)


def _nodes(tree: promql_parser.Expr) -> list[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []
    promql_parser.walk(tree, found.append)
    return found


def _metric_faults(selector: Any, known_metrics: frozenset[str]) -> Iterator[str]:
    name = _metric(selector)
    if not name:
        yield f"a selector without a metric name: {selector}"
    elif name not in known_metrics | _ALERT_SERIES:
        yield f"unknown metric {name}"


def _metric(selector: Any) -> str:
    if selector.name:
        return str(selector.name)
    equal = promql_parser.MatchOp.Equal
    return next((one.value for one in selector.matchers.matchers if one.name == "__name__" and one.op == equal), "")


def _window_faults(call: Any) -> Iterator[str]:
    """A fixed window shows less than the screen's resolution, or nothing at all; recorded series are exempt."""
    if call.func.name not in _COUNTER_FUNCTIONS:
        return
    for argument in call.args:
        if not isinstance(argument, promql_parser.MatrixSelector) or ":" in _metric(argument.vector_selector):
            continue
        window: timedelta = argument.range
        if window not in _MOVING:
            yield (
                f"{call.func.name}() of {_metric(argument.vector_selector)} over a window that is neither "
                "$__rate_interval nor $__range"
            )
