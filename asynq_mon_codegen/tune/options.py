"""What could be changed about a row of a backtest: whose it is, and with which levels it would be quieter or louder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Alert, Band, Below, Monitoring, Severity
from asynq_mon_codegen.model.conditions import LevelOrBand
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.tune import ladder
from asynq_mon_codegen.tune.changes import Change, LevelChange

__all__ = ["Owner", "Place", "both", "lower", "owner_of", "place_for", "quieter"]

_LEVELS = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@frozen(kw_only=True)
class Owner:
    """A queue or task type; ``kind`` is ``queue`` or ``task_type``, the label of its series."""

    kind: str
    name: str

    def declared(self, monitoring: Monitoring, argument: str, alert: str) -> Any:
        """What it says in this argument of an alert; None where it says nothing."""
        owners = monitoring.queues if self.kind == "queue" else monitoring.task_types
        return next((dict(getattr(o, argument)).get(alert) for o in owners if o.name == self.name), None)


def owner_of(alert: Alert, labels: Mapping[str, str]) -> Owner | None:
    """Whose values hold for a series with these labels: a task type's win over those of its queue."""
    kinds = (k for k in ("task_type", "queue") if labels.get(k) and k in (alert.signal.expr.labels or ()))
    return next((Owner(kind=kind, name=labels[kind]) for kind in kinds), None)


@frozen(kw_only=True)
class Place:
    """Where a level is declared: an alert and severity, of a queue or task type, with all levels that hold there."""

    alert: Alert
    severity: Severity
    owner: str
    name: str
    levels: Mapping[Severity, LevelOrBand]

    @property
    def rising(self) -> bool:
        """Whether it fires above its level."""
        return isinstance(self.alert.when, Above)

    @property
    def number(self) -> float | None:
        """The level as a number: of a learnt one the limit within which it never fires."""
        return _number(self, self.levels[self.severity])

    def condition(self, levels: Mapping[Severity, LevelOrBand]) -> Above | Below:
        """The whole condition with these levels.

        Raises:
            DeclarationError: they are not in order.
        """
        info, warning, critical = (levels[severity] for severity in _LEVELS)
        if self.rising:
            return Above(info=info, warning=warning, critical=critical)
        return Below(info=info, warning=warning, critical=critical)


def place_for(plan: Plan, name: str, severity: str, labels: Mapping[str, str]) -> Place | None:
    """Where the level of an alert whose series has these labels can be changed.

    None where it has no level, or none of a queue or task type.
    """
    alert = plan.monitoring.alerts[name] if name in plan.monitoring.alerts.names() else None
    if alert is None or not isinstance(alert.when, Above | Below):
        return None
    owner = owner_of(alert, labels)
    # one with a hold or floor of its own has rules of its own, of all that they are about
    own = (r for r in plan.own_rules_of(alert) if any(c.accepts(labels) for c in r.classes))
    rules = {rule.severity: rule for rule in (*plan.rules_of(alert), *own)}
    wanted = Severity(severity)
    if owner is None or wanted not in rules:
        return None
    levels = {s: rules[s].class_for(labels).level if s in rules else None for s in _LEVELS}
    place = Place(alert=alert, severity=wanted, owner=owner.kind, name=owner.name, levels=levels)
    return place if place.number is not None else None


def _with_level(place: Place, number: float) -> LevelChange:
    """The change that makes this the level; the levels of worse severities that it reaches move on in proportion.

    Raises:
        DeclarationError: there is no such condition.
    """
    levels = {**place.levels, place.severity: _moved(place, place.severity, number)}
    before, after = place.number, number
    for severity in _LEVELS[_LEVELS.index(place.severity) + 1 :]:
        level = place.levels[severity]
        if isinstance(level, Band) or level is None or before is None:
            continue
        if (level > after) if place.rising else (level < after):
            break
        rungs = (ladder.up if place.rising else ladder.down)(level, level * number / before, place.alert.signal.unit)
        if not rungs:
            break
        levels[severity] = after = rungs[-1]
    return LevelChange(
        owner=place.owner,
        name=place.name,
        alert=place.alert.name,
        when=place.condition(levels),
        unit=place.alert.signal.unit,
    )


def both(place: Place, one: Change, other: Change) -> Change:
    """Two changes of the condition of a place as one: of each severity the level that is farther from the old one."""
    if not isinstance(one, LevelChange) or not isinstance(other, LevelChange):
        return one
    levels = {}
    for severity, old in place.levels.items():
        new = [level for c in (one, other) if (level := c.when.level(severity)) != old]
        levels[severity] = max(new, key=lambda level: _distance(place, old, level), default=old)
    return evolve(one, when=place.condition(levels))


def _distance(place: Place, one: LevelOrBand, other: LevelOrBand) -> float:
    numbers = _number(place, one), _number(place, other)
    return abs(numbers[0] - numbers[1]) if numbers[0] is not None and numbers[1] is not None else float("inf")


def _number(place: Place, level: LevelOrBand) -> float | None:
    if isinstance(level, Band):
        return level.floor if place.rising else level.ceiling
    return level


def _moved(place: Place, severity: Severity, number: float) -> LevelOrBand:
    old = place.levels[severity]
    if not isinstance(old, Band):
        return number
    return evolve(old, floor=number) if place.rising else evolve(old, ceiling=number)


def quieter(place: Place, fired: Sequence[Firing]) -> tuple[LevelChange, ...]:
    """Changes after which ever less of what fired is left, up to nothing."""
    number = place.number
    if number is None or not fired:
        return ()
    unit = place.alert.signal.unit
    if place.rising:
        return _in_order(place, ladder.up(number, max(f.high for f in fired), unit))
    return _in_order(place, ladder.down(number, min(f.low for f in fired), unit))


def lower(place: Place, steps: int) -> tuple[LevelChange, ...]:
    """Changes after which it fires ever earlier."""
    number = place.number
    if number is None:
        return ()
    unit = place.alert.signal.unit
    rungs = ladder.down(number, 0, unit) if place.rising else ladder.up(number, float("inf"), unit)
    return _in_order(place, rungs[:steps])


def _in_order(place: Place, rungs: Sequence[float]) -> tuple[LevelChange, ...]:
    found = []
    for rung in rungs:
        try:
            found.append(_with_level(place, rung))
        except DeclarationError:
            break
    return tuple(found)
