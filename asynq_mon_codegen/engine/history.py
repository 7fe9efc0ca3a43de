"""History copied from a server into blocks of our own: what rules read, no more, at the step of their evaluation.

The server is asked for the value of each series at each step, so that what its own staleness markers end is not
there afterwards either; windows see one sample a step. What has been copied is noted, so that a second run goes on
where the first one ended.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.engine.blocks import Writer, block_hours, lines_of, periods, series_text
from asynq_mon_codegen.engine.ledger import Ledger
from asynq_mon_codegen.engine.rules import ALERT_SERIES, RuleSet
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.prometheus_api import Prometheus
from asynq_mon_codegen.promql.labels import Matcher

__all__ = ["PROBES", "Extent", "Progress", "copy", "digest", "extents", "queries"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

PROBES = 720
_SAMPLES_A_PAGE = 1_000_000
"""So many samples are held in memory at once, about."""


@frozen(kw_only=True)
class Extent:
    """From when to when there are samples, in Unix seconds, and the ``gaps`` between them."""

    first: float
    last: float
    gaps: tuple[tuple[float, float], ...] = ()


def queries(several: Iterable[RuleSet]) -> Mapping[str, str]:
    """By name one expression for all series of this name that one of the rule sets reads and does not record.

    asynq's own are copied whole, so that other thresholds for other queues need nothing else.
    """
    found: dict[str, set[tuple[Matcher, ...]]] = {}
    for rules in several:
        recorded = {r.name for r in rules.records} | ALERT_SERIES
        for selector in (s for rule in rules.rules for s in rule.selectors()):
            if selector.name and selector.name not in recorded:
                matchers = () if selector.name.startswith("asynq_") else selector.matchers
                found.setdefault(selector.name, set()).add(matchers)
    return {name: _either(name, matchers) for name, matchers in sorted(found.items())}


def copy(
    server: Prometheus,
    wanted: Mapping[str, str],
    since: Mapping[str, float],
    end: float,
    *,
    step: float,
    data: Path,
    progress: Progress,
) -> int:
    """Copy what is ``wanted``, each name ``since`` the given moment, to before ``end``; the number of samples.

    Raises:
        UsageError: the server does not answer as Prometheus does.
    """
    ledger = Ledger(data.parent / "copied.json")
    starts = {name: math.floor(since[name] / step) * step for name in wanted}
    series: dict[str, float] = {}
    for i, (name, expr) in enumerate(wanted.items()):
        progress("counting series", i, len(wanted))
        series[name] = _most(server, expr, starts[name], end)
    hours = ledger.number("block hours", block_hours(sum(series.values()) * 3600 / step))
    parts = periods(min(starts.values(), default=end), end, hours)
    with Writer(data, hours) as writer:
        for i, (begin, until) in enumerate(parts):
            named = [(name, max(begin, starts[name])) for name in wanted if starts[name] < until]
            left = {f"{at:.3f}-{until:.3f}:{digest(wanted[name])}": (name, at) for name, at in named}
            left = {part: one for part, one in left.items() if part not in ledger}
            lot = _Lot()
            chunks = (
                chunk
                for j, (name, at) in enumerate(left.values())
                for chunk in lot.samples_of(
                    _Page(server, name, wanted[name], int(_SAMPLES_A_PAGE / (series[name] + 1)) + 1),
                    (at, until, step),
                    _within(progress, i, j, len(left), len(parts)),
                )
            )
            if left:
                writer.write(chunks, functools.partial(lot.noted, ledger, tuple(left)))
    progress("copying history", 1, 1)
    return ledger.number("samples", 0)


def extents(
    data: Path, wanted: Mapping[str, str], since: Mapping[str, float], end: float, step: float
) -> Mapping[str, Extent | None]:
    """Of each name when it has samples in the copy; None where it has none."""
    coarse = {name: max(step, (end - since[name]) / PROBES) for name in wanted}
    first: dict[str, float] = {}
    widest = max(coarse.values(), default=step)
    with serving(data, lookback=widest) as local:
        for name, expr in wanted.items():
            times = _times(local, expr, since[name], end, coarse[name])
            if times:
                first[name] = max(since[name], times[0] - widest)
    # once more from there on, where the time is shorter: finer
    finest = max([step * 2, *((end - at) / PROBES for at in first.values())])
    out: dict[str, Extent | None] = dict.fromkeys(wanted)
    with serving(data, lookback=finest) as local:
        for name, at in first.items():
            times = _times(local, wanted[name], at, end, finest)
            gaps = tuple((a, b - finest) for a, b in pairwise(times) if b - a > 1.5 * finest)
            if times:
                out[name] = Extent(first=max(since[name], times[0] - finest), last=times[-1], gaps=gaps)
    return out


def _times(local: Prometheus, expr: str, begin: float, end: float, step: float) -> list[float]:
    pages = local.pages(f"count({expr})", start=begin, end=end, step=step)
    return [float(t) for page in pages for one in page for t, _ in one.get("values", ())]


def digest(*parts: object) -> str:
    """A short name for what depends on these values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@frozen
class _Page:
    """What is asked of a server, and for how many points of each series at once."""

    server: Prometheus
    name: str
    expr: str
    points: int


class _Lot:
    """What is copied into one block, and how many samples that are."""

    samples = 0

    def noted(self, ledger: Ledger, parts: tuple[str, ...]) -> None:
        """Put it into the ledger."""
        ledger.add(*parts, samples=self.samples)

    def samples_of(self, of: _Page, time: tuple[float, float, float], tell: Callable[[], None]) -> Iterator[str]:
        begin, until, step = time
        tell()
        first, last = math.ceil(begin / step) * step, math.ceil(until / step) * step - step
        if first > last:
            return
        for page in of.server.pages(of.expr, start=first, end=last, step=step, most=of.points):
            for one in page:
                values = one.get("values", ())
                self.samples += len(values)
                yield lines_of(series_text(str(one["metric"].get("__name__", of.name)), one["metric"]), values)


def _within(progress: Progress, part: int, name: int, names: int, parts: int) -> Callable[[], None]:
    return lambda: progress("copying history", part * names + name, parts * names)


def _most(server: Prometheus, expr: str, begin: float, end: float) -> float:
    """The most series at once, of those moments that are looked at."""
    step = max(60.0, (end - begin) / PROBES)
    pages = server.pages(f"count({expr})", start=begin, end=end, step=step)
    return max((float(v) for page in pages for one in page for _, v in one.get("values", ())), default=0.0)


def _either(name: str, several: set[tuple[Matcher, ...]]) -> str:
    if () in several:
        return name
    return " or ".join(sorted(f"{name}{{{', '.join(map(str, matchers))}}}" for matchers in several))
