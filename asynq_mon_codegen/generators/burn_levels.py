"""Test cases of error budgets at the very level: what is recorded of the events is given, not computed.

So a burn rate is a quotient of whole numbers and stands at its level to the bit, which no world of events would
bring about. There is no sample at the edge of a window, where Prometheus 2 and 3 differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby

from attrs import field, frozen

from asynq_mon_codegen.catalog.slo import BUDGET_4M, BUDGET_5M, ERRORS_4M, ERRORS_5M, INTERVALS, REMAINING
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.burn_sites import Site
from asynq_mon_codegen.generators.cases import Case, Check, Firing
from asynq_mon_codegen.generators.record_cases import RecordCase
from asynq_mon_codegen.model import BurnWindow
from asynq_mon_codegen.plan import Plan, PlannedAlert

__all__ = ["Watched", "level_case", "tile_cases", "window_case"]

_BEYOND = Fraction(5, 4)
_BUSY = 1000
"""How many times as many tasks there were before, where that is to hide a burn from the longer windows."""
_OLDER = 2
"""How many steps the worlds go back beyond the longest window."""

_LONGEST = Duration(8 * 86_400_000)
"""Windows beyond are not tested to their end: for a month promtool computes ten seconds."""

_Series = tuple[str, dict[str, str], str]


@frozen(kw_only=True)
class Watched:
    """A service level as a rule watches it: pairs of windows with their burn rates, and the least number of errors."""

    site: Site
    pairs: tuple[tuple[BurnWindow, float], ...]
    floor: float


@frozen(kw_only=True)
class _Given:
    """A queue by what is recorded of it: errors and allowed errors per second, by steps ago."""

    name: str
    fires: bool
    errors: Mapping[int, Fraction] = field(factory=dict)
    budget: Mapping[int, Fraction] = field(factory=dict)


@frozen(kw_only=True)
class _Ages:
    """The windows of two pairs, each as the steps ago that it holds, the quicker first."""

    near: tuple[int, ...]
    long: tuple[int, ...]
    pause: tuple[int, ...]
    whole: tuple[int, ...]
    older: tuple[int, ...]


def level_case(plan: Plan, rule: PlannedAlert, watched: Sequence[Watched], step: Duration) -> Iterator[Case]:
    """Each condition of each service level, where it just holds and where it just does not."""
    series, checks = list[_Series](), list[Check]()
    length = 1 + max((w.long.milliseconds for x in watched for w, _ in x.pairs), default=0) // step.milliseconds
    end = Duration((length + _OLDER) * step.milliseconds)
    scale = INTERVALS[rule.group].seconds
    for mine in watched:
        ages = _ages(mine.pairs, step)
        found = (*_quicker(mine, ages), *_slower(mine, ages))
        for given in (*map(_whole, found), *_counted(mine, ages, scale)):
            labels = {**_labels(mine.site), "queue": given.name}
            series += _recorded(plan, labels, given, length + _OLDER)
            own = tuple(sorted(labels.items()))
            checks.append(
                Check(
                    at=end,
                    firing=(Firing(rule=rule, labels=own, value=0.0),) if given.fires else (),
                    only=(*own, ("severity", rule.severity.value)),
                    why=f"{given.name}: {'fires' if given.fires else 'silent'}",
                )
            )
    if checks:
        title = f"{rule.name}: {rule.severity.value}, each condition at its level"
        yield Case(title=title, alert=rule.name, series=tuple(series), checks=tuple(checks), step=step)


def window_case(plan: Plan, sites: Sequence[Site], step: Duration) -> Iterator[RecordCase]:
    """What is left of a budget: all errors of the whole window count, and no older ones."""
    series, samples = list[_Series](), []
    windows = [(site, site.promise.slo.window.milliseconds) for site in sites]
    windows = [(site, window) for site, window in windows if window <= _LONGEST.milliseconds]
    length = int(1.06 * max((window for _, window in windows), default=0)) // step.milliseconds
    for site, window in windows:
        steps = window // step.milliseconds
        happened = {0: (1, 8), steps // 2: (1, 8), int(1.05 * steps): (4, 32)}
        given = _Given(
            name="",
            fires=False,
            errors={age: Fraction(errors) for age, (errors, _) in happened.items()},
            budget={age: Fraction(budget) for age, (_, budget) in happened.items()},
        )
        labels = {**_labels(site), "queue": "failed long ago too"}
        series += _recorded(plan, labels, given, length)
        samples.append((tuple(sorted(labels.items())), 1 - 2 / 16))
    if series:
        yield RecordCase(
            record=REMAINING.series_name(plan.scope),
            title="errors of its whole window",
            series=tuple(series),
            at=Duration(length * step.milliseconds),
            step=step,
            samples=tuple(sorted(samples)),
        )


def tile_cases(plan: Plan, sites: Sequence[Site], at: Duration) -> Iterator[RecordCase]:
    """The counts of 4 minutes: the mean of their rates, and of no others."""
    step, rates = Duration(120_000), {0: 3, 1: 1, 3: 5, 4: 5}
    for rate, count in ((ERRORS_5M, ERRORS_4M), (BUDGET_5M, BUDGET_4M)):
        for site in sites[:1]:
            labels = {**_labels(site), "queue": "orders"}
            values = {age: Fraction(value) for age, value in rates.items()}
            text = _text(values, at.milliseconds // step.milliseconds)
            yield RecordCase(
                record=count.series_name(plan.scope),
                title="the mean of four minutes",
                series=((rate.series_name(plan.scope), labels, text),),
                at=at,
                step=step,
                samples=((tuple(sorted(labels.items())), 2.0 * 240),),
            )


# -- what is given -------------------------------------------------------------------------------


def _labels(site: Site) -> dict[str, str]:
    slo = site.promise.slo
    task = {"task_type": slo.task_types[0]} if slo.task_types else {}
    return {**site.identity, "slo": slo.name, **task}


def _recorded(plan: Plan, labels: dict[str, str], given: _Given, length: int) -> tuple[_Series, ...]:
    tracks = ((ERRORS_5M, given.errors), (BUDGET_5M, given.budget))
    return tuple((record.series_name(plan.scope), labels, _text(values, length)) for record, values in tracks)


def _text(values: Mapping[int, Fraction], length: int) -> str:
    """In promtool's notation, to the bit."""
    runs = groupby(values.get(age) for age in range(length, -1, -1))
    return " ".join(_run(value, len(list(run))) for value, run in runs)


def _run(value: Fraction | None, length: int) -> str:
    if value is None:
        return f"_x{length}"
    number = str(value.numerator) if value.denominator == 1 else repr(float(value))
    return f"{number}+0x{length - 1}"


def _ages(pairs: tuple[tuple[BurnWindow, float], ...], step: Duration) -> _Ages:
    (quick, _), (slow, _) = pairs
    windows = (quick.short, quick.long, slow.short, slow.long)
    edges = {w.milliseconds // step.milliseconds for w in windows if w.milliseconds % step.milliseconds == 0}
    held = [range(math.ceil(w.milliseconds / step.milliseconds)) for w in windows]
    if quick.short.milliseconds < 2 * step.milliseconds:  # it is looked at now, and not over a window
        held[0] = range(1)
    taken, smaller = set[int](), set[int]()
    for window in sorted(held, key=len):
        taken |= _some([a for a in window if a not in smaller | edges])
        smaller |= set(window)
    near, long, pause, whole = (tuple(a for a in window if a in taken) for window in held)
    older = tuple(len(held[3]) + 1 + n for n in range(_OLDER))
    return _Ages(near=near, long=long, pause=pause, whole=whole, older=older)


def _some(ages: list[int]) -> set[int]:
    """A few of them, the last one of each quarter: all would cost promtool seconds, and tell nothing more."""
    return {ages[(n + 1) * len(ages) // 4 - 1] for n in range(4) if (n + 1) * len(ages) >= 4}


def _mean(ages: tuple[int, ...], mean: Fraction, known: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """The known values, and the others of these ages equal, so that the mean is this."""
    rest = [a for a in ages if a not in known]
    value = (mean * len(ages) - sum(known[a] for a in ages if a in known)) / len(rest)
    return {**known, **dict.fromkeys(rest, value)}


def _whole(given: _Given) -> _Given:
    """The same with whole numbers."""
    factor = math.lcm(*(v.denominator for v in (*given.errors.values(), *given.budget.values())))
    return _Given(
        name=given.name,
        fires=given.fires,
        errors={age: v * factor for age, v in given.errors.items()},
        budget={age: v * factor for age, v in given.budget.items()},
    )


def _quicker(mine: Watched, ages: _Ages) -> Iterator[_Given]:
    """Only the quicker pair can burn: there were far more tasks before."""
    rate = Fraction(str(mine.pairs[0][1]))
    low = Fraction(str(mine.pairs[1][1]))
    before = [a for a in (*ages.whole, *ages.older) if a not in ages.long]
    budget = {**dict.fromkeys(ages.long, Fraction(1)), **dict.fromkeys(before, Fraction(_BUSY))}
    well = dict.fromkeys(before, Fraction(0))
    just = dict.fromkeys(ages.near, rate * _BEYOND)
    yield _Given(
        name="quicker: burns", fires=True, budget=budget, errors={**well, **_mean(ages.long, rate * _BEYOND, {})}
    )
    yield _Given(
        name="quicker: the longer window at its level",
        fires=False,
        budget=budget,
        errors={**dict.fromkeys(before, low / 4 * _BUSY), **_mean(ages.long, rate, just)},
    )
    at_level = dict.fromkeys(ages.near, rate)
    yield _Given(
        name="quicker: the shorter window at its level",
        fires=False,
        budget=budget,
        errors={**well, **_mean(ages.long, 2 * rate, at_level)},
    )


def _slower(mine: Watched, ages: _Ages) -> Iterator[_Given]:
    """Only the slower pair can burn: what happens now is within the quicker one's level."""
    rate = Fraction(str(mine.pairs[1][1]))
    budget = dict.fromkeys(ages.whole, Fraction(1))
    calm = dict.fromkeys(ages.near, rate / 2)
    just, at_level = _mean(ages.pause, rate * _BEYOND, calm), _mean(ages.pause, rate, calm)
    yield _Given(
        name="slower: burns",
        fires=True,
        budget={**budget, **dict.fromkeys(ages.older, Fraction(_BUSY))},
        errors={**_mean(ages.whole, rate * _BEYOND, just), **dict.fromkeys(ages.older, Fraction(0))},
    )
    yield _Given(
        name="slower: the longer window at its level",
        fires=False,
        budget={**budget, **dict.fromkeys(ages.older, Fraction(1))},
        errors={**_mean(ages.whole, rate, just), **dict.fromkeys(ages.older, rate * _BUSY)},
    )
    yield _Given(
        name="slower: the shorter window at its level",
        fires=False,
        budget=budget,
        errors=_mean(ages.whole, 2 * rate, at_level),
    )


def _counted(mine: Watched, ages: _Ages, seconds: float) -> Iterator[_Given]:
    """All that failed failed at once, and these are just enough, or too few, errors."""
    pairs = (
        ("quicker", ages.near[0], ages.long, mine.pairs[0][1]),
        ("slower", next(a for a in ages.pause if a not in ages.near), ages.whole, mine.pairs[1][1]),
    )
    for name, age, long, rate in pairs:
        before = [a for a in (*ages.whole, *ages.older) if a not in long]
        for much, words in ((1.0, "just enough"), (0.9, "too few")):
            errors = _that_make(mine.floor * much, seconds)
            allowed = Fraction(errors / (2 * rate * len(long)))
            yield _Given(
                name=f"{name}: {words} errors",
                fires=much == 1,
                budget={**dict.fromkeys(long, allowed), **dict.fromkeys(before, Fraction(_BUSY))},
                errors={**dict.fromkeys((*long, *before), Fraction(0)), age: Fraction(errors)},
            )


def _that_make(count: float, seconds: float) -> float:
    """The rate that, over these seconds, is the count to the bit."""
    rate = count / seconds
    near = (rate, math.nextafter(rate, math.inf), math.nextafter(rate, 0))
    return next((r for r in near if r * seconds == count), rate)
