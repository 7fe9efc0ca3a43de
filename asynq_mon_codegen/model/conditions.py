"""When a signal is bad: levels per severity, in the unit of the signal."""

from __future__ import annotations

import itertools
import math
from typing import Self

from attrs import field, frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.terms import Severity

__all__ = ["Above", "Below", "Condition", "Present"]

Level = float | int | str | None


def _level(value: Level, name: str) -> float | None:
    """A level as a number: ``"5m"`` is 300 seconds, ``"5%"`` is 0.05."""
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


def _info(value: Level) -> float | None:
    return _level(value, "info")


def _warning(value: Level) -> float | None:
    return _level(value, "warning")


def _critical(value: Level) -> float | None:
    return _level(value, "critical")


@frozen(kw_only=True)
class _Levels:
    info: float | None = field(default=None, converter=_info)
    warning: float | None = field(default=None, converter=_warning)
    critical: float | None = field(default=None, converter=_critical)
    declared: bool = False

    @classmethod
    def declared_only(cls) -> Self:
        """No default level: only the queues and task types that a declaration gives one are watched."""
        return cls(declared=True)

    def level(self, severity: Severity) -> float | None:
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

    def _ordered(self) -> list[tuple[str, float]]:
        named = (("info", self.info), ("warning", self.warning), ("critical", self.critical))
        return [(name, value) for name, value in named if value is not None]

    def _check_order(self, rising: bool) -> None:
        given = self._ordered()
        if not given and not self.declared:
            raise DeclarationError("no level is given", "give warning=, critical= or info=")
        for (low_name, low), (high_name, high) in itertools.pairwise(given):
            if (high <= low) if rising else (high >= low):
                word = "above" if rising else "below"
                raise DeclarationError(
                    f"{high_name} ({high:g}) must be {word} {low_name} ({low:g})",
                    "swap them, or leave one out",
                )


@frozen(kw_only=True)
class Above(_Levels):
    """Bad above a level: numbers in the signal's unit; ``"5m"`` for seconds, ``"5%"`` for ratios."""

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
