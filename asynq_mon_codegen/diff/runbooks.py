"""What changes in runbooks, by their headings, and in the templates of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from asynq_mon_codegen.diff.changes import Area, Change, Kind, changed
from asynq_mon_codegen.diff.files import Files

__all__ = ["compare_messages", "compare_runbooks"]

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_INDEX = "README.md"
_INTRODUCTION = "the introduction"


def compare_runbooks(old: Files, new: Files) -> Iterator[Change]:
    """Runbooks added and removed, and the sections that differ; the index, which follows from them, is left out."""
    sides = [{PurePosixPath(p).name: text for p, _, text in side.below("runbooks")} for side in (old, new)]
    for name in sorted({*sides[0], *sides[1]} - {_INDEX}):
        before, after = (side.get(name) for side in sides)
        subject = name.removesuffix(".md")
        if before is None or after is None:
            kind = Kind.ADDED if before is None else Kind.REMOVED
            yield Change(area=Area.RUNBOOKS, kind=kind, subject=subject)
        elif before != after:
            yield from _sections(subject, _read(before), _read(after))


def compare_messages(old: Files, new: Files) -> Iterator[Change]:
    """Templates of messages that came, went, or read differently."""
    sides = [
        {p.removeprefix("alertmanager/"): text for p, _, text in side.below("alertmanager/templates")}
        for side in (old, new)
    ]
    for name in sorted({*sides[0], *sides[1]}):
        before, after = (side.get(name) for side in sides)
        if before is None or after is None:
            kind = Kind.ADDED if before is None else Kind.REMOVED
            yield Change(area=Area.MESSAGES, kind=kind, subject=name)
        else:
            yield from changed(Change(area=Area.MESSAGES, subject=name, aspect="template", before=before, after=after))


def _sections(subject: str, old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for aspect, names in (
        ("sections rewritten", [n for n in new if n in old and old[n] != new[n]]),
        ("sections in another order", [] if _order(old, new) == _order(new, old) else ["all"]),
    ):
        if names:
            yield Change(area=Area.RUNBOOKS, subject=subject, aspect=aspect, scope=", ".join(names))
    lost, gained = (tuple(n for n in a if n not in b) for a, b in ((old, new), (new, old)))
    if lost or gained:
        yield Change(area=Area.RUNBOOKS, subject=subject, aspect="sections", lost=lost, gained=gained)


def _order(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [name for name in one if name in other]


def _read(text: str) -> dict[str, str]:
    """The text of each section by its heading; a heading in a block of code is none."""
    out: dict[str, list[str]] = {}
    lines = out.setdefault(_INTRODUCTION, [])
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        heading = None if fence else _HEADING.fullmatch(line)
        if heading and len(heading[1]) > 1:
            name, number = heading[2], 2
            while name in out:
                name, number = f"{heading[2]} ({number})", number + 1
            lines = out.setdefault(name, [])
        else:
            lines.append(line)
    return {name: "\n".join(lines).strip() for name, lines in out.items()}
