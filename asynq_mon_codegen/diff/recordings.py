"""What changes in recorded series: which there are, how they are made, who reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import evolve

from asynq_mon_codegen.diff.changes import Area, Change, Effect, Kind, changed
from asynq_mon_codegen.diff.dashboards import Dashboard
from asynq_mon_codegen.diff.rules import Recording, Rules
from asynq_mon_codegen.promql.parsed import Aggregation, Binary, Call, Node, NotPromQL, Selector, Subquery, parse, walk
from asynq_mon_codegen.promql.printed import clauses, printed

__all__ = ["compare_recordings", "renamed_recordings"]

_RECORDED = re.compile(r"(?<![\w:$.])[a-zA-Z_:][\w:]*:[\w:]*")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`', re.DOTALL)
_SHOWN = 5


def renamed_recordings(old: Sequence[Recording], new: Sequence[Recording]) -> dict[str, str]:
    """Series that are recorded under another name: the same but for the labels in front of the first colon."""
    names = {r.name for r in old}, {r.name for r in new}
    gone = _by_tail(names[0] - names[1])
    come = _by_tail(names[1] - names[0])
    return {gone[tail]: come[tail] for tail in gone if tail in come}


def _by_tail(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(name.partition(":")[2], []).append(name)
    return {tail: several[0] for tail, several in found.items() if tail and len(several) == 1}


def compare_recordings(
    old: tuple[Rules, Iterable[Dashboard]], new: tuple[Rules, Iterable[Dashboard]], series: Mapping[str, str]
) -> Iterator[Change]:
    """Every change of the recordings; ``series`` are the new names of old ones."""
    for before, after in series.items():
        yield Change(area=Area.RECORDINGS, kind=Kind.RENAMED, subject=after, before=before, after=after)
    sides = _by_name(old[0].with_series(series).recordings), _by_name(new[0].recordings)
    readers = _readers(*old, series), _readers(*new, {})
    for name in dict.fromkeys((*sides[0], *sides[1])):
        base = Change(area=Area.RECORDINGS, subject=name)
        there, here = (side.get(name, []) for side in sides)
        if not there or not here:
            yield base.whole(Kind.REMOVED if there else Kind.ADDED, _definition(there or here))
        else:
            if there != here:
                yield from _changes(there, here, base, renamed=name in series.values())
            if bool(readers[0].get(name)) != bool(readers[1].get(name)):
                yield _reading(base, "readers", *(side.get(name, ()) for side in readers))
    for name in dict.fromkeys((*readers[0], *readers[1])):
        lacks = [bool(reading.get(name)) and name not in side for reading, side in zip(readers, sides, strict=True)]
        known = name in sides[0] or name in sides[1]
        if known and lacks[0] != lacks[1]:
            yield _source(name, readers[0].get(name, ()), readers[1].get(name, ()), lost=lacks[1])


def _by_name(recordings: Iterable[Recording]) -> dict[str, list[Recording]]:
    out: dict[str, list[Recording]] = {}
    for recording in recordings:
        out.setdefault(recording.name, []).append(recording)
    return out


def _changes(old: list[Recording], new: list[Recording], base: Change, *, renamed: bool) -> Iterator[Change]:
    # the labels by which a renamed series is aggregated are those of its new name
    if not (renamed and _texts(old, grouping=False) == _texts(new, grouping=False)) and _texts(old) != _texts(new):
        yield from changed(evolve(base, aspect="definition", before=_definition(old), after=_definition(new)))
    intervals = [", ".join(dict.fromkeys(r.interval for r in side)) for side in (old, new)]
    yield from changed(evolve(base, aspect="evaluated every", before=intervals[0], after=intervals[1]))


def _texts(recordings: Iterable[Recording], *, grouping: bool = True) -> list[tuple[str, object]]:
    out: list[tuple[str, object]] = []
    for r in recordings:
        node = _tree(r.expr)
        if node is None:
            out.append((r.expr, r.labels))
        else:
            out.append((printed(node if grouping else _ungrouped(node)), r.labels))
    return sorted(out, key=repr)


def _ungrouped(node: Node) -> Node:
    match node:
        case Aggregation(expr=expr):
            return evolve(node, labels=(), expr=_ungrouped(expr))
        case Binary(left=left, right=right):
            return evolve(node, left=_ungrouped(left), right=_ungrouped(right), labels=None)
        case Call(args=args):
            return evolve(node, args=tuple(map(_ungrouped, args)))
        case Subquery(expr=expr):
            return evolve(node, expr=_ungrouped(expr))
        case _:
            return node


def _definition(recordings: Iterable[Recording]) -> str:
    out = []
    for r in recordings:
        node = _tree(r.expr)
        labels = ", ".join(f"{k}={v}" for k, v in r.labels)
        out.append((f"[{labels}] " if labels else "") + (r.expr if node is None else clauses(node)))
    return "\n".join(out)


def _tree(expr: str) -> Node | None:
    try:
        return parse(expr)
    except NotPromQL:
        return None


def _readers(rules: Rules, dashboards: Iterable[Dashboard], series: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Who reads each series whose name has a colon; a series that only reads itself has no reader."""
    found: dict[str, dict[str, None]] = {}
    asked = [(f"alert {r.name}", r.expr, False) for r in rules.alerts]
    # a text may ask for a series too: {{ query "a:b" }}
    asked += [(f"alert {r.name}", text, True) for r in rules.alerts for _, text in r.annotations if "query" in text]
    asked += [(f"recording {series.get(r.name, r.name)}", r.expr, False) for r in rules.recordings]
    asked += [(who, expr, True) for board in dashboards for who, expr in board.expressions()]
    for who, text, loose in asked:
        for name in _names_in(text, loose=loose):
            present = series.get(name, name)
            if who != f"recording {present}":
                found.setdefault(present, {})[who] = None
    return {name: tuple(who) for name, who in found.items()}


def _names_in(text: str, *, loose: bool) -> Iterable[str]:
    if loose:
        return _RECORDED.findall(text)
    node = _tree(text)
    if node is None:
        return _RECORDED.findall(_STRING.sub('""', text))
    return [part.name for part in walk(node) if isinstance(part, Selector) and ":" in part.name]


def _reading(base: Change, aspect: str, before: Sequence[str], after: Sequence[str]) -> Change:
    return evolve(base, aspect=aspect, before=_some(before) or "nobody", after=_some(after) or "nobody")


def _source(name: str, before: Sequence[str], after: Sequence[str], *, lost: bool) -> Change:
    recorded, missing = "recorded", "not recorded"
    who = _some(after if lost else before)
    return Change(
        area=Area.RECORDINGS,
        subject=name,
        aspect="source",
        scope=f"read by {who}",
        before=recorded if lost else missing,
        after=missing if lost else recorded,
        effect=Effect.QUIETER if lost else Effect.LOUDER,
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
