"""The same monitoring for a world that runs faster, so that the lab plays hours in minutes.

Every length of time is divided by the factor: windows, holds, offsets, intervals, constants and
thresholds in seconds; what counts per second is multiplied. Counts, ratios and bytes stay, and so
do times of day: a batch window is read off the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, overload

import attrs

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.model import Above, Alert, Band, Below, Guard, Monitoring, Queue, Runbook, TaskType, Unit
from asynq_mon_codegen.promql.expressions import Number
from asynq_mon_codegen.simulator import Probe

__all__ = ["REAL_TIME", "faster"]

REAL_TIME = 1
"""The factor of everything outside the lab."""

_POWERS = {Unit.SECONDS: 1, Unit.TASKS_PER_SECOND: -1, Unit.BYTES_PER_SECOND: -1}
_UNTIMED = (Probe, Runbook)
_LEVELS = ("critical", "warning", "info")
_LIMITS = ("floor", "ceiling", "gate")

_M = TypeVar("_M")


@overload
def faster(value: Monitoring, factor: int) -> Monitoring: ...
@overload
def faster(value: tuple[_M, ...], factor: int) -> tuple[_M, ...]: ...
def faster(value: object, factor: int) -> object:
    """The same declaration, or records, in a world that runs ``factor`` times faster.

    Raises:
        UsageError: the factor is not a whole number from 1 on.
    """
    if factor < REAL_TIME:
        raise UsageError(f"time factor {factor}: time cannot run slower than it does", "give a whole number from 1 on")
    if factor == REAL_TIME:
        return value
    units = {a.name: a.signal.unit for a in value.alerts} if isinstance(value, Monitoring) else {}
    return _Faster(factor, units).of(value)


@attrs.frozen
class _Faster:
    factor: int
    units: Mapping[str, Unit]

    def of(self, value: Any) -> Any:
        match value:
            case Duration():
                whole = value.milliseconds
                return Duration(max(1, round(whole / self.factor)) if whole else 0)
            case Number():
                return attrs.evolve(value, value=self._number(value.value, value.time_power))
            case Guard() if value.minimum is not None:
                minimum = self._number(value.minimum, _POWERS.get(value.unit, 0))
                return attrs.evolve(value, expr=self.of(value.expr), minimum=minimum)
            case Alert():
                return attrs.evolve(self._fields(value), when=self._levels(value.when, value.signal.unit))
            case Queue() | TaskType() | Monitoring():
                own = tuple((name, self._levels(w, self.units.get(name))) for name, w in value.thresholds)
                return attrs.evolve(self._fields(value), thresholds=own)
            case tuple():
                return tuple(map(self.of, value))
            case _ if attrs.has(type(value)) and not isinstance(value, _UNTIMED):
                return self._fields(value)
            case _:
                return value

    def _fields(self, value: Any) -> Any:
        changes = dict(self._changes(value))
        return attrs.evolve(value, **changes) if changes else value

    def _changes(self, value: Any) -> Iterable[tuple[str, Any]]:
        for field in attrs.fields(type(value)):
            before = getattr(value, field.name)
            after = self.of(before)
            if after is not before and after != before:
                yield field.alias, after

    def _levels(self, when: Any, unit: Unit | None) -> Any:
        power = _POWERS.get(unit, 0) if unit else 0
        if not isinstance(when, Above | Below):
            return self.of(when)
        given = {name: getattr(when, name) for name in _LEVELS}
        levels: dict[str, Any] = {n: self._level(v, power) for n, v in given.items() if v is not None}
        return attrs.evolve(when, **levels)

    def _level(self, level: float | Band, power: int) -> float | Band:
        if not isinstance(level, Band):
            return self._number(level, power)
        given = {name: getattr(level, name) for name in _LIMITS}
        limits: dict[str, Any] = {n: self._number(v, power) for n, v in given.items() if v is not None}
        faster: Band = attrs.evolve(self._fields(level), **limits)
        return faster

    def _number(self, value: float, power: int) -> float:
        match power:
            case 1:
                return value / self.factor
            case -1:
                return value * self.factor
            case _:
                return value
