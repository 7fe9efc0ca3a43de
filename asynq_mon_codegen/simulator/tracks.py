"""The values of one series, scrape by scrape, and their text in promtool's notation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, repeat
from typing import overload

from attrs import frozen

__all__ = [
    "ABSENT",
    "Cycle",
    "Level",
    "Ramp",
    "Rate",
    "Saw",
    "Then",
    "Track",
    "later",
    "levels",
    "notation",
    "times",
    "totals",
]

Track = tuple[float | None, ...]
"""One value per scrape; None where the target does not export the series."""


@frozen
class Ramp:
    """A level that starts at ``start`` and changes by ``per_second``."""

    start: float
    per_second: float


@frozen
class _Absent:
    """No series at all."""


ABSENT = _Absent()


@frozen
class Saw:
    """A level that climbs from ``low`` to ``high`` in ``scrapes`` scrapes and falls back, again and again."""

    low: float
    high: float
    scrapes: int


@frozen
class Then:
    """``first`` for a number of scrapes, and ``rest`` for what is left of the phase."""

    first: Level
    scrapes: int
    rest: Level


@frozen
class Cycle:
    """One level per scrape, gone through again and again; what comes in batches."""

    levels: tuple[float, ...]


Level = float | int | Ramp | Saw | Then | Cycle | _Absent
Rate = float | int | Then | Cycle | _Absent
"""Growth per second of a counter."""


@overload
def times(level: Rate, factor: float) -> Rate: ...
@overload
def times(level: Level, factor: float) -> Level: ...
def times(level: Level, factor: float) -> Level:
    """The same level or rate, ``factor`` times as high."""
    match level:
        case _Absent():
            return level
        case Ramp(start, per_second):
            return Ramp(start * factor, per_second * factor)
        case Saw(low, high, scrapes):
            return Saw(low * factor, high * factor, scrapes)
        case Cycle(values):
            return Cycle(tuple(value * factor for value in values))
        case Then(first, scrapes, rest):
            return Then(times(first, factor), scrapes, times(rest, factor))
        case _:
            return level * factor


def _at(level: Level, i: int, step: float) -> float | None:
    """The value at the ``i``-th scrape of a phase."""
    match level:
        case _Absent():
            return None
        case Ramp(start, per_second):
            return start + per_second * step * i
        case Saw(low, high, scrapes):
            return low + (high - low) * (i % scrapes) / (scrapes - 1)
        case Cycle(values):
            return values[i % len(values)]
        case Then(first, scrapes, rest):
            return _at(first, i, step) if i < scrapes else _at(rest, i - scrapes, step)
        case _:
            return float(level)


def levels(phases: Iterable[tuple[int, Level]], step: float) -> Track:
    """A gauge: for each phase its number of scrapes and its level; ``step`` is seconds per scrape."""
    out: list[float | None] = []
    for count, level in phases:
        if isinstance(level, float | int):
            out += (float(level),) * count
        else:
            out += (_at(level, i, step) for i in range(count))
    return tuple(out)


def totals(phases: Iterable[tuple[int, Rate]], step: float, start: float = 0) -> Track:
    """A counter: for each phase its number of scrapes and its growth per second."""
    out: list[float | None] = []
    value = start
    for count, rate in phases:
        if isinstance(rate, float | int):
            *run, value = accumulate(repeat(rate * step, count), initial=value)
            out += run
            continue
        for i in range(count):
            growth = _at(rate, i, step)
            out.append(None if growth is None else value)
            value += (growth or 0) * step
    return tuple(out)


def later(track: Track, scrapes: int = 1) -> Track:
    """The same values as a target shows them that is scraped ``scrapes`` later; gaps stay in place."""
    if scrapes == 0:
        return track
    if None not in track:
        return track[:scrapes] + track[:-scrapes]
    shifted: list[float | None] = []
    for i, value in enumerate(track):
        before = track[i - scrapes] if i >= scrapes else value
        shifted.append(None if value is None else (value if before is None else before))
    return tuple(shifted)


@lru_cache(maxsize=4096)
def notation(track: Track, *, steady: bool = False) -> str:
    """The values as promtool reads them: runs as ``a+bxn``, an ending series as ``stale``.

    Prometheus marks a series as stale at the first scrape that lacks it, so the first gap after a
    value is ``stale`` and the rest is ``_``. ``steady`` sees to it that a counter never falls by the rounding
    errors that promtool adds up in a run, which would be a reset.
    """
    out: list[str] = []
    i, reached = 0, 0.0
    while i < len(track):
        value = track[i]
        if value is None:
            if i and track[i - 1] is not None:
                out.append("stale")
                i += 1
                continue
            run = _gap(track, i)
            out.append("_" if run == 1 else f"_x{run}")
            i += run
            continue
        text = _number(value)
        if steady and i and (last := track[i - 1]) is not None and last <= value and float(text) < reached:
            text = repr(reached)
        reached = float(text)
        following = track[i + 1] if i + 1 < len(track) else None
        if following is None:
            out.append(text)
            i += 1
            continue
        slope = following - value
        run = _run(track, i, value, slope)
        if (run == 2 and slope != 0) or run == 1:
            out.append(text)
            i += 1
            continue
        sign = "-" if slope < 0 else "+"
        each = _number(abs(slope))
        out.append(f"{text}{sign}{each}x{run - 1}")
        reached = _last(reached, float(sign + each), run - 1)
        i += run
    return " ".join(out)


def _run(track: Track, start: int, first: float, slope: float) -> int:
    """How many values from ``start`` on lie on a line."""
    for run in range(1, len(track) - start):
        value, expected = track[start + run], first + slope * run
        if value is None or (value != expected and abs(value - expected) > 1e-9 * max(1.0, abs(value))):
            return run
    return len(track) - start


def _last(first: float, slope: float, steps: int) -> float:
    """What promtool comes to, which adds up a run step by step."""
    for _ in range(steps):
        first += slope
    return first


def _gap(track: Sequence[float | None], start: int) -> int:
    run = 0
    while start + run < len(track) and track[start + run] is None:
        run += 1
    return run


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(round(value, 9))
