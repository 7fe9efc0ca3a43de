"""Writes changes into a declaration as a reviewer would: what does not change keeps its text."""

from __future__ import annotations

from collections.abc import Sequence

from asynq_mon_codegen.tune.alerts import alert_snippet, alert_splices
from asynq_mon_codegen.tune.changes import AlertChange, Change, Edited
from asynq_mon_codegen.tune.layout import fitted, line_length_of
from asynq_mon_codegen.tune.owners import own_snippet, own_splices
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
    before = source.removeprefix(_BOM)
    batch = _Batch(before)
    done: list[Change] = []
    left: list[tuple[Change, str, str]] = []
    for change in changes:
        try:
            batch.take(change)
        except Cannot as reason:
            left.append((change, str(reason), _snippet(batch.writer.source, change)))
        else:
            done.append(change)
    batch.write()
    text = fitted(batch.text, before, line_length or line_length_of(before))
    return Edited(text=bom + text, done=tuple(done), left=tuple(left))


class _Batch:
    """Changes that can be made in one reading of the text, for reading it takes most of the time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._begin()

    def _begin(self) -> None:
        self.writer = Writer(Source(self.text))
        self._splices: list[Splice] = []
        self._about: set[tuple[str, str]] = set()

    def take(self, change: Change) -> None:
        """Add the change; those before are written first where they concern the same thing or place.

        Raises:
            Cannot: it cannot be made safely; then it leaves no trace.
        """
        about = ("alert", change.alert) if isinstance(change, AlertChange) else (change.owner, change.name)
        if about in self._about:
            self.write()
        splices = self._tried(change)
        if any(new.meets(old) for new in splices for old in self._splices):
            self.write()
            splices = self._tried(change)
        if splices:
            self._splices += splices
            self._about.add(about)

    def _tried(self, change: Change) -> list[Splice]:
        needed = list(self.writer.needed)
        try:
            return _splices(self.writer, change)
        except Cannot:
            self.writer.needed[:] = needed
            raise

    def write(self) -> None:
        """Make the changes, and read the text anew."""
        if self._splices:
            self.text = spliced(self.text, [*self._splices, *self.writer.imports()])
            self._begin()


def _splices(writer: Writer, change: Change) -> list[Splice]:
    return alert_splices(writer, change) if isinstance(change, AlertChange) else own_splices(writer, change)


def _snippet(tree: Source, change: Change) -> str:
    """What a person may paste, as far as it can be written for this file."""
    writer = Writer(tree)
    try:
        return alert_snippet(writer, change) if isinstance(change, AlertChange) else own_snippet(writer, change)
    except Cannot:
        return ""
