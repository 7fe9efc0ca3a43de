"""What could be changed about a row of a backtest, and what the rules would then have done, as the engine says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History, replayed
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Alert, Band, Below, Monitoring, Severity
from asynq_mon_codegen.model.conditions import LevelOrBand
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.tune import ladder
from asynq_mon_codegen.tune.applied import applied, planned, rules_from, sound
from asynq_mon_codegen.tune.changes import Change, LevelChange

__all__ = ["Place", "both", "lower", "place_for", "quieter", "tried"]

_LEVELS = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


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
        level = self.levels[self.severity]
        if isinstance(level, Band):
            return level.floor if self.rising else level.ceiling
        return level

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
    owner = next((o for o in ("task_type", "queue") if labels.get(o) and o in (alert.signal.expr.labels or ())), "")
    rules = {rule.severity: rule for rule in plan.rules_of(alert)}
    wanted = Severity(severity)
    if not owner or wanted not in rules:
        return None
    levels = {s: rules[s].class_for(labels).level if s in rules else None for s in _LEVELS}
    place = Place(alert=alert, severity=wanted, owner=owner, name=labels[owner], levels=levels)
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
    farther = max if place.rising else min
    levels = {}
    for severity, old in place.levels.items():
        new = [level for c in (one, other) if (level := c.when.level(severity)) != old]
        numbers = [level for level in new if isinstance(level, float)]
        levels[severity] = farther(numbers) if numbers else new[-1] if new else old
    return evolve(one, when=place.condition(levels))


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


def tried(
    monitoring: Monitoring,
    history: History,
    changes: Iterable[Change],
    alert: str,
    progress: Progress,
) -> tuple[Firing, ...] | None:
    """What an alert would have done with these changes; None where a check refuses them."""
    try:
        plan = planned(applied(monitoring, changes))
    except DeclarationError:
        return None
    if not sound(plan):
        return None
    return replayed(history, rules_from(plan), progress, [alert]).firings
