"""A section of the report, and its Markdown: tables that read well raw, names without power over the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from attrs import frozen
from rich.cells import cell_len

from asynq_mon_codegen.diff.markdown import code
from asynq_mon_codegen.diff.sentences import clean

__all__ = ["MOST", "Section", "Table", "counted", "name", "names", "share"]

MOST = 20
"""Rows that a table shows; a meeting does not get through more, and JSON has them all."""

_SPECIAL = re.compile(r"[^A-Za-z0-9 -]")


@frozen(kw_only=True)
class Table:
    """Cells in Markdown; columns whose heading begins with ``>`` hold numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def text(self) -> str:
        """The table, aligned for those who read it raw."""
        shown = self.rows[:MOST]
        head = tuple(c.removeprefix(">") for c in self.columns)
        right = [c.startswith(">") for c in self.columns]
        widths = [max(3, *(cell_len(row[i]) for row in (head, *shown))) for i in range(len(head))]
        rule = "|".join(f"{'-' * (w + 1)}:" if r else "-" * (w + 2) for w, r in zip(widths, right, strict=True))
        lines = [_line(head, widths, right), f"|{rule}|", *(_line(row, widths, right) for row in shown)]
        if len(self.rows) > len(shown):
            lines += ["", f"And {len(self.rows) - len(shown)} more: `asynq-mon review --json` has all."]
        return "\n".join(lines)


@frozen(kw_only=True)
class Section:
    """``lead`` says what was found, ``decide`` what is to be decided; ``task`` is its line of the checklist.

    Where there is nothing to decide ``task`` is empty. ``notes`` are sentences below the tables.
    """

    title: str
    lead: str
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    decide: str = ""
    task: str = ""


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        f"{' ' * (width - cell_len(cell))}{cell}" if to_right else f"{cell}{' ' * (width - cell_len(cell))}"
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def name(text: str) -> str:
    """A name as code, in text and in cells: nothing in it is a mention, a link, HTML or Markdown."""
    if "|" not in text:
        return code(text)
    # a bar ends the cell, in code too
    return f"<code>{_SPECIAL.sub(lambda m: f'&#{ord(m.group())};', clean(text))}</code>"


def names(several: Iterable[str], most: int = 5) -> str:
    """The first names and how many more."""
    found = tuple(several)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(map(name, found[:most])) + more


def counted(count: int, noun: str) -> str:
    """``1 alert``, ``1,200 alerts``, ``2 near misses``."""
    several = "es" if noun.endswith("ss") else "s"
    return f"{count:,} {noun}{'' if count == 1 else several}"


def share(part: float, whole: float) -> str:
    """A share in per cent."""
    return f"{100 * part / whole:.0f} %" if whole else ""
