"""Alertmanager's configuration as values: the tree of routes, receivers, inhibitions, the rest as flat settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.diff.documents import flat, listed, mapping, yaml_of
from asynq_mon_codegen.diff.files import Files
from asynq_mon_codegen.diff.secrets import shown
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.promql.labels import Matcher, names_of
from asynq_mon_codegen.routing import Criterion, Node

__all__ = ["Alerting", "Inhibition", "Match", "RouteNode", "read_alerting", "renamed"]

_FILE = "alertmanager/alertmanager.yaml"
_MATCHER = re.compile(
    r'\s*(?P<name>[a-zA-Z_:][\w:.-]*|"(?:\\.|[^"\\])*")\s*(?P<op>=~|!~|!=|=)\s*'
    r'(?P<value>"(?:\\.|[^"\\])*"|[^,{}]*?)\s*(?:,|$)',
    re.DOTALL,
)
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
_DEFAULTS = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
_LISTS = ("group_by", "mute_time_intervals", "active_time_intervals")
_HINT = "run: amtool check-config alertmanager/alertmanager.yaml"

Pairs = tuple[tuple[str, str], ...]


@frozen
class Match(Criterion):
    """A matcher of a route: any operator, not only equality."""

    op: str

    @property
    def matcher(self) -> Matcher:
        """The same as a value that knows how to compare."""
        return Matcher(self.label, self.op, self.values[0])

    @property
    def named(self) -> tuple[str, ...]:
        """The values that it names; a regular expression that is more than a list stands for itself."""
        return (names_of(self.values[0]) if "~" in self.op else None) or self.values

    def holds(self, labels: Mapping[str, str]) -> bool:
        """As Alertmanager does: a label that an alert lacks counts as empty."""
        try:
            return self.matcher.accepts(labels.get(self.label, ""))
        except re.error:
            return False


@frozen(kw_only=True)
class RouteNode(Node):
    """A route with the settings that hold in it, those of its parents included."""

    settings: Pairs = ()


@frozen(kw_only=True)
class Inhibition:
    """While an alert matches ``source``, those that match ``target`` and agree in ``equal`` are muted."""

    source: tuple[Match, ...]
    target: tuple[Match, ...]
    equal: tuple[str, ...]


@frozen(kw_only=True)
class Alerting:
    """One side; ``receivers`` and ``rest`` map to flat settings that are safe to show."""

    route: RouteNode | None = None
    receivers: Mapping[str, Pairs]
    silent: frozenset[str] = frozenset()
    inhibitions: tuple[Inhibition, ...] = ()
    rest: Mapping[str, Pairs]

    @property
    def identity(self) -> tuple[str, ...]:
        """Labels that notifications are grouped by beside those that every alert of ours has."""
        if self.route is None:
            return ()
        grouped = (name for node in _nodes(self.route) if isinstance(node, RouteNode) for name in node.group_by)
        return tuple(dict.fromkeys(n for n in grouped if n not in ("service", "team", "threat", "...", "alertname")))

    def matches(self) -> Iterator[Match]:
        """Every matcher of every route."""
        for node in () if self.route is None else _nodes(self.route):
            yield from (c for c in node.criteria if isinstance(c, Match))


def read_alerting(files: Files) -> Alerting:
    """Alertmanager's configuration of one side; an empty one where it has none.

    Raises:
        UsageError: the file is not YAML, or not such a configuration.
    """
    text = files.texts.get(_FILE)
    if text is None:
        return Alerting(receivers={}, rest={})
    place = files.place(_FILE)
    data = mapping(yaml_of(place, text), place, "the file")
    receivers: dict[str, Pairs] = {}
    silent = set()
    for entry in listed(data.get("receivers"), place, "receivers"):
        receiver = mapping(entry, place, "a receiver")
        name = str(receiver.pop("name", ""))
        receivers[name] = tuple((key, shown(key, value)) for key, value in flat(receiver)) if receiver else ()
        if not any(receiver.values()):
            silent.add(name)
    intervals = {}
    for key in ("time_intervals", "mute_time_intervals"):
        for entry in listed(data.get(key), place, key):
            interval = mapping(entry, place, "a time interval")
            intervals[f"time interval {interval.pop('name', '')}"] = tuple(flat(interval.get("time_intervals", [])))
    settings = {k: v for k, v in data.items() if k in ("global", "templates", "tracing")}
    return Alerting(
        route=_route(data["route"], place, _DEFAULTS) if data.get("route") else None,
        receivers=receivers,
        silent=frozenset(silent),
        inhibitions=tuple(_inhibition(e, place) for e in listed(data.get("inhibit_rules"), place, "inhibit_rules")),
        rest={**intervals, **({"settings": tuple((k, shown(k, v)) for k, v in flat(settings))} if settings else {})},
    )


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.routes:
        yield from _nodes(below)


def _route(entry: Any, place: str, inherited: Mapping[str, str]) -> RouteNode:
    data = mapping(entry, place, "a route")
    own = {name: str(data[name]) for name in ("receiver", *_DEFAULTS) if data.get(name) is not None}
    for name in _LISTS:
        if data.get(name) is not None:
            own[name] = ", ".join(map(str, listed(data[name], place, name)))
    # mute times hold for a route alone, everything else for those below it too
    passed = {**inherited, **{k: v for k, v in own.items() if k not in _LISTS[1:]}}
    return RouteNode(
        receiver=passed.get("receiver", ""),
        criteria=tuple(_matchers(data, place, "")),
        goes_on=data.get("continue") is True,
        group_by=tuple(map(str, data.get("group_by") or ())),
        routes=tuple(_route(child, place, passed) for child in listed(data.get("routes"), place, "routes")),
        settings=tuple(sorted((k, v) for k, v in {**passed, **own}.items() if k != "receiver")),
    )


def _inhibition(entry: Any, place: str) -> Inhibition:
    data = mapping(entry, place, "an inhibition")
    return Inhibition(
        source=tuple(_matchers(data, place, "source_")),
        target=tuple(_matchers(data, place, "target_")),
        equal=tuple(sorted(map(str, listed(data.get("equal"), place, "equal")))),
    )


def _matchers(data: Mapping[str, Any], place: str, prefix: str) -> Iterator[Match]:
    """The matchers in their present form, and in the old one of two mappings."""
    for key, op in ((f"{prefix}match", "="), (f"{prefix}match_re", "=~")):
        for label, value in mapping(data.get(key), place, key).items():
            yield Match(label, (str(value),), op)
    given = data.get(f"{prefix}matchers")
    for text in [given] if isinstance(given, str) else listed(given, place, f"{prefix}matchers"):
        yield from _parsed(str(text), place)


def _parsed(text: str, place: str) -> Iterable[Match]:
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    out, at = [], 0
    while at < len(inner):
        found = _MATCHER.match(inner, at)
        if found is None or found.end() == at:
            raise UsageError(f"{place}: error: {text!r} is not a matcher", _HINT)
        out.append(Match(_unquoted(found["name"]), (_unquoted(found["value"]),), found["op"]))
        at = found.end()
    return out


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\.", lambda m: _ESCAPES.get(m.group(), m.group()), text[1:-1])


def renamed(match: Match, names: Mapping[str, str]) -> Match:
    """The matcher with the present names of alerts."""
    if match.label != "alertname":
        return match
    value = re.sub(r"\w+", lambda m: names.get(m.group(), m.group()), match.values[0])
    return evolve(match, values=(value,))
