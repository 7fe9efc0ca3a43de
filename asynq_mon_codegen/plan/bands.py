"""Learnt thresholds: the recorded series behind a band, and the level that an alert compares with.

Per signal and direction there are five recorded series, whatever the number of queues. Of ``Above``:

- the highest value of the last two hours,
- ``season``: the median of what was learnt around the same moment of earlier days and weeks,
- ``trend``: that over its season,
- ``usual``: the season times the median trend of the last day, but never below the season,
- ``learnt``: the first again, but for times beyond twice the usual, and for declared batch windows.

``season`` reads ``learnt``, so an incident teaches nothing; a lasting step is half of the last day's
trend after twelve hours, is usual from then on, and is learnt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import frozen

from asynq_mon_codegen.catalog.records import SIZE
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Alert, Band, Below, Monitoring, Signal, Where, services_of
from asynq_mon_codegen.promql import Binary, Expr, Record, Recorded, TimeOfDay, number
from asynq_mon_codegen.promql.expressions import Call, either
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["BANDS_GROUP", "Learnt", "band_interval", "bands_of", "batch_record", "learnt", "level_expr"]

BANDS_GROUP = "bands"
"""The group of the recorded series that bands are learnt by."""

_OUTLIER = 2
_HOURS_A_DAY = 24
_KNOWN_HOURS = 20
_LONGEST_INTERVAL = Duration(120_000)
_PER_EVALUATION = 4


@frozen(kw_only=True)
class Learnt:
    """What one signal teaches in one direction: ``usual`` is the series to compare with, ``records`` are all."""

    base: Record
    usual: Record
    records: tuple[Record, ...]
    rising: bool


def band_interval(evaluation: Duration) -> Duration:
    """How often bands are evaluated: they move by the hour, but an instant query looks back 5 minutes only."""
    slow = min(_LONGEST_INTERVAL.milliseconds, _PER_EVALUATION * evaluation.milliseconds)
    return Duration(max(slow, evaluation.milliseconds))


def bands_of(alert: Alert, conditions: Iterable[object]) -> Iterator[Band]:
    """The bands in these conditions of one alert."""
    for when in conditions:
        if isinstance(when, Above | Below):
            yield from (b for b in (when.info, when.warning, when.critical) if isinstance(b, Band))


def learnt(alert: Alert, band: Band, batch: Record | None = None) -> Learnt:
    """The recorded series by which a band of this alert is learnt.

    Raises:
        DeclarationError: the signal is hand-written PromQL, whose labels nobody knows.
    """
    signal = alert.signal
    if signal.expr.labels is None:
        raise DeclarationError(
            f"{alert.name} cannot have a learnt threshold: nobody knows the labels of its signal",
            "build the signal from typed metrics, or give promql(..., labels=(...))",
        )
    rising = isinstance(alert.when, Above)
    base = _base(signal)
    window = band.window
    tag = f"{base.operations}_{'high' if rising else 'low'}"
    by = base.by
    masked = batch if batch is not None and "queue" in by else None

    def record(ending: str, expr: Expr, help_: str) -> Record:
        return Record(metric=base.metric, operations=f"{tag}{ending}", by=by, expr=expr, help=help_)

    extreme = "highest" if rising else "lowest"
    hour = record("", base.max_over(window) if rising else base.min_over(window), f"The {extreme} value of {window}.")
    mine = Recorded(metric=base.metric, operations=f"{tag}_learnt", by=by)
    season = record("_season", _season(mine, band), f"The median of the {extreme} values at this time of earlier days.")
    trend = record("_trend", hour / season.above(0), "The last hour over its season.")
    usual = record("_usual", _usual(hour, season, trend, band, rising, masked), f"What is usually {extreme} about now.")
    odd = hour.greater_than(usual * _OUTLIER) if rising else Binary("<", hour, usual / _OUTLIER)
    taught: Expr = hour.unless(odd)
    if masked is not None:
        taught = taught.unless(masked.last_over(window))
    last = record("_learnt", taught, "The last hour, where there is nothing odd about it.")
    records: tuple[Record, ...] = (hour, season, trend, usual, last)
    read = usual
    if band.young is not None:
        recent = _recent(base, hour, band.young, window, rising)
        expr = usual.or_(recent if masked is None else recent.unless(masked))
        read = record("_usual_or_recent", expr, f"The same; of a queue without history what was {extreme} lately.")
        records = (*records, read)
    if base is not signal.expr:
        records = (base, *records)
    return Learnt(base=base, usual=read, records=records, rising=rising)


def level_expr(band: Band, usual: Expr) -> Expr:
    """The level as PromQL: ``times`` the usual value, not below the floor; without series where nothing is known."""
    level = usual if band.gate is None else usual.at_least(band.gate)
    level = level if band.times == 1 else level * band.times
    level = level if band.floor is None else level.clamp_min(band.floor)
    return level if band.ceiling is None else level.clamp_max(band.ceiling)


def batch_record(monitoring: Monitoring) -> Record | None:
    """A series for each queue that is in one of its declared batch windows now; None where none is declared."""
    windows: dict[tuple[tuple[int, int, tuple[int, ...]], Where], list[str]] = {}
    for one in (monitoring, *services_of(monitoring)):
        for queue in one.queues:
            for window in queue.batch:
                windows.setdefault((window.minutes, one.where), []).append(queue.name)
    parts = [
        TimeOfDay(
            SIZE.matching(*(any_of(label, values) for label, values in where), any_of("queue", names)), start, end, days
        )
        for ((start, end, days), where), names in windows.items()
    ]
    if not parts:
        return None
    return Record(
        metric="asynq_batch_window",
        operations="active",
        by="queue",
        expr=either(*parts).group(by="queue"),
        help="1 while the queue is in a declared batch window.",
    )


def _season(mine: Recorded, band: Band) -> Expr:
    # half the window later, so that the same moment lies in the middle of the past window
    half = band.window.milliseconds // 2
    parts = (mine.offset(Duration(past.milliseconds - half)).relabel("past", str(past)) for past in band.past)
    return either(*parts).median(by=mine.by)


def _usual(hour: Record, season: Record, trend: Record, band: Band, rising: bool, batch: Record | None) -> Expr:
    memory = band.memory
    step = Duration(memory.milliseconds // _HOURS_A_DAY)
    typical = trend.median_over(memory, step)
    scaled = season * (typical.clamp_min(1) if rising else typical.clamp_max(1))
    # two days old: the day before the last one is known too, so that no single day is all there is
    known = hour.offset(memory).count_over(memory, step).at_least(_KNOWN_HOURS)
    expr: Expr = scaled.or_(season).and_(known)
    return expr if batch is None else expr.unless(batch)


def _recent(base: Record, hour: Record, young: Duration, window: Duration, rising: bool) -> Expr:
    """The extreme of the last hours, but for the last half hour, which may be the incident."""
    gap = Duration(window.milliseconds // 4)
    several: Expr = hour.offset(gap)
    if young > window:
        ago = hour.offset(gap)
        # each reading covers a window already
        length = Duration(young.milliseconds - window.milliseconds)
        several = ago.max_over(length, gap) if rising else ago.min_over(length, gap)
    if rising:
        return several
    # of a lower limit half a history is none: a batch that has just begun is not what always happens
    return several.and_(base.offset(Duration(max(young, window).milliseconds + gap.milliseconds)))


def _base(signal: Signal) -> Record:
    """The recorded series that history is read from: the signal itself where it is one and always has a value."""
    expr = signal.expr
    plain = isinstance(expr, Record) and not expr.matchers and expr.shift is None
    if isinstance(expr, Record) and plain and not _may_be_nan(expr):
        return expr
    slug = re.sub(r"[^a-z0-9]+", "_", signal.title.lower()).strip("_")
    return Record(
        metric=f"asynq_{slug}",
        operations="known",
        by=tuple(sorted(expr.labels or ())),
        expr=Binary("<", expr, number(float("inf"))) if _may_be_nan(expr) else expr,
        help=f"{signal.title}, where it has a value.",
    )


def _may_be_nan(expr: Expr) -> bool:
    return any(
        (isinstance(e, Binary) and e.op == "/") or (isinstance(e, Call) and e.func == "histogram_quantile")
        for e in expr.walk()
    )
