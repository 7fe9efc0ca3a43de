"""Dashboards as values, and what changes in them: panels, queries, places, variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.diff.changes import Area, Change, Kind, changed
from asynq_mon_codegen.diff.documents import flat, json_of, listed, mapping
from asynq_mon_codegen.diff.files import Files
from asynq_mon_codegen.diff.rules import renamed_series

__all__ = ["Dashboard", "Panel", "compare_dashboards", "read_dashboards"]

_NOT_TOLD = ("id", "gridPos", "targets", "panels", "pluginVersion", "title", "collapsed")
_NOT_TOLD_OF_DASHBOARDS = ("panels", "templating", "version", "iteration", "id", "uid")
_NOT_TOLD_OF_QUERIES = ("expr", "refId", "datasource.type", "editorMode")
_TOLD_APART = ("type", "description", "fieldConfig.defaults.unit", "thresholds")
_TOP = "above all rows"

Pairs = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Panel:
    """One panel; ``queries`` are by reference (``A``), each a text and its other settings."""

    id: str
    title: str
    row: str
    size: str
    queries: tuple[tuple[str, str, Pairs], ...]
    settings: Pairs


@frozen(kw_only=True)
class Dashboard:
    """One dashboard; ``variables`` are by name."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variables: tuple[tuple[str, Pairs], ...]
    settings: Pairs

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Each query with what asks it, in words."""
        for panel in self.panels:
            yield from ((f"panel {self.title}: {panel.title}", expr) for _, expr, _ in panel.queries)
        for name, pairs in self.variables:
            yield from ((f"variable {self.title}: ${name}", value) for key, value in pairs if key == "query.query")
        for key, value in self.settings:
            if key.endswith(".expr"):
                yield f"annotations of {self.title}", value


def read_dashboards(files: Files) -> tuple[Dashboard, ...]:
    """All dashboards of one side.

    Raises:
        UsageError: a file is not JSON, or not a dashboard.
    """
    return tuple(_dashboard(place, text) for _, place, text in files.below("dashboards_out"))


def _dashboard(place: str, text: str) -> Dashboard:
    data = mapping(json_of(place, text), place, "the file")
    panels: list[Panel] = []
    row = _TOP
    for entry in listed(data.get("panels"), place, "panels"):
        panel = mapping(entry, place, "a panel")
        if panel.get("type") == "row":
            row = str(panel.get("title", ""))
            inside = listed(panel.get("panels"), place, "panels")
            panels += [_panel(mapping(p, place, "a panel"), row, place) for p in inside]
        else:
            panels.append(_panel(panel, row, place))
    templating = mapping(data.get("templating"), place, "templating")
    variables = [mapping(v, place, "a variable") for v in listed(templating.get("list"), place, "templating.list")]
    return Dashboard(
        uid=str(data.get("uid") or data.get("title", "")),
        title=str(data.get("title", "")),
        panels=tuple(panels),
        variables=tuple((str(v.pop("name", "")), tuple(flat(v))) for v in variables),
        settings=tuple(flat({k: v for k, v in data.items() if k not in _NOT_TOLD_OF_DASHBOARDS})),
    )


def _panel(data: dict[str, Any], row: str, place: str) -> Panel:
    queries = []
    for i, entry in enumerate(listed(data.get("targets"), place, "targets")):
        target = mapping(entry, place, "a query")
        others = tuple((k, v) for k, v in flat(target) if k not in _NOT_TOLD_OF_QUERIES)
        queries.append((str(target.get("refId", i)), str(target.get("expr", "")), others))
    grid = mapping(data.get("gridPos"), place, "gridPos")
    return Panel(
        id=str(data.get("id", "")),
        title=str(data.get("title", "")),
        row=row,
        size=f"{grid.get('w', '?')} x {grid.get('h', '?')}",
        queries=tuple(queries),
        settings=tuple(_settings(data)),
    )


def _settings(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything else of a panel: steps of thresholds in words, what is overridden by what it is for."""
    field = data.get("fieldConfig")
    defaults = field.get("defaults") if isinstance(field, dict) else None
    overrides = field.get("overrides") if isinstance(field, dict) else None
    steps = defaults.get("thresholds") if isinstance(defaults, dict) else None
    plain = {k: v for k, v in data.items() if k not in (*_NOT_TOLD, "fieldConfig")}
    if isinstance(defaults, dict):
        plain["fieldConfig"] = {"defaults": {k: v for k, v in defaults.items() if k != "thresholds"}}
    yield from flat(plain)
    if isinstance(steps, dict) and isinstance(steps.get("steps"), list):
        told = [s for s in steps["steps"] if isinstance(s, dict)]
        yield "thresholds", ", ".join(_step(s) for s in told)
    for override in overrides if isinstance(overrides, list) else ():
        matcher = override.get("matcher", {}) if isinstance(override, dict) else {}
        about = matcher.get("options", "") if isinstance(matcher, dict) else ""
        yield f"override of {about}", json.dumps(override, sort_keys=True)


def _step(step: Mapping[str, Any]) -> str:
    value = step.get("value")
    color = str(step.get("color", ""))
    return (
        color
        if value is None
        else f"{color} from {value:g}"
        if isinstance(value, int | float)
        else f"{color} from {value}"
    )


def compare_dashboards(
    old: Iterable[Dashboard], new: Iterable[Dashboard], series: Mapping[str, str]
) -> Iterator[Change]:
    """Every change of the dashboards; ``series`` are new names of recorded series, which are no change of a query."""
    sides = {d.uid: d for d in old}, {d.uid: d for d in new}
    for uid in dict.fromkeys((*sides[0], *sides[1])):
        before, after = sides[0].get(uid), sides[1].get(uid)
        if before and after:
            yield from _compare(before, after, series) if before != after else ()
        elif one := before or after:
            base = Change(area=Area.DASHBOARDS, subject=one.title)
            yield base.whole(Kind.REMOVED if before else Kind.ADDED, _extent(one))


def _extent(dashboard: Dashboard) -> str:
    count = len(dashboard.panels)
    return f"dashboard with {count} panel{'' if count == 1 else 's'}"


def _compare(old: Dashboard, new: Dashboard, series: Mapping[str, str]) -> Iterator[Change]:
    base = Change(area=Area.DASHBOARDS, subject=new.title)
    yield from _flat_changes(old.settings, new.settings, base, series)
    yield from _variables(old, new, series)
    pairs = _paired(old.panels, new.panels)
    matched = {id(p) for pair in pairs for p in pair}
    for kind, panels in ((Kind.REMOVED, old.panels), (Kind.ADDED, new.panels)):
        for panel in panels:
            if id(panel) not in matched:
                text = f"panel in row {panel.row}: " + "\n".join(q for _, q, _ in panel.queries)
                yield evolve(base, subject=f"{new.title}: {panel.title}", aspect="panel").whole(kind, text)
    for before, after in pairs:
        if before != after:
            yield from _panels(before, after, evolve(base, subject=f"{new.title}: {after.title}"), series)


def _paired(old: Iterable[Panel], new: Iterable[Panel]) -> list[tuple[Panel, Panel]]:
    """Panels that are the same: by id, else by row and title, else by title, else by their queries."""
    left, right = list(old), list(new)
    out: list[tuple[Panel, Panel]] = []
    keys = (
        lambda p: p.id,
        lambda p: (p.row, p.title),
        lambda p: p.title,
        lambda p: tuple(q for _, q, _ in p.queries) or None,
    )
    for key in keys:
        there = {key(p): p for p in reversed(right) if key(p)}
        for panel in tuple(left):
            other = there.pop(key(panel), None)
            if other is not None:
                out.append((panel, other))
                left.remove(panel)
                right.remove(other)
    return out


def _panels(old: Panel, new: Panel, base: Change, series: Mapping[str, str]) -> Iterator[Change]:
    yield from changed(evolve(base, aspect="title", before=old.title, after=new.title))
    yield from changed(evolve(base, aspect="row", before=old.row, after=new.row))
    yield from changed(evolve(base, aspect="size", before=old.size, after=new.size))
    sides = {ref: (q, rest) for ref, q, rest in old.queries}, {ref: (q, rest) for ref, q, rest in new.queries}
    for ref in dict.fromkeys((*sides[0], *sides[1])):
        before, after = (side.get(ref, ("", ())) for side in sides)
        yield from changed(
            evolve(base, aspect=f"query {ref}", before=renamed_series(before[0], series), after=after[0])
        )
        if ref in sides[0] and ref in sides[1]:
            yield from _flat_changes(before[1], after[1], base, {}, prefix=f"query {ref}: ")
    yield from _look(old, new, base)


def _look(old: Panel, new: Panel, base: Change) -> Iterator[Change]:
    """What a panel shows apart from its queries; the finer points of its look in one change."""
    left, right = dict(old.settings), dict(new.settings)
    refs = {f"override of {ref}" for ref, _, _ in (*old.queries, *new.queries)}
    both = {f"override of {ref}" for ref, _, _ in old.queries} & {f"override of {ref}" for ref, _, _ in new.queries}
    differ = [k for k in dict.fromkeys((*left, *right)) if left.get(k, "") != right.get(k, "")]
    differ = [k for k in differ if k not in refs or k in both]  # the look of a query comes and goes with it
    for key in (k for k in differ if k in _TOLD_APART):
        aspect = key.removeprefix("fieldConfig.defaults.")
        yield evolve(base, aspect=aspect, before=left.get(key, ""), after=right.get(key, ""))
    rest = sorted(k for k in differ if k not in _TOLD_APART)
    if rest:
        before, after = ("\n".join(f"{_setting(k)}: {side[k]}" for k in rest if k in side) for side in (left, right))
        yield evolve(base, aspect="look", before=before, after=after)


def _variables(old: Dashboard, new: Dashboard, series: Mapping[str, str]) -> Iterator[Change]:
    sides = dict(old.variables), dict(new.variables)
    for name in dict.fromkeys((*sides[0], *sides[1])):
        base = Change(area=Area.DASHBOARDS, subject=f"{new.title}: ${name}")
        before, after = (side.get(name) for side in sides)
        if before is None or after is None:
            kind = Kind.ADDED if before is None else Kind.REMOVED
            text = f"variable: {dict(before or after or ()).get('query.query', '')}".rstrip(": ")
            yield evolve(base, aspect="variable").whole(kind, text)
        else:
            yield from _flat_changes(before, after, base, series, skip=("definition",))


def _flat_changes(
    old: Pairs, new: Pairs, base: Change, series: Mapping[str, str], *, prefix: str = "", skip: tuple[str, ...] = ()
) -> Iterator[Change]:
    left, right = dict(old), dict(new)
    for key in dict.fromkeys((*left, *right)):
        if key not in skip:
            before, after = renamed_series(left.get(key, ""), series), right.get(key, "")
            yield from changed(evolve(base, aspect=prefix + _setting(key), before=before, after=after))


def _setting(key: str) -> str:
    """The way to a setting without what every panel has around it."""
    return key.removeprefix("fieldConfig.defaults.").removeprefix("options.")
