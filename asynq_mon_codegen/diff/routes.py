"""What changes in who hears of which alert: every alert is sent through both trees of routes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from asynq_mon_codegen.diff.alertmanager import Alerting, Match, RouteNode
from asynq_mon_codegen.diff.cells import OTHER, Cell, phrases
from asynq_mon_codegen.diff.changes import Area, Change, Effect, changed
from asynq_mon_codegen.diff.rules import Rule
from asynq_mon_codegen.routing import Node

__all__ = ["compare_routes"]

_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_MOST_CELLS = 50_000
_ASPECTS = {
    "group_by": "grouped by",
    "group_wait": "first message after",
    "group_interval": "further messages after",
    "repeat_interval": "repeated every",
    "mute_time_intervals": "not sent during",
    "active_time_intervals": "only sent during",
}

_Outcome = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]


def compare_routes(
    old: Alerting, new: Alerting, rules: tuple[Sequence[Rule], Sequence[Rule]], names: Mapping[str, str]
) -> Iterator[Change]:
    """Who hears of the alerts that both sides have, and how it is sent; ``names`` are new names of old alerts."""
    if (old.route, old.silent) == (new.route, new.silent) and _labels(rules[0], names) == _labels(rules[1], {}):
        return
    before = {(names.get(r.name, r.name), r.severity): r for r in rules[0]}
    after = {(r.name, r.severity): r for r in rules[1]}
    both = {key: (before.get(key, after.get(key)), after.get(key, before.get(key))) for key in {**before, **after}}
    mentioned = [*old.matches(), *new.matches()]
    labels = [n for n in dict.fromkeys(m.label for m in mentioned) if n not in ("severity", "alertname", "component")]
    back = {v: k for k, v in names.items()}
    told: dict[str, dict[tuple[object, object], set[Cell]]] = {}
    universe: set[Cell] = set()
    for (name, severity), pair in both.items():
        for cell in _cells(pair, labels, mentioned):
            full = (severity, name, *cell)
            universe.add(full)
            if len(universe) > _MOST_CELLS:
                yield from _trees(old, new)
                return
            sides = []
            for side, rule, alert in ((old, pair[0], back.get(name, name)), (new, pair[1], name)):
                sides.append(_told(side, rule, alert, dict(zip(labels, cell, strict=True))))
            for aspect, a, b in _differences(*sides):
                told.setdefault(aspect, {}).setdefault((a, b), set()).add(full)
    for aspect, moved in told.items():
        for (a, b), cells in moved.items():
            for scope in _scopes(cells, universe, labels):
                yield _change(aspect, a, b, scope or "every alert")


def _labels(rules: Iterable[Rule], names: Mapping[str, str]) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    return {(names.get(r.name, r.name), r.labels) for r in rules}


def _trees(old: Alerting, new: Alerting) -> Iterator[Change]:
    """The routes themselves, where there are too many combinations of labels to send each through them."""
    before, after = ("\n".join(_lines(side.route)) if side.route else "" for side in (old, new))
    yield from changed(Change(area=Area.ROUTES, subject="all routes", aspect="tree", before=before, after=after))


def _lines(node: Node, depth: int = 0) -> Iterator[str]:
    matchers = ", ".join(str(c.matcher) for c in node.criteria if isinstance(c, Match)) or "everything"
    settings = [f"{k} {v}" for k, v in node.settings] if isinstance(node, RouteNode) else []
    goes_on = ["and goes on"] if node.goes_on else []
    yield f"{'  ' * depth}{matchers} -> {', '.join([node.receiver, *settings, *goes_on])}"
    for below in node.routes:
        yield from _lines(below, depth + 1)


def _scopes(cells: set[Cell], universe: set[Cell], labels: Sequence[str]) -> tuple[str, ...]:
    """The alerts in words: by name first or by their labels first, whichever is shorter."""
    by_name = phrases(cells, universe, ("severity", "alert", *labels))
    turned = [[(severity, *rest, name) for severity, name, *rest in some] for some in (cells, universe)]
    by_label = phrases(turned[0], turned[1], ("severity", *labels, "alert"))
    return min(by_name, by_label, key=lambda some: sum(map(len, some)))


def _cells(pair: Iterable[Rule | None], labels: Sequence[str], mentioned: Sequence[Match]) -> Iterator[Cell]:
    """The values to try for each label: what the rules set, else what routes ask for, and any other."""
    values = []
    for label in labels:
        given: dict[str, None] = {}
        for rule in pair:
            text = dict(rule.labels).get(label, "") if rule else ""
            given.update(dict.fromkeys(_texts(text)))
        if not given:
            for m in mentioned:
                if m.label == label:
                    given.update(dict.fromkeys(m.named))
            given[OTHER] = None
        values.append(tuple(given))
    return itertools.product(*values)


def _texts(value: str) -> tuple[str, ...]:
    """What a label may become: itself, or each of the plain texts of a template."""
    if "{{" not in value:
        return (value,) if value else ()
    return tuple(dict.fromkeys(t.strip() for t in _ACTION.split(value) if t.strip()))


def _told(side: Alerting, rule: Rule | None, name: str, chosen: Mapping[str, str]) -> _Outcome:
    if side.route is None or rule is None:
        return (), ()
    labels = {**dict(rule.labels), "alertname": name, **chosen}
    nodes = [n for n in side.route.matched(labels) if n.receiver not in side.silent]
    receivers = tuple(dict.fromkeys(n.receiver for n in nodes))
    settings: dict[str, dict[str, None]] = {}
    for node in nodes:
        if isinstance(node, RouteNode):
            for key, value in node.settings:
                settings.setdefault(key, {})[value] = None
    return receivers, tuple((key, " / ".join(values)) for key, values in settings.items())


def _differences(old: _Outcome, new: _Outcome) -> Iterator[tuple[str, object, object]]:
    if set(old[0]) != set(new[0]):
        yield "receivers", old[0], new[0]
    if not old[0] or not new[0]:
        return
    a, b = dict(old[1]), dict(new[1])
    for key in _ASPECTS:
        if a.get(key, "") != b.get(key, ""):
            yield key, a.get(key, ""), b.get(key, "")


def _change(aspect: str, a: object, b: object, scope: str) -> Change:
    if isinstance(a, tuple) and isinstance(b, tuple):
        lost, gained = (tuple(n for n in x if n not in y) for x, y in ((a, b), (b, a)))
        effect = Effect.BOTH if lost and gained else Effect.QUIETER if lost else Effect.LOUDER
        return Change(
            area=Area.ROUTES,
            subject=scope,
            aspect="receivers",
            before=", ".join(a) or "nobody",
            after=", ".join(b) or "nobody",
            lost=lost,
            gained=gained,
            effect=effect,
        )
    effect = Effect.NONE
    if aspect == "mute_time_intervals":
        effect = Effect.QUIETER if not a else Effect.LOUDER if not b else Effect.NONE
    return Change(
        area=Area.ROUTES,
        subject=scope,
        aspect=_ASPECTS[aspect],
        before=str(a) or "nothing",
        after=str(b) or "nothing",
        effect=effect,
    )
