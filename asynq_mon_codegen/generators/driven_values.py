"""To which values tests drive a signal, and which rules fire at them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from asynq_mon_codegen.model import Above, Alert, Band, LevelOrBand, Present
from asynq_mon_codegen.plan import PlannedAlert
from asynq_mon_codegen.simulator import Probe

__all__ = [
    "default_of",
    "fires_at",
    "level_of_class",
    "level_there",
    "number_of",
    "value_between",
    "value_beyond",
    "values_around",
    "whole_value",
    "worst_value",
]

_APART = 2


def value_beyond(alert: Alert, probe: Probe, level: float, worse: float | None) -> float:
    """A value that breaks this level, not the next worse one, and not by a factor of 3."""
    if isinstance(alert.when, Above):
        value = level * 1.25 if level > 0 else level + max(1.0, abs(level) * 0.25)
        limits = [x for x in (worse, probe.top) if x is not None]
        return value if all(value < x for x in limits) else (level + min(limits)) / 2
    value = level * 0.75 if level > 0 else level - max(1.0, abs(level) * 0.25)
    limits = [x for x in (worse, probe.bottom) if x is not None]
    return value if all(value > x for x in limits) else (level + max(limits)) / 2


def whole_value(alert: Alert, value: float, level: float) -> float:
    """Rounded away from the level where both are counts."""
    if alert.signal.unit.words in ("tasks", "attempts", "count") and level.is_integer():
        return float(math.ceil(value) if value > level else math.floor(value))
    return value


def fires_at(rule: PlannedAlert, value: float, level: float | None) -> bool:
    """Whether the rule fires for a signal of this value, where this is its level."""
    if isinstance(rule.alert.when, Present):
        return True
    if level is None:
        return False
    return value > level if isinstance(rule.alert.when, Above) else value < level


def values_around(
    alert: Alert, probe: Probe, levels: list[tuple[PlannedAlert, float | None]]
) -> Iterator[tuple[str, float]]:
    """Values at and beyond each level, with words for them; the worst level first, as in a plan."""
    worse: float | None = None
    for rule, level in levels:
        if level is None:
            continue
        edge = level
        if not probe.exact:
            edge = level * (0.98 if isinstance(alert.when, Above) else 1.02)
        beyond = whole_value(alert, value_beyond(alert, probe, level, worse), level)
        yield f"at the {rule.severity.value} level", edge
        yield f"beyond the {rule.severity.value} level", beyond
        worse = level


def worst_value(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> float:
    """A value beyond the worst level."""
    for rule in rules:
        level = default_of(rule, probe)
        if level is not None:
            return whole_value(alert, value_beyond(alert, probe, level, None), level)
    return probe.value


def value_between(alert: Alert, levels: list[tuple[float | None, float | None]], otherwise: float) -> float:
    """A value that passes one of two levels only."""
    for own, default in levels:
        if own is not None and default is not None and own != default:
            middle = (own + default) / 2
            return whole_value(alert, middle, own) if abs(own - default) >= _APART else middle
    return otherwise


def level_there(rule: PlannedAlert, series: Mapping[str, str], probe: Probe) -> float | None:
    """The level of a series with these labels."""
    return number_of(rule, rule.class_for(series).level, probe)


def level_of_class(rule: PlannedAlert, label: str, name: str, probe: Probe) -> float | None:
    """The level of a declared queue or task type."""
    for cls in rule.classes[:-1]:
        if cls.label == label and name in cls.names:
            return number_of(rule, cls.level, probe)
    return default_of(rule, probe)


def default_of(rule: PlannedAlert, probe: Probe) -> float | None:
    """The level of everything that has none of its own."""
    return number_of(rule, rule.default_level, probe)


def number_of(rule: PlannedAlert, level: LevelOrBand, probe: Probe) -> float | None:
    """The level in the probe's worlds; that of a band depends on what their history teaches."""
    if isinstance(level, Band):
        return level.level_at(probe.usual, rising=isinstance(rule.alert.when, Above))
    return level
