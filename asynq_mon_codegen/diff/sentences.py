"""A change as a sentence, in parts that each form of output marks in its own way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from enum import Enum

from attrs import evolve, frozen

from asynq_mon_codegen.diff import wording
from asynq_mon_codegen.diff.changes import Area, Change, Effect, Folded, Kind, folded

__all__ = ["Part", "Section", "Sentence", "Style", "clean", "headline", "sections", "sentence"]

_LONG = 90
_AROUND = 40
_SUBJECTS = 6
_NONE = "nothing"
_OURS = re.compile(r"(?:[a-z]+(?:[ _][a-z]+)*)?")
"""Aspects that need no marking as somebody's text."""
_LISTED_RECORDINGS = 10


class Style(Enum):
    """How a part of a sentence is marked; ``PLAIN`` is our own text, everything else may be anybody's."""

    PLAIN = "plain"
    NAME = "name"
    OLD = "old"
    NEW = "new"
    NOTE = "note"


@frozen
class Part:
    """A piece of a sentence."""

    style: Style
    text: str


@frozen(kw_only=True)
class Sentence:
    """A change in words; ``block`` are lines of a diff that begin with a space, ``-`` or ``+``."""

    kind: Kind
    parts: tuple[Part, ...]
    block: tuple[str, ...] = ()


@frozen(kw_only=True)
class Section:
    """Sentences under a title; ``judged`` are those that make it quieter or louder."""

    title: str
    folded: tuple[Folded, ...]
    judged: bool = False


_JUDGED = (
    (Effect.QUIETER, "Quieter: fires later or less, or reaches fewer people"),
    (Effect.BOTH, "Both: some hear less, others more"),
    (Effect.LOUDER, "Louder: fires earlier or more, or reaches more people"),
)
_TITLES = {
    Area.ALERTS: "Alerts, otherwise",
    Area.ROUTES: "Routes and inhibitions, otherwise",
    Area.RECEIVERS: "Receivers and settings",
    Area.RECORDINGS: "Recorded series",
    Area.DASHBOARDS: "Dashboards",
    Area.RUNBOOKS: "Runbooks",
    Area.MESSAGES: "Templates of messages",
}


def sections(changes: Iterable[Change]) -> tuple[Section, ...]:
    """First what reviewers must judge, then the rest by what it is about; empty ones are left out."""
    every = folded(_condensed(tuple(changes)))
    out = [
        Section(title=title, folded=tuple(f for f in every if f.change.effect is effect), judged=True)
        for effect, title in _JUDGED
    ]
    out += [
        Section(title=title, folded=tuple(f for f in every if f.change.effect is Effect.NONE and f.change.area is area))
        for area, title in _TITLES.items()
    ]
    return tuple(s for s in out if s.folded)


def _condensed(changes: Sequence[Change]) -> Iterable[Change]:
    """Without the definitions of recorded series where many come or go at once: their names say enough then."""
    whole = [c for c in changes if c.area is Area.RECORDINGS and c.kind in (Kind.ADDED, Kind.REMOVED)]
    if len(whole) <= _LISTED_RECORDINGS:
        return changes
    return [evolve(c, before="", after="") if c in whole else c for c in changes]


def headline(effects: dict[str, int]) -> str:
    """``2 changes make it quieter, 1 louder.``"""
    words = {"quieter": "quieter", "both": "both quieter and louder", "louder": "louder"}
    parts = [f"{count} {words[effect]}" for effect, count in effects.items()]
    return f"{', '.join(parts)}; judge these first." if parts else "No alert becomes quieter or louder."


def sentence(found: Folded) -> Sentence:
    """The change in words."""
    change = found.change
    told, block = _told(change)
    parts = [*_subjects(found.subjects), *_scope(change), *told]
    note = _note(change)
    if note:
        parts += [_plain(" "), Part(Style.NOTE, f"({note})")]
    return Sentence(kind=change.kind, parts=tuple(parts), block=tuple(block))


def clean(text: str) -> str:
    """Nothing in a name may move the cursor, break a line or turn the direction of writing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _plain(text: str) -> Part:
    return Part(Style.PLAIN, text)


def _subjects(subjects: Sequence[tuple[str, tuple[str, ...]]]) -> list[Part]:
    out: list[Part] = []
    for i, (name, severities) in enumerate(subjects[:_SUBJECTS]):
        out += [*([_plain(", ")] if i else []), Part(Style.NAME, name)]
        distinct = tuple(dict.fromkeys(severities))
        if distinct:
            out.append(_plain(" "))
            out.append(Part(Style.NAME, "/".join(distinct)))
    more = len(subjects) - _SUBJECTS
    return [*out, *([_plain(f" and {more} more")] if more > 0 else [])]


def _scope(change: Change) -> list[Part]:
    if not change.scope or change.aspect in ("inhibition", "source", "sections rewritten", "sections in another order"):
        return []
    return [_plain(", "), Part(Style.NAME, change.scope)]


def _told(change: Change) -> tuple[list[Part], Sequence[str]]:
    match change:
        case Change(kind=Kind.RENAMED):
            return [_plain(" is the new name of "), Part(Style.OLD, change.before)], ()
        case Change(kind=Kind.ADDED | Kind.REMOVED):
            return _whole(change)
        case Change(aspect="receivers"):
            told = _receivers(change)
        case Change(aspect="inhibition"):
            told = _inhibition(change)
        case Change(aspect="source"):
            lead = "no longer recorded, but " if change.effect is Effect.QUIETER else "now recorded, "
            told = [_plain(lead), Part(Style.NAME, change.scope)]
        case Change(aspect="readers"):
            told = _readers(change)
        case Change(aspect="sections"):
            told = _sections(change)
        case Change(aspect="sections rewritten" | "sections in another order"):
            told = [_plain(f"{change.aspect}: "), Part(Style.NAME, change.scope)]
        case Change(aspect="threshold", after=wording.OFF):
            told = [_plain("switched off, before "), Part(Style.OLD, change.before)]
        case Change(aspect="threshold", before=wording.OFF):
            told = [_plain("switched on, "), Part(Style.NEW, change.after)]
        case _:
            return _from_to(change)
    return [_plain(": "), *told], ()


def _whole(change: Change) -> tuple[list[Part], Sequence[str]]:
    added = change.kind is Kind.ADDED
    lead = f" {'severity ' if change.aspect == 'severity' else ''}{change.kind.value}: "
    text = change.after if added else change.before
    if not text:
        return [_plain(f" {change.kind.value}")], ()
    first, _, rest = text.partition("\n") if change.aspect in ("panel", "variable") else (text, "", "")
    head, query = first.split(": ", 1) if change.aspect in ("panel", "variable") and ": " in first else (first, "")
    if "\n" not in text and len(text) <= _LONG * 2 and not query:
        return [_plain(lead), Part(Style.NEW if added else Style.OLD, text)], ()
    body = "\n".join(filter(None, (query, rest))) or text
    sign = "+" if added else "-"
    shown = [] if body == text else [Part(Style.NEW if added else Style.OLD, head)]
    return [_plain(lead if shown else lead.rstrip(": ")), *shown], [f"{sign} {line}" for line in body.split("\n")]


def _from_to(change: Change) -> tuple[list[Part], Sequence[str]]:
    before, after = change.before, change.after
    aspect = "" if change.aspect == "threshold" else change.aspect
    lead = [_plain(": "), Part(Style.PLAIN if _OURS.fullmatch(aspect) else Style.NAME, aspect)]
    if "\n" in before or "\n" in after or max(len(before), len(after)) > _LONG:
        return lead if aspect else [], _diff(before, after)
    word, _, rest = before.partition(" ")
    if change.aspect == "threshold" and rest and after.startswith(f"{word} ") and " or " not in after:
        after = after.removeprefix(f"{word} ")
    return [
        *lead,
        _plain(" " if aspect else ""),
        Part(Style.OLD, before or _NONE),
        _plain(" -> "),
        Part(Style.NEW, after or _NONE),
    ], ()


def _diff(before: str, after: str) -> Sequence[str]:
    if "\n" not in before and "\n" not in after and before and after:
        return _cut(before, after)
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm="")
    out = [f"{line[:1]} {line[1:]}" for line in lines if not line.startswith(("---", "+++", "@@"))]
    return [line for line in out if line.strip() not in ("-", "+")]


def _cut(before: str, after: str) -> Sequence[str]:
    """Two long lines, without what they have in common at both ends but for a little around the difference."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    head, tail = max(0, start - _AROUND), max(0, end - _AROUND)
    return [
        f"{sign} {'...' if head else ''}{text[head : len(text) - tail]}{'...' if tail else ''}"
        for sign, text in (("-", before), ("+", after))
    ]


def _names(style: Style, names: Iterable[str]) -> list[Part]:
    out: list[Part] = []
    for name in names:
        out += [*([_plain(", ")] if out else []), Part(style, name)]
    return out


def _receivers(change: Change) -> list[Part]:
    lost, gained = _names(Style.OLD, change.lost), _names(Style.NEW, change.gained)
    if lost and gained:
        return [_plain("now reaches "), *gained, _plain(" instead of "), *lost]
    if gained:
        before = [] if change.before == "nobody" else [_plain(" (as before: "), Part(Style.NAME, change.before)]
        lead = "now also reaches " if before else "now reaches "
        return [_plain(lead), *gained, *before, *([_plain(")")] if before else [_plain(" (before: nobody)")])]
    return [_plain("no longer reaches "), *lost, _plain(" (still: "), Part(Style.NAME, change.after), _plain(")")]


def _inhibition(change: Change) -> list[Part]:
    source = Part(Style.NAME, change.scope)
    if change.before and change.after and (change.lost or change.gained):
        out = [_plain("muted while "), source, _plain(" fires, ")]
        if change.lost:
            out += [_plain("no longer only with the same "), *_names(Style.OLD, change.lost)]
        if change.gained:
            out += [_plain(", " if change.lost else ""), _plain("now only with the same ")]
            out += _names(Style.NEW, change.gained)
        return out
    if not change.before:
        return [_plain("now muted while "), source, _plain(" fires, "), Part(Style.NEW, change.after)]
    if not change.after:
        return [_plain("no longer muted while "), source, _plain(" fires, "), Part(Style.OLD, change.before)]
    pair = [Part(Style.OLD, change.before), _plain(" -> "), Part(Style.NEW, change.after)]
    return [_plain("muted while "), source, _plain(" fires, "), *pair]


def _readers(change: Change) -> list[Part]:
    if change.after == "nobody":
        return [_plain("loses its readers; read before by "), Part(Style.OLD, change.before)]
    return [_plain("now read, by "), Part(Style.NEW, change.after)]


def _sections(change: Change) -> list[Part]:
    out: list[Part] = []
    for lead, style, names in (("removed: ", Style.OLD, change.lost), ("added: ", Style.NEW, change.gained)):
        if names:
            out += [_plain("; sections " if out else "sections "), _plain(lead), *_names(style, names)]
    return out


def _note(change: Change) -> str:
    louder = change.effect is Effect.LOUDER
    if change.effect is Effect.NONE or change.kind is not Kind.CHANGED:
        return ""
    if change.aspect == "threshold" and wording.OFF in (change.before, change.after):
        return ""
    if change.aspect in ("threshold", "hold"):
        if change.effect is Effect.BOTH:
            return "one level is met earlier, another later"
        return "fires earlier" if louder else "fires later"
    return ""
