"""Proposals as values: a change, and what the alert did before and would have done with it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged, subject
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.tune.changes import AlertChange, Change
from asynq_mon_codegen.tune.options import Place, both

__all__ = ["Proposal", "Tuning", "merged"]


@frozen(kw_only=True)
class Proposal:
    """One change: what the alert did before and would have done with it, of the rows that it is about.

    ``told`` are incidents that only it would tell; ``place`` is the level of the rows, None where there is none or the
    change is for everybody; ``was`` is what a hold or floor is before, as a change.
    """

    change: Change
    severity: str
    place: Place | None
    before: tuple[Firing, ...]
    after: tuple[Firing, ...]
    told: tuple[Incident, ...] = ()
    was: Change | None = None

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
        key = p.change.alert if isinstance(p.change, AlertChange) else (p.change.owner, p.change.name, p.change.alert)
        known = out.get(key)
        if known is None:
            out[key] = p
        elif p.place is not None and bool(known.told) == bool(p.told):
            out[key] = _one(known, p, p.place)
    return list(out.values())


def _one(known: Proposal, p: Proposal, place: Place) -> Proposal:
    """Two changes of one condition, both of which make it quieter, or both louder."""
    change = both(place, known.change, p.change)
    if not p.told:
        return evolve(known, change=change, before=(*known.before, *p.before), after=(*known.after, *p.after))
    # the same rows with one level or the other: the farther one tells what the nearer would have told
    farther = p if change == p.change else known
    told = (i for i in (*known.told, *p.told) if any(i.told_by(f) for f in farther.after))
    return evolve(farther, change=change, told=tuple(told))


def _meet(one: Firing, other: Firing) -> bool:
    return (
        one.label("severity") == other.label("severity")
        and subject(one.labels) == subject(other.labels)
        and one.start < other.until(float("inf"))
        and other.start < one.until(float("inf"))
    )
