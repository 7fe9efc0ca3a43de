"""A threshold that is learnt from the history of what it judges, instead of a constant."""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError

__all__ = ["Band", "Level", "level_of"]

Level = float | int | str | None


def level_of(value: Level, name: str) -> float | None:
    """A level as a number: ``"5m"`` is 300 seconds, ``"5%"`` is 0.05.

    Raises:
        DeclarationError: it is neither a number, a percentage nor a duration.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise DeclarationError(f"{name}={value!r} is not a level", "give a number, or None to switch the level off")
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise DeclarationError(f"{name}={value!r} is not a finite number", "None switches the level off")
        return float(value)
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1]) / 100
        except ValueError:
            raise DeclarationError(f"{name}={value!r} is not a percentage", 'write "5%" or 0.05') from None
    return duration(value, name).seconds


def _floor(value: Level) -> float | None:
    return level_of(value, "floor")


def _ceiling(value: Level) -> float | None:
    return level_of(value, "ceiling")


def _gate(value: Level) -> float | None:
    return level_of(value, "gate")


def _length(value: str | Duration) -> Duration:
    return duration(value, "window")


def _memory(value: str | Duration) -> Duration:
    return duration(value, "memory")


def _young(value: str | Duration | None) -> Duration | None:
    return None if value is None else duration(value, "young")


def _past(value: str | Iterable[str | Duration]) -> tuple[Duration, ...]:
    several = (value,) if isinstance(value, str) else tuple(value)
    return tuple(duration(v, "past") for v in several)


@frozen
class Band:
    """A level that is ``times`` what is usual for this very queue at this hour, within fixed limits.

    Usual is the highest value (of ``Below``: the lowest) within ``window`` around the same moment of the
    days and weeks in ``past``, the median of them, times how the last ``memory`` (a day) compares with
    its own past, by the median again. Hours in which the value is beyond twice the usual (or below half
    of it) are not learnt from.

    ``floor`` and ``ceiling`` bound the level, in the unit of the signal: ``Above`` never fires at or
    below the floor and always above the ceiling, ``Below`` the other way round. Where there is no
    history, only the outer limit (of ``Above`` the ceiling, of ``Below`` the floor) judges, unless
    ``young`` is given: then the queue's own last hours, of that length, stand in. ``gate`` is what must
    be usual at least; below it there is too little traffic to say anything.

    Raises:
        DeclarationError: ``times`` is not a positive number, or the limits are in the wrong order.
    """

    times: float = field(default=2.0, converter=float)
    floor: float | None = field(default=None, converter=_floor, kw_only=True)
    ceiling: float | None = field(default=None, converter=_ceiling, kw_only=True)
    gate: float | None = field(default=None, converter=_gate, kw_only=True)
    window: Duration = field(default=Duration(7_200_000), converter=_length, kw_only=True)
    past: tuple[Duration, ...] = field(
        default=("1d", "2d", "3d", "1w", "2w", "3w", "4w"), converter=_past, kw_only=True
    )
    memory: Duration = field(default=Duration(86_400_000), converter=_memory, kw_only=True)
    young: Duration | None = field(default=None, converter=_young, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not math.isfinite(self.times) or self.times <= 0:
            raise DeclarationError(f"times={self.times:g} is not a positive number", "Band(2) is twice what is usual")
        if self.floor is not None and self.ceiling is not None and self.ceiling < self.floor:
            raise DeclarationError(
                f"ceiling ({self.ceiling:g}) is below floor ({self.floor:g})", "swap them, or leave one out"
            )
        for past in self.past:
            if past.milliseconds <= self.window.milliseconds:
                raise DeclarationError(
                    f"past holds {str(past)!r}, which is within the window of {self.window}",
                    'name the same hour of other days and weeks: past=("1d", "1w", "2w")',
                )
        if not self.past:
            raise DeclarationError("past is empty", 'name the same hour of other days and weeks: past=("1d", "1w")')

    def learns_like(self, other: Band) -> bool:
        """Whether both are read off the same recorded series."""
        mine, theirs = ((b.window, b.past, b.memory, b.young) for b in (self, other))
        return mine == theirs

    def outer(self, rising: bool) -> float | None:
        """The limit that judges where there is no history: beyond it anything is bad."""
        return self.ceiling if rising else self.floor

    def level_at(self, usual: float | None, rising: bool) -> float | None:
        """The level where this value is usual (None: no history); None where nothing is judged."""
        if usual is None or (self.gate is not None and usual < self.gate):
            return self.outer(rising)
        level = self.times * usual
        level = level if self.floor is None else max(level, self.floor)
        return level if self.ceiling is None else min(level, self.ceiling)
