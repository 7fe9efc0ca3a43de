"""Proposals as values: a change, and what the alert did before and would have done with it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged, subject
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.tune.changes import Change, LevelChange
from asynq_mon_codegen.tune.options import Place, both

__all__ = ["Proposal", "Tuning", "merged"]


@frozen(kw_only=True)
class Proposal:
    """One change: what the alert did before and would have done with it, of the rows that it is about.

    ``told`` are incidents that only it would tell; ``place`` is None for a change for everybody.
    """

    change: Change
    severity: str
    place: Place | None
    before: tuple[Firing, ...]
    after: tuple[Firing, ...]
    told: tuple[Incident, ...] = ()

    @property
    def dropped(self) -> tuple[Firing, ...]:
        """What would no longer have fired."""
        return tuple(f for f in self.before if not any(_meet(f, other) for other in self.after))


@frozen(kw_only=True)
class Tuning:
    """What was, what is wanted, what is proposed, and what would have been."""

    before: Judged
    after: Judged
    wanted: float
    proposals: tuple[Proposal, ...]


def merged(found: Sequence[Proposal]) -> list[Proposal]:
    """Proposals for the same condition as one, for each change holds the levels of all severities.

    What tells an untold incident comes first, and stands against what would make the same condition quieter.
    """
    out: dict[object, Proposal] = {}
    for p in found:
        key = (p.change.owner, p.change.name, p.change.alert) if isinstance(p.change, LevelChange) else p.change.alert
        known = out.get(key)
        if known is None:
            out[key] = p
        elif not known.told and p.place is not None:
            out[key] = evolve(
                known,
                change=both(p.place, known.change, p.change),
                before=(*known.before, *p.before),
                after=(*known.after, *p.after),
            )
    return list(out.values())


def _meet(one: Firing, other: Firing) -> bool:
    return (
        one.label("severity") == other.label("severity")
        and subject(one.labels) == subject(other.labels)
        and one.start < other.until(float("inf"))
        and other.start < one.until(float("inf"))
    )
