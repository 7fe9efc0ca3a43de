"""Ways to break a rule; each yields the broken rule and what was done to it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser
from attrs import frozen

from asynq_mon_codegen.duration import Duration, duration

__all__ = ["OPERATORS", "Mutant", "mutants_of"]

Rule = dict[str, Any]

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")
      | (?P<window>\[[^\]]*\])
      | (?P<offset>\boffset\s+[0-9a-z]+)
      | (?P<by>\bby\s*\([^)]*\))
      | (?P<on>\b(?:on|ignoring|group_left|group_right)\s*\([^)]*\))
      | (?P<number>(?<![\w:.])\d+(?:\.\d+)?(?:e[+-]?\d+)?\b(?![\w:]))
      | (?P<comparator>(?:>=|<=|==|!=|>|<)(?!~))
      | (?P<matcher>=~|!~|=)
      | (?P<word>[a-zA-Z_:][\w:]*)
    """,
    re.VERBOSE,
)
_COMPARATORS = {">": (">=", "<"), "<": ("<=", ">"), ">=": (">", "<"), "<=": ("<", ">"), "==": ("!=",), "!=": ("==",)}
_AGGREGATORS = {"max": ("min", "sum"), "min": ("max",), "sum": ("max", "min"), "avg": ("max", "sum"), "count": ("sum",)}
_SETS = {"and": "unless", "unless": "and"}
_STATES = ("pending", "active", "scheduled", "retry", "archived", "completed")


@frozen(kw_only=True)
class Mutant:
    """A broken rule in place of rule ``index`` of its group (None: the rule is gone)."""

    operator: str
    index: int
    rule: Rule | None
    change: str


def _tokens(expr: str) -> Iterator[tuple[str, str, int, int]]:
    inside = 0
    for match in _TOKEN.finditer(expr):
        kind = match.lastgroup or ""
        start, end = match.span()
        inside = expr.count("{", 0, start) - expr.count("}", 0, start)
        if kind == "comparator" and match.group() == "!=" and inside > 0:
            kind = "matcher"
        yield kind, match.group(), start, end


def _replaced(rule: Rule, start: int, end: int, text: str) -> Rule:
    out = copy.deepcopy(rule)
    out["expr"] = rule["expr"][:start] + text + rule["expr"][end:]
    return out


def _near(expr: str, start: int, end: int) -> str:
    return re.sub(r"\s+", " ", expr[max(0, start - 30) : end + 12]).strip()


Found = Iterator[tuple[Rule | None, str]]


def _comparator(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        if kind == "comparator":
            for other in _COMPARATORS[text]:
                yield _replaced(rule, start, end, other), f"{text} -> {other} in …{_near(rule['expr'], start, end)}…"


def _number(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        if kind == "number" and float(text) != 0:
            for factor in (3.0, 1 / 3):
                value = f"{float(text) * factor:.10g}"
                yield _replaced(rule, start, end, value), f"{text} -> {value} in …{_near(rule['expr'], start, end)}…"


def _set_operator(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        if kind == "word" and text in _SETS:
            yield (
                _replaced(rule, start, end, _SETS[text]),
                f"{text} -> {_SETS[text]} in …{_near(rule['expr'], start, end)}…",
            )


def _aggregator(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        if kind == "word" and text in _AGGREGATORS and re.match(r"\s*(by\b|without\b|\()", rule["expr"][end:]):
            for other in _AGGREGATORS[text]:
                yield _replaced(rule, start, end, other), f"{text} -> {other} in …{_near(rule['expr'], start, end)}…"


def _grouping(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        if kind == "by":
            labels = [x.strip() for x in text[text.index("(") + 1 : -1].split(",") if x.strip()]
            for label in labels:
                rest = ", ".join(x for x in labels if x != label)
                yield (
                    _replaced(rule, start, end, f"by ({rest})"),
                    f"by without {label} in …{_near(rule['expr'], start, end)}…",
                )


def _state(rule: Rule) -> Found:
    for match in re.finditer(r'state="(\w+)"', rule["expr"]):
        other = _STATES[(_STATES.index(match.group(1)) + 1) % len(_STATES)]
        yield _replaced(rule, *match.span(), f'state="{other}"'), f"{match.group()} -> {other}"


def _scaled(text: str, factor: float) -> str:
    return str(Duration(max(1000, int(duration(text).milliseconds * factor) // 1000 * 1000)))


def _window(rule: Rule) -> Found:
    for kind, text, start, end in _tokens(rule["expr"]):
        inner = text.strip("[]") if kind == "window" else text.split()[-1] if kind == "offset" else ""
        if not inner or ":" in inner:
            continue
        for factor in (3.0, 1 / 3):
            value = _scaled(inner, factor)
            new = f"[{value}]" if kind == "window" else f"offset {value}"
            yield _replaced(rule, start, end, new), f"{text} -> {new} in …{_near(rule['expr'], start, end)}…"


def _hold(rule: Rule) -> Found:
    if "for" in rule:
        for value in (_scaled(rule["for"], 3), _scaled(rule["for"], 1 / 3), "0s"):
            yield {**copy.deepcopy(rule), "for": value}, f"for {rule['for']} -> {value}"


def _severity(rule: Rule) -> Found:
    old = rule.get("labels", {}).get("severity")
    if old:
        new = "warning" if old == "critical" else "critical"
        out = copy.deepcopy(rule)
        out["labels"]["severity"] = new
        yield out, f"severity {old} -> {new}"


def _dropped(rule: Rule) -> Found:
    yield None, "rule dropped"


OPERATORS: dict[str, Callable[[Rule], Found]] = {
    "comparator": _comparator,
    "number": _number,
    "and/unless": _set_operator,
    "aggregator": _aggregator,
    "by": _grouping,
    "state": _state,
    "window": _window,
    "for": _hold,
    "severity": _severity,
    "rule dropped": _dropped,
}
"""Every operator by its name in the report."""


def mutants_of(rules: list[Rule]) -> Iterator[Mutant]:
    """Every single break of every rule of a group; a rule is made once, and only one that parses."""
    for index, rule in enumerate(rules):
        seen: list[Rule | None] = [rule]
        for name, operator in OPERATORS.items():
            for broken, change in operator(rule):
                if broken not in seen and (broken is None or _parses(broken["expr"])):
                    seen.append(broken)
                    yield Mutant(operator=name, index=index, rule=broken, change=change)


def _parses(expr: str) -> bool:
    try:
        promql_parser.parse(expr)
    except ValueError:
        return False
    return True
