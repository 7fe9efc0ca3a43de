"""The variables of a dashboard: what may be chosen, what is, and how a choice stands in a query or in a title."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

__all__ = ["Variable", "filled", "filled_text", "in_queries", "variables_of"]

_ALL = "$__all"
_REFERENCE = re.compile(r"\$\{(?P<braced>\w+)(?:\:(?P<format>\w+))?\}|\$(?P<plain>\w+)|\[\[(?P<square>\w+)\]\]")
_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<selector>.+?)\s*,\s*)?(?P<label>\w+)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\(\s*(?P<expr>.+)\s*\)", re.DOTALL)
_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}])")


@frozen(kw_only=True)
class Variable:
    """``$name`` and its choice: ``values``, or all of ``possible`` where ``every``.

    ``several`` may be chosen together, so a value is escaped as part of a regular expression; ``all_value`` is the
    expression for everything, empty for the possible values one by one.
    """

    name: str
    label: str
    possible: tuple[str, ...]
    values: tuple[str, ...]
    every: bool = False
    several: bool = False
    all_value: str = ""
    hidden: bool = False

    @property
    def chosen(self) -> tuple[str, ...]:
        """The values one by one, as a repeated panel takes them."""
        return self.possible if self.every else self.values

    @property
    def text(self) -> str:
        """The choice as Grafana shows it."""
        return "All" if self.every else " + ".join(self.values)

    @property
    def regex(self) -> str:
        """The choice as it stands in a query."""
        if self.every and self.all_value:
            return self.all_value
        values = self.chosen
        if not self.several:
            return _in_string(values[0]) if values else ""
        parts = [_in_string(_SPECIAL.sub(r"\\\1", value)) for value in values]
        return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"

    def only(self, value: str) -> Variable:
        """The variable inside a panel that is repeated for ``value``."""
        return evolve(self, values=(value,), every=False)


def _in_string(text: str) -> str:
    """The text inside a double-quoted PromQL string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def variables_of(
    board: Mapping[str, Any], given: Mapping[str, Sequence[str]], ask: Callable[[str, str], Iterable[str]]
) -> tuple[Variable, ...]:
    """The dashboard's variables, each narrowed by those before it.

    ``given`` are choices by name. ``ask`` takes an expression and a label and returns the label's values.
    """
    out: list[Variable] = []
    for body in board.get("templating", {}).get("list", ()):
        if body["type"] not in ("datasource", "adhoc"):
            possible = tuple(sorted(set(_possible(body, in_queries(out), ask))))
            out.append(_chosen(body, possible, tuple(given.get(body["name"], ()))))
    return tuple(out)


def _possible(
    body: Mapping[str, Any], values: Mapping[str, str], ask: Callable[[str, str], Iterable[str]]
) -> Iterable[str]:
    query = body.get("query", "")
    text = str(query.get("query", "") if isinstance(query, dict) else query)
    if body["type"] != "query":
        return [one.strip().partition(" : ")[2] or one.strip() for one in text.split(",") if one.strip()]
    text = filled(text, values)
    found: Iterable[str] = ()
    if match := _LABEL_VALUES.fullmatch(text.strip()):
        found = ask(match["selector"] or f'{{{match["label"]}!=""}}', match["label"])
    elif match := _QUERY_RESULT.fullmatch(text.strip()):
        found = ask(match["expr"], "")
    wanted = re.compile(str(body.get("regex") or "").strip("/"))
    return [m[1] if wanted.groups else one for one in found if (m := wanted.search(one))]


def _chosen(body: Mapping[str, Any], possible: tuple[str, ...], given: tuple[str, ...]) -> Variable:
    current = body.get("current", {}).get("value", ())
    values = given or ((current,) if isinstance(current, str) else tuple(current))
    values = values or ((_ALL,) if body.get("includeAll") else possible[:1])
    every = _ALL in values or "All" in values
    return Variable(
        name=body["name"],
        label=body.get("label") or body["name"],
        possible=possible,
        values=() if every else values,
        every=every,
        several=bool(body.get("multi") or body.get("includeAll")),
        all_value=body.get("allValue") or "",
        hidden=body.get("hide") == 2,
    )


def in_queries(variables: Iterable[Variable]) -> Mapping[str, str]:
    """Every choice as it stands in a query, by name."""
    return {one.name: one.regex for one in variables}


def filled(expr: str, values: Mapping[str, str]) -> str:
    """``expr`` with its variables replaced; what is none, such as ``$1``, stays."""
    return _REFERENCE.sub(lambda m: values.get(m["braced"] or m["plain"] or m["square"], m[0]), expr)


def filled_text(text: str, variables: Iterable[Variable]) -> str:
    """A title or a text with the choices as people read them."""
    return filled(text, {one.name: one.text for one in variables})
