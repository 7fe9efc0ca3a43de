"""Two backtests side by side: what the rules of now would do, and what those that are deployed did."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.backtest.summary import Judged, Row

__all__ = ["Pair", "pairs"]


@frozen(kw_only=True)
class Pair:
    """The same alert, severity and subject in both; None where it did not fire."""

    now: Row | None
    before: Row | None

    @property
    def row(self) -> Row:
        """The one of now, else the one of before."""
        found = self.now or self.before
        assert found is not None  # noqa: S101 - one of the two is always there
        return found

    @property
    def change(self) -> str:
        """``new``, ``gone``, ``louder``, ``quieter`` or empty."""
        if self.before is None:
            return "new"
        if self.now is None:
            return "gone"
        more = len(self.now.firings) - len(self.before.firings)
        return "louder" if more > 0 else "quieter" if more < 0 else ""


def pairs(now: Judged, before: Judged | None) -> Iterator[Pair]:
    """Every row of the two; without ``before`` only those of now."""
    if before is None:
        yield from (Pair(now=row, before=row) for row in now.rows)
        return
    known = {_key(row): row for row in before.rows}
    for row in now.rows:
        yield Pair(now=row, before=known.pop(_key(row), None))
    yield from (Pair(now=None, before=row) for row in known.values())


def _key(row: Row) -> tuple[str, str, str]:
    return row.alert, row.severity, row.subject
