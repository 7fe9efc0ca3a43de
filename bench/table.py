"""Results as a table of Markdown."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Table"]


@frozen
class Table:
    """A title, the heads of the columns, and rows of as many cells."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """The table as Markdown; all columns but the first are numbers."""
        lines = [self.head, ("---", *("---:" for _ in self.head[1:])), *self.rows]
        return f"**{self.title}**\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
