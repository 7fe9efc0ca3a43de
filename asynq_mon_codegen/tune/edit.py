"""Writes changes into a declaration as a reviewer would: what does not change keeps its text."""

from __future__ import annotations

from collections.abc import Sequence

from asynq_mon_codegen.tune.alerts import alert_snippet, alert_splices
from asynq_mon_codegen.tune.changes import Change, Edited, LevelChange
from asynq_mon_codegen.tune.layout import fitted, line_length_of
from asynq_mon_codegen.tune.levels import level_snippet, level_splices
from asynq_mon_codegen.tune.source import Cannot, Source, Splice, spliced
from asynq_mon_codegen.tune.writer import Writer

__all__ = ["edited"]

_BOM = "\ufeff"


def edited(source: str, changes: Sequence[Change], *, line_length: int | None = None) -> Edited:
    """The declaration with the changes, laid out as ruff format would within ``line_length`` columns.

    Without ``line_length`` it is guessed from the file. The source is never run; editing the result again with the
    same changes gives the same text.

    Raises:
        UsageError: the source is no Python; the message begins with ``line:column``.
    """
    bom = _BOM if source.startswith(_BOM) else ""
    before = text = source.removeprefix(_BOM)
    tree = Source(text)
    done: list[Change] = []
    left: list[tuple[Change, str, str]] = []
    for change in changes:
        writer = Writer(tree)
        try:
            splices = [*_splices(writer, change), *writer.imports()]
        except Cannot as reason:
            left.append((change, str(reason), _snippet(tree, change)))
            continue
        done.append(change)
        if splices:
            text = spliced(text, splices)
            tree = Source(text)
    text = fitted(text, before, line_length or line_length_of(before))
    return Edited(text=bom + text, done=tuple(done), left=tuple(left))


def _splices(writer: Writer, change: Change) -> list[Splice]:
    return level_splices(writer, change) if isinstance(change, LevelChange) else alert_splices(writer, change)


def _snippet(tree: Source, change: Change) -> str:
    """What a person may paste, as far as it can be written for this file."""
    writer = Writer(tree)
    try:
        return level_snippet(writer, change) if isinstance(change, LevelChange) else alert_snippet(writer, change)
    except Cannot:
        return ""
