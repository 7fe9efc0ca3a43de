"""How values look: thresholds, value mappings and overrides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana.jsondata import JsonObject, plain
from asynq_mon_codegen.grafana.links import DataLink
from asynq_mon_codegen.grafana.units import checked_unit

__all__ = [
    "Matcher",
    "Override",
    "Thresholds",
    "ValueMapping",
    "color_override",
    "map_range",
    "map_special",
    "map_value",
    "mappings_json",
    "override",
    "threshold_steps",
]

Matcher: TypeAlias = Literal["byName", "byRegexp", "byFrameRefID", "byType"]


@frozen
class Thresholds:
    """The colour below the first step, and the (value, colour) steps in rising order."""

    base: str
    steps: tuple[tuple[float, str], ...]

    def to_json_data(self) -> JsonObject:
        """Grafana's form; the base has the value null, which stands for minus infinity."""
        rising = [{"color": color, "value": value} for value, color in self.steps]
        return {"mode": "absolute", "steps": [{"color": self.base, "value": None}, *rising]}


def threshold_steps(base: str, *steps: tuple[float, str]) -> Thresholds:
    """``base`` colour, then from each value on its colour, in the panel's unit; DeclarationError unless rising."""
    values = [value for value, _ in steps]
    if any(not math.isfinite(value) for value in values):
        raise DeclarationError(f"threshold steps must be finite numbers, not {values}")
    if any(low >= high for low, high in pairwise(values)):
        raise DeclarationError(f"threshold steps must rise: {values}")
    return Thresholds(base, steps)


@frozen(kw_only=True)
class ValueMapping:
    """One entry of a panel's value mappings: ``options`` is what ``kind`` asks for, ``result`` what is shown."""

    kind: Literal["value", "range", "special"]
    options: Mapping[str, Any]
    text: str
    color: str = ""

    def result(self, index: int) -> JsonObject:
        """What Grafana shows; ``index`` is the position among the mappings."""
        return {"index": index, "text": self.text} | ({"color": self.color} if self.color else {})


def map_value(value: float | str, text: str, color: str = "") -> ValueMapping:
    """Show ``text`` for exactly ``value``."""
    key = value if isinstance(value, str) else f"{value:g}"
    return ValueMapping(kind="value", options={"value": key}, text=text, color=color)


def map_range(low: float | None, high: float | None, text: str, color: str = "") -> ValueMapping:
    """Show ``text`` from ``low`` to ``high``; None leaves the end open."""
    return ValueMapping(kind="range", options={"from": low, "to": high}, text=text, color=color)


def map_special(match: Literal["null", "nan", "null+nan"], text: str, color: str = "") -> ValueMapping:
    """Show ``text`` where there is no number."""
    return ValueMapping(kind="special", options={"match": match}, text=text, color=color)


def mappings_json(mappings: Iterable[ValueMapping]) -> list[JsonObject]:
    """Grafana's form: the exact values share one entry, ranges and special values have their own."""
    exact: JsonObject = {}
    others = []
    for index, mapping in enumerate(mappings):
        if mapping.kind == "value":
            exact[mapping.options["value"]] = mapping.result(index)
        else:
            others.append({"type": mapping.kind, "options": {**mapping.options, "result": mapping.result(index)}})
    return [{"type": "value", "options": exact}, *others] if exact else others


@frozen(kw_only=True)
class Override:
    """Other settings for the fields that ``matcher`` finds."""

    matcher: Matcher
    match: str
    properties: tuple[tuple[str, Any], ...]

    def to_json_data(self) -> JsonObject:
        """Grafana's form."""
        properties = [{"id": key, "value": value} for key, value in self.properties]
        return {"matcher": {"id": self.matcher, "options": self.match}, "properties": properties}


def override(
    match: str,
    *,
    matcher: Matcher = "byName",
    color: str = "",
    unit: str = "",
    decimals: int | None = None,
    min: float | None = None,  # noqa: A002
    max: float | None = None,  # noqa: A002
    display_name: str = "",
    steps: Thresholds | None = None,
    mappings: Iterable[ValueMapping] = (),
    links: Iterable[DataLink] = (),
    custom: Mapping[str, Any] | None = None,
) -> Override:
    """Settings for the fields whose name is ``match`` (or what ``matcher`` says).

    ``custom`` are settings of the panel's type under Grafana's names, such as
    ``{"lineWidth": 2}``. DeclarationError when nothing is set.
    """
    settings: JsonObject = {
        "color": {"mode": "fixed", "fixedColor": color} if color else None,
        "decimals": decimals,
        "displayName": display_name or None,
        "links": plain(tuple(links)) or None,
        "mappings": mappings_json(mappings) or None,
        "max": max,
        "min": min,
        "thresholds": steps.to_json_data() if steps else None,
        "unit": checked_unit(unit) if unit else None,
    }
    settings |= {f"custom.{key}": plain(value) for key, value in (custom or {}).items()}
    properties = tuple((key, value) for key, value in sorted(settings.items()) if value is not None)
    if not properties:
        raise DeclarationError(f"the override of {match!r} sets nothing")
    return Override(matcher=matcher, match=match, properties=properties)


def color_override(match: str, color: str, *, matcher: Matcher = "byName") -> Override:
    """A fixed colour for one series."""
    return override(match, matcher=matcher, color=color)
