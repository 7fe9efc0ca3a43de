"""When a signal is bad: levels per severity, in the unit of the signal."""

from __future__ import annotations

import itertools
from typing import Self

from attrs import field, frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.bands import Band, Level, level_of
from asynq_mon_codegen.model.terms import Severity

__all__ = ["Above", "Below", "Condition", "LevelOrBand", "Present"]

Given = Level | Band
LevelOrBand = float | Band | None


def _level(value: Given, name: str) -> LevelOrBand:
    return value if isinstance(value, Band) else level_of(value, name)


def _info(value: Given) -> LevelOrBand:
    return _level(value, "info")


def _warning(value: Given) -> LevelOrBand:
    return _level(value, "warning")


def _critical(value: Given) -> LevelOrBand:
    return _level(value, "critical")


@frozen(kw_only=True)
class _Levels:
    info: LevelOrBand = field(default=None, converter=_info)
    warning: LevelOrBand = field(default=None, converter=_warning)
    critical: LevelOrBand = field(default=None, converter=_critical)
    declared: bool = False

    @classmethod
    def declared_only(cls) -> Self:
        """No default level: only the queues and task types that a declaration gives one are watched."""
        return cls(declared=True)

    def level(self, severity: Severity) -> LevelOrBand:
        """The level of this severity, or None where it has none."""
        match severity:
            case Severity.CRITICAL:
                return self.critical
            case Severity.WARNING:
                return self.warning
            case Severity.INFO:
                return self.info
            case Severity.NONE:
                return None

    def _ordered(self) -> list[tuple[str, float | Band]]:
        named = (("info", self.info), ("warning", self.warning), ("critical", self.critical))
        return [(name, value) for name, value in named if value is not None]

    def _check_order(self, rising: bool) -> None:
        given = self._ordered()
        if not given and not self.declared:
            raise DeclarationError("no level is given", "give warning=, critical= or info=")
        bands = [level for _, level in given if isinstance(level, Band)]
        for band in bands:
            if not band.learns_like(bands[0]):
                raise DeclarationError(
                    "the bands of one condition learn in different ways",
                    "give them the same window, past, memory and young; times, floor and ceiling may differ",
                )
            if (band.times < 1) if rising else (band.times > 1):
                word = "above" if rising else "below"
                raise DeclarationError(
                    f"times={band.times:g} would call what is usual bad",
                    f"{word} what is usual is Band({2 if rising else 0.5})",
                )
        for (low_name, low), (high_name, high) in itertools.pairwise(given):
            if isinstance(low, Band) != isinstance(high, Band):
                continue  # which one is reached first depends on the queue
            nearer, farther = _number(low), _number(high)
            if (farther <= nearer) if rising else (farther >= nearer):
                word = "above" if rising else "below"
                raise DeclarationError(
                    f"{high_name} ({farther:g}) must be {word} {low_name} ({nearer:g})",
                    "swap them, or leave one out",
                )


def _number(level: float | Band) -> float:
    return level.times if isinstance(level, Band) else level


@frozen(kw_only=True)
class Above(_Levels):
    """Bad above a level: numbers in the signal's unit; ``"5m"`` for seconds, ``"5%"`` for ratios; a learnt ``Band``."""

    comparator = ">"
    words = "above"

    def __attrs_post_init__(self) -> None:
        self._check_order(rising=True)


@frozen(kw_only=True)
class Below(_Levels):
    """Bad below a level."""

    comparator = "<"
    words = "below"

    def __attrs_post_init__(self) -> None:
        self._check_order(rising=False)


@frozen
class Present:
    """Bad as soon as the signal has a series at all, whatever its value."""

    severity: Severity

    def level(self, severity: Severity) -> float | None:
        """There is no number to compare with."""
        return None


Condition = Above | Below | Present
