"""The values of one series, scrape by scrape, and their text in promtool's notation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

__all__ = ["ABSENT", "Level", "Ramp", "Track", "later", "levels", "notation", "totals"]

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

Level = float | int | Ramp | _Absent


def levels(phases: Iterable[tuple[int, Level]], step: float) -> Track:
    """A gauge: for each phase its number of scrapes and its level; ``step`` is seconds per scrape."""
    out: list[float | None] = []
    for count, level in phases:
        match level:
            case _Absent():
                out += [None] * count
            case Ramp(start, per_second):
                out += [start + per_second * step * i for i in range(count)]
            case _:
                out += [float(level)] * count
    return tuple(out)


def totals(phases: Iterable[tuple[int, float | _Absent]], step: float, start: float = 0) -> Track:
    """A counter: for each phase its number of scrapes and its growth per second."""
    out: list[float | None] = []
    value = start
    for count, rate in phases:
        for _ in range(count):
            if isinstance(rate, _Absent):
                out.append(None)
            else:
                out.append(value)
                value += rate * step
    return tuple(out)


def later(track: Track, scrapes: int = 1) -> Track:
    """The same values as a target shows them that is scraped ``scrapes`` later; gaps stay in place."""
    known = [v for v in track if v is not None]
    if not known or scrapes == 0:
        return track
    shifted: list[float | None] = []
    for i, value in enumerate(track):
        before = track[i - scrapes] if i >= scrapes else value
        shifted.append(None if value is None else (value if before is None else before))
    return tuple(shifted)


def notation(track: Sequence[float | None]) -> str:
    """The values as promtool reads them: runs as ``a+bxn``, an ending series as ``stale``.

    Prometheus marks a series as stale at the first scrape that lacks it, so the first gap after a
    value is ``stale`` and the rest is ``_``.
    """
    out: list[str] = []
    i = 0
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
        following = track[i + 1] if i + 1 < len(track) else None
        if following is None:
            out.append(_number(value))
            i += 1
            continue
        slope = following - value
        run = 1
        while i + run < len(track) and _on_line(track, i, run, slope):
            run += 1
        if (run == 2 and slope != 0) or run == 1:
            out.append(_number(value))
            i += 1
            continue
        sign = "-" if slope < 0 else "+"
        out.append(f"{_number(value)}{sign}{_number(abs(slope))}x{run - 1}")
        i += run
    return " ".join(out)


def _on_line(track: Sequence[float | None], start: int, run: int, slope: float) -> bool:
    first, value = track[start], track[start + run]
    return first is not None and value is not None and abs(value - (first + slope * run)) <= 1e-9 * max(1.0, abs(value))


def _gap(track: Sequence[float | None], start: int) -> int:
    run = 0
    while start + run < len(track) and track[start + run] is None:
        run += 1
    return run


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(round(value, 9))
