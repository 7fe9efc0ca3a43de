"""Holds and floors that single queues and task types have of their own: each makes rules of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from attrs import evolve, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Alert, Burn, Queue, Severity, TaskType
from asynq_mon_codegen.plan.where import Term, Terms

__all__ = ["Own", "check_own", "each_alone", "own_of"]


@frozen(kw_only=True)
class Own:
    """What holds for one queue or task type in place of the alert's; None leaves that as it is."""

    hold: Duration | None = None
    floor: float | None = None

    @property
    def words(self) -> str:
        """What of it is given: ``hold``, ``floor``, or both."""
        return " and ".join(w for w, v in (("hold", self.hold), ("floor", self.floor)) if v is not None)

    def alert(self, alert: Alert) -> Alert:
        """The alert with this floor."""
        return alert if self.floor is None else alert.with_floor(self.floor)


def own_of(alert: Alert, severity: Severity, one: Queue | TaskType) -> Own | None:
    """The hold and floor that ``one`` declares for a rule of this severity; None where it has neither.

    What is the alert's own anyway makes no rule of its own.
    """
    holds, floors = dict(one.holds).get(alert.name), dict(one.floors).get(alert.name)
    named = dict(holds or ())
    hold = named.get(severity, named.get(None))
    if hold == alert.hold_for(severity):
        hold = None
    if floors is not None and all(g.minimum in (None, floors) for g in alert.guards if g.applies_to(severity)):
        floors = None
    return None if hold is None and floors is None else Own(hold=hold, floor=floors)


def check_own(alert: Alert, label: str, one: Queue | TaskType) -> None:
    """Raise DeclarationError where the alert cannot have the hold or floor that ``one`` declares for it."""
    holds, floors = alert.name in dict(one.holds), alert.name in dict(one.floors)
    if not holds and not floors:
        return
    what = "hold" if holds else "floor"
    if isinstance(alert.when, Burn):
        raise DeclarationError(
            f"{alert.name} cannot have a {what} of its own for {one.name!r}: it burns by windows, not by holds",
            "change the objective for it: SLO(per_queue={...})",
        )
    if label not in (alert.signal.expr.labels or ()):
        raise DeclarationError(
            f"{alert.name} has no label {label!r}, so {one.name!r} cannot have a {what} of its own for it",
            "change the alert for all: alerts=asynq.ALERTS.replace(evolve(...))",
        )
    if floors and not alert.has_floor:
        raise DeclarationError(
            f"{alert.name} has no floor that {one.name!r} could change", "leave it out of floors=, or give a threshold"
        )
    if dict(one.thresholds).get(alert.name, alert) is None:
        raise DeclarationError(
            f"{one.name!r} switches {alert.name} off and gives it a {what}", f"leave it out of {what}s="
        )


def each_alone(terms: Terms) -> Iterator[Terms]:
    """The same classes with one value of each label that is asked for: labels by which a rule can be told apart."""
    choices = [[t] if t.negated else [evolve(t, values=(value,)) for value in t.values] for t in terms]
    for one in itertools.product(*choices):
        found: tuple[Term, ...] = one
        yield found
