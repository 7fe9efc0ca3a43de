"""Tests of what bands learn: queues with weeks of history, and what must be usual for them at certain moments.

The expected numbers come from the rules of learning written down once more, in plain Python on a grid of
an hour, on which promtool evaluates the recorded series too. What is looked at does not hang on the
sample at the edge of a window, where Prometheus 2 and 3 differ.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Alert, Band
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.plan.bands import Learnt, batch_record, learnt

__all__ = ["GRID", "BandCase", "Reading", "band_cases"]

GRID = Duration(3_600_000)
"""How often promtool evaluates in these tests, and how far apart the given values are."""

_WINDOW, _DAY = 2, 24
"""In steps of the grid."""
_DAYS = 31
_NOW = 28 * _DAY + 15
"""Three in the afternoon, four weeks after the first day: most of the last 24 hours are of this day."""
_MOMENTS = (_NOW, _NOW + 6, _NOW + 15)
_KNOWN_HOURS = 20
_NAMED = ("queue", "task_type")

Values = list[float | None]
_Series = tuple[str, dict[str, str], str]
Block = tuple[int, float | None]


@frozen(kw_only=True)
class Reading:
    """What a recorded series must be at a moment: labels and value of each of its series."""

    record: str
    at: Duration
    samples: tuple[tuple[tuple[tuple[str, str], ...], float], ...]


@frozen(kw_only=True)
class BandCase:
    """Queues with a history, and readings of what was learnt from it."""

    title: str
    series: tuple[tuple[str, dict[str, str], str], ...]
    readings: tuple[Reading, ...]


def band_cases(plan: Plan) -> Iterator[BandCase]:
    """One case of every signal and direction that a band is learnt from; the signals are given, not computed.

    It is one case, for promtool computes four weeks of all bands for each.
    """
    found: dict[str, tuple[Alert, Band, Learnt]] = {}
    batch = batch_record(plan.monitoring)
    for alert in dict.fromkeys(rule.alert for rule in plan.alerts):
        levels = [c.level for rule in plan.rules_of(alert) for c in rule.classes]
        for band in dict.fromkeys(level for level in levels if isinstance(level, Band) and _standard(level)):
            mine = learnt(alert, band, batch)
            found.setdefault(mine.usual.series_name(plan.scope), (alert, band, mine))
    cases = [_case(plan, band, mine) for _, band, mine in found.values()]
    if cases:
        names = dict.fromkeys(alert.name for alert, _, _ in found.values())
        yield BandCase(
            title=f"{', '.join(names)}: what weeks have taught",
            series=tuple(s for series, _ in cases for s in series),
            readings=tuple(r for _, readings in cases for r in readings),
        )


def _standard(band: Band) -> bool:
    """Whether the grid and these histories fit how the band learns."""
    return band.window == Band().window and band.past == Band().past and band.memory == Band().memory


def _case(plan: Plan, band: Band, found: Learnt) -> tuple[list[_Series], list[Reading]]:
    labels = {label: f"{label}-a" for label in (*plan.scope.identity, *found.base.by)}
    first = next((label for label in _NAMED if label in found.base.by), *found.base.by[:1])
    series, wanted = list[_Series](), list[tuple[dict[str, str], Values]]()
    for name, blocks in _histories(found.rising).items():
        values: Values = [v for n, v in blocks for _ in range(n)]
        own = {**labels, first: name} if first else labels
        text = " ".join(f"_x{n}" if v is None else f"{v:g}+0x{n - 1}" for n, v in blocks)
        series.append((found.base.series_name(plan.scope), own, text))
        wanted.append((own, _usual(values, band, found.rising)))
    readings = []
    record = next(r for r in found.records if r.operations.endswith("_usual"))
    for at in _MOMENTS:
        samples = [(tuple(sorted(own.items())), value) for own, usual in wanted if (value := usual[at]) is not None]
        moment = Duration(at * GRID.milliseconds)
        readings.append(Reading(record=record.series_name(plan.scope), at=moment, samples=tuple(sorted(samples))))
    return series, readings


# -- histories ---------------------------------------------------------------------------------


def _histories(rising: bool) -> dict[str, tuple[Block, ...]]:
    """Things by name: blocks of (steps of the grid, value)."""
    odd, slow, back = (4.0, 1.5, 0.7) if rising else (0.25, 0.7, 1.5)
    same_days = {27: 5.1, 26: 5.5, 25: 4.5, 21: 4.8, 14: 5.2, 7: 5.4, 0: 4.6, 28: 5.0, 29: 5.0}
    lower = {**dict.fromkeys(range(_DAYS), 3.6), **same_days}
    higher = {**dict.fromkeys(range(_DAYS), 7.0), **same_days}
    afternoon: tuple[Block, ...] = ((14, 5.0), (3, 5.0 * odd), (7, 5.0))
    edge: tuple[Block, ...] = ((14, 5.0), (3, 10.0 if rising else 2.5), (7, 5.0))
    return {
        "other days are lower": tuple((_DAY, lower[d]) for d in range(_DAYS)),
        "other days are higher": tuple((_DAY, higher[d]) for d in range(_DAYS)),
        "the same incident four times": tuple(
            block for d in range(_DAYS) for block in (afternoon if d in (21, 25, 26, 27) else ((_DAY, 5.0),))
        ),
        "just not odd, four times": tuple(
            block for d in range(_DAYS) for block in (edge if d in (21, 25, 26, 27) else ((_DAY, 5.0),))
        ),
        "a lasting step": ((28 * _DAY + 12, 4.0), (3 * _DAY, 4.0 * odd)),
        "a slow change": tuple((_DAY, 4.0 * (slow if d >= 27 else 1)) for d in range(_DAYS)),
        "an hour of its own every day, and the other way since yesterday": tuple(
            (hours, value * (back if d >= 27 else 1)) for d in range(_DAYS) for hours, value in _own_hour(slow)
        ),
        "idle until yesterday": ((27 * _DAY, 0.0), (4 * _DAY, 4.0)),
        "two days and a half old": ((26 * _DAY, None), (5 * _DAY, 4.0)),
        "just old enough": ((_NOW - 43, None), (_DAYS * _DAY - _NOW + 43, 4.0)),
        "a day old": ((27 * _DAY + 7, None), (4 * _DAY, 4.0)),
        "nine hours old": ((_NOW - 9, None), (2, 4.0 * odd), (2 * _DAY, 4.0)),
        "an hour old": ((_NOW - 1, None), (3 * _DAY, 4.0)),
    }


def _own_hour(factor: float) -> tuple[tuple[int, float], ...]:
    """A day of which the hour before four in the afternoon is another."""
    return ((15, 5.0), (1, 5.0 * factor), (8, 5.0))


# -- the rules of learning once more -----------------------------------------------------------


def _usual(values: Values, band: Band, rising: bool) -> Values:
    hours: Values = [_extreme(values[max(0, i - 1) : i + 1], rising) for i in range(len(values))]
    trends, taught, usual = Values(), Values(), Values()
    shifts = [p.milliseconds // GRID.milliseconds - _WINDOW // 2 for p in band.past]
    for i, hour in enumerate(hours):
        season = _median([v for s in shifts if i >= s and (v := taught[i - s]) is not None])
        trends.append(hour / season if hour is not None and season else None)
        earlier = _hourly(hours, i - _DAY)
        now = season if len(earlier) - earlier.count(None) >= _KNOWN_HOURS else None
        if now is not None and (typical := _median([v for v in _hourly(trends, i) if v is not None])) is not None:
            now *= max(typical, 1) if rising else min(typical, 1)
        usual.append(now)
        taught.append(None if _odd(hour, usual[-1], rising) else hour)
    return usual


def _odd(hour: float | None, usual: float | None, rising: bool) -> bool:
    if hour is None or usual is None:
        return False
    return hour > usual * 2 if rising else hour < usual / 2


def _hourly(values: Values, end: int) -> Values:
    """Every value of the day that ends there."""
    return values[max(0, end - _DAY + 1) : max(0, end + 1)]


def _extreme(values: Values, rising: bool) -> float | None:
    known = [v for v in values if v is not None]
    return (max(known) if rising else min(known)) if known else None


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None
