"""The report as Markdown for a comment on a pull request or merge request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asynq_mon_codegen.diff.changes import Kind, Report
from asynq_mon_codegen.diff.sentences import Section, Sentence, Style, clean, headline, sections, sentence

__all__ = ["LIMIT", "MARKER", "code", "markdown_of"]

MARKER = "<!-- asynq-mon diff -->"
"""First line of the comment: by it the next run finds the comment to update."""

LIMIT = 65_536
"""Characters that a comment on GitHub may have; counted in bytes, which are never fewer."""

_ROOM_FOR_END = 400
_OPEN = 12
_ICONS = {Kind.ADDED: "➕", Kind.REMOVED: "➖", Kind.RENAMED: "➡️", Kind.CHANGED: "✏️"}


def markdown_of(report: Report, limit: int = LIMIT) -> str:
    """The report in at most ``limit`` bytes; what does not fit is left out, and the last sentence says how much."""
    title = f"{MARKER}\n### Monitoring of asynq: what changes"
    between = f"From {code(report.old)} to {code(report.new)}"
    if not report.changes:
        return f"{title}\n\n{between}: nothing changes for people.\n"
    head = f"{title}\n\n{between}: **{headline(report.effects())}**\n\n{_table(report)}\n"
    room = limit - _ROOM_FOR_END - len(head.encode())
    out: list[str] = [head]
    left_out = 0
    for section in sections(report.changes):
        opening, closing = _frame(section)
        items: list[str] = []
        for item in map(_item, map(sentence, section.folded)):
            size = len(item.encode()) + (0 if items else len((opening + closing).encode()))
            if left_out or size > room:
                left_out += 1
                continue
            room -= size
            items.append(item)
        if items:
            out += [opening, *items, closing]
    if left_out:
        more = f"{left_out} more change{'s are' if left_out > 1 else ' is'}"
        out.append(
            f"\n**{more} left out here, for a comment holds {limit:,} characters. "
            f"All are told by:** {code('asynq-mon diff ' + report.old)}\n"
        )
    return "".join(out)


def _table(report: Report) -> str:
    rows = ["| | added | removed | renamed | changed |", "|---|---|---|---|---|"]
    for area, kinds in report.counts().items():
        rows.append(f"| {area} | {' | '.join(str(kinds.get(kind.value, '')) for kind in Kind)} |")
    return "\n".join(rows)


def _frame(section: Section) -> tuple[str, str]:
    """What stands around the sentences of a section; what need not be judged is folded where it is long."""
    if section.judged:
        return f"\n#### {section.title}\n\n", ""
    opened = " open" if len(section.folded) <= _OPEN else ""
    count = len(section.folded)
    return f"\n<details{opened}><summary><b>{section.title}</b> ({count})</summary>\n\n", "\n</details>\n"


def _item(told: Sentence) -> str:
    return "\n".join([f"- {_ICONS[told.kind]} {''.join(_parts(told))}", *_block(told)]) + "\n"


def _parts(told: Sentence) -> Iterator[str]:
    for part in told.parts:
        match part.style:
            case Style.PLAIN:
                yield part.text.replace("->", "→")
            case Style.NOTE:
                yield f"**{part.text}**"
            case Style.NAME | Style.OLD | Style.NEW:
                yield code(part.text)


def _block(told: Sentence) -> Iterator[str]:
    if not told.block:
        return
    fence = "`" * max(3, 1 + max(map(_run, told.block)))
    yield f"  {fence}diff"
    yield from (f"  {line[0]} {clean(line[2:])}".rstrip() for line in told.block if line)
    yield f"  {fence}"


def code(text: str) -> str:
    """The text as code: nothing in it is a mention, a link, HTML or Markdown."""
    shown = clean(text)
    fence = "`" * (1 + _run(shown))
    pad = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
