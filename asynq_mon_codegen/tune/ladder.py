"""Round numbers that a person would choose for a threshold, a hold or a floor."""

from __future__ import annotations

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Unit

__all__ = ["HOLDS", "down", "up"]

_MOST_STEPS = 12
_SECONDS = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    45,
    60,
    90,
    120,
    180,
    300,
    450,
    600,
    900,
    1200,
    1800,
    2700,
    3600,
    5400,
    7200,
    10_800,
    14_400,
    21_600,
    28_800,
    43_200,
    86_400,
)
_RATIOS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
)
_DIGITS = (1, 1.5, 2, 3, 5, 7.5)
_POWERS = 11

HOLDS = tuple(Duration(minutes * 60_000) for minutes in (1, 2, 3, 5, 10, 15, 20, 30))
"""Hold times worth trying; longer ones hide what they are for."""


def up(level: float, beyond: float, unit: Unit) -> tuple[float, ...]:
    """Round numbers above the level, the last one being the first at or above ``beyond``; at most a dozen."""
    found = []
    for value in _rungs(unit, level):
        if value > level * 1.001:
            found.append(value)
            if value >= beyond or len(found) == _MOST_STEPS:
                break
    return tuple(found)


def down(level: float, beyond: float, unit: Unit) -> tuple[float, ...]:
    """Round numbers below the level, the last one being the first below ``beyond``; at most a dozen."""
    found = []
    for value in reversed(tuple(_rungs(unit, level, most=level))):
        if value < level * 0.999:
            found.append(value)
            if value < beyond or len(found) == _MOST_STEPS:
                break
    return tuple(found)


def _rungs(unit: Unit, near: float, most: float = float("inf")) -> list[float]:
    if unit is Unit.SECONDS:
        return [float(v) for v in _SECONDS if v <= most]
    if unit is Unit.RATIO:
        return [v for v in _RATIOS if v <= most]
    smallest, largest = _power_below(near) / 1000, min(most, near * 1e6)
    values = (float(f"{digit * smallest * 10**exponent:.12g}") for exponent in range(_POWERS) for digit in _DIGITS)
    whole = unit in (Unit.COUNT, Unit.TASKS, Unit.ATTEMPTS, Unit.BYTES)
    return [v for v in values if v <= largest and (not whole or v.is_integer())]


def _power_below(value: float) -> float:
    power = 1.0
    while power > value > 0:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return power
