"""Ever longer holds and ever higher floors of an alert: for everybody, and the same for one queue or task type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Alert, Monitoring, Severity
from asynq_mon_codegen.tune import ladder
from asynq_mon_codegen.tune.changes import AlertChange, FloorChange, HoldChange, WrittenHold
from asynq_mon_codegen.tune.options import Owner

__all__ = ["Rung", "Rungs", "floors_of", "holds_of"]

_FLOORS = (2, 5, 10)


@frozen(kw_only=True)
class Rung:
    """One step for all: None, or no entry, where that would be none for them."""

    everybody: AlertChange | None
    owners: Mapping[Owner, HoldChange | FloorChange]


@frozen(kw_only=True)
class Rungs:
    """The steps, and what stands there now, written as the change that would make it so.

    ``apart`` are those with a value of their own, which a change for everybody leaves as they are.
    """

    now: AlertChange
    own: Mapping[Owner, HoldChange | FloorChange]
    apart: frozenset[Owner]
    steps: tuple[Rung, ...]


def holds_of(monitoring: Monitoring, alert: Alert, owners: Iterable[Owner]) -> Rungs | None:
    """Longer holds; None for an alert without any, which is one of an event: a hold would silence it."""
    common = _by_severity(alert, dict(alert.hold))
    declared = {o: dict(given) for o in owners if (given := o.declared(monitoring, "holds", alert.name)) is not None}
    holds = {
        o: _by_severity(alert, given if None in given else {**dict(alert.hold), **given})
        for o, given in declared.items()
    }
    holds = {o: holds.get(o, common) for o in owners}
    if max(_lengths(common)) == Duration(0):
        return None

    def change(owner: Owner, hold: WrittenHold) -> HoldChange:
        return HoldChange(owner=owner.kind, name=owner.name, alert=alert.name, hold=hold, unit=alert.signal.unit)

    def for_all(hold: WrittenHold) -> AlertChange:
        return AlertChange(alert=alert.name, hold=hold, unit=alert.signal.unit)

    return Rungs(
        now=for_all(common),
        own={o: change(o, hold) for o, hold in holds.items()},
        apart=frozenset(declared),
        steps=tuple(
            Rung(
                everybody=for_all(_raised(common, length)) if length > max(_lengths(common)) else None,
                owners={o: change(o, _raised(h, length)) for o, h in holds.items() if length > max(_lengths(h))},
            )
            for length in ladder.HOLDS
            if any(length > max(_lengths(h)) for h in (common, *holds.values()))
        ),
    )


def floors_of(monitoring: Monitoring, alert: Alert, owners: Iterable[Owner]) -> Rungs | None:
    """Higher floors; None for an alert without any, or with several that differ."""
    floors = {g.minimum for g in alert.guards if g.minimum is not None}
    if len(floors) != 1:
        return None
    (common,) = floors
    declared = {o: given for o in owners if (given := o.declared(monitoring, "floors", alert.name)) is not None}
    own = {o: declared.get(o, common) for o in owners}

    def change(owner: Owner, floor: float) -> FloorChange:
        return FloorChange(owner=owner.kind, name=owner.name, alert=alert.name, floor=floor, unit=alert.signal.unit)

    def for_all(floor: float) -> AlertChange:
        return AlertChange(alert=alert.name, floor=floor, unit=alert.signal.unit)

    return Rungs(
        now=for_all(common),
        own={o: change(o, floor) for o, floor in own.items()},
        apart=frozenset(declared),
        steps=tuple(
            Rung(everybody=for_all(common * times), owners={o: change(o, f * times) for o, f in own.items()})
            for times in _FLOORS
        ),
    )


def _by_severity(alert: Alert, holds: Mapping[Severity | None, Duration]) -> WrittenHold:
    """One hold where there is but one."""
    rest = holds.get(None)
    if rest is not None and len(holds) == 1:
        return rest
    named = {s: hold for s, hold in holds.items() if s is not None}
    return named if rest is None else {**dict.fromkeys(alert.severities(), rest), **named}


def _lengths(hold: WrittenHold) -> tuple[Duration, ...]:
    return tuple(hold.values()) if isinstance(hold, Mapping) else (hold,)


def _raised(hold: WrittenHold, length: Duration) -> WrittenHold:
    """Every hold at least so long."""
    return {s: max(h, length) for s, h in hold.items()} if isinstance(hold, Mapping) else max(hold, length)
