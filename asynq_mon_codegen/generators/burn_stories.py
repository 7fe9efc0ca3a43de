"""What queues with an error budget go through in the rule tests: their work, minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from asynq_mon_codegen.model import BurnWindow

__all__ = ["PACE", "Story", "Work", "burning", "days", "hours"]

PACE = 0.004
"""Errors per second that the objective allows in an ordinary queue: some 14 an hour, 100 a day."""
_BUSY = 40
"""How many times as many tasks a busy queue has."""

Work = Callable[[float], tuple[float, float]]
"""By minutes since the fault began: events per second, and the share of them that goes wrong."""


@frozen(kw_only=True)
class Story:
    """One queue: what happens, and the minutes at which somebody looks."""

    name: str
    work: Work
    looks: tuple[float, ...]


def burning(
    budget: float, *spells: tuple[float, float, float], busy: tuple[float, float] | None = None, pace: float = PACE
) -> Work:
    """A queue whose budget burns ``rate`` times as fast from one minute to another; once it was ``busy``.

    ``pace`` is how many errors per second its objective allows.
    """

    def work(minute: float) -> tuple[float, float]:
        rate = next((r for begin, end, r in spells if begin <= minute < end), 0.0)
        much = _BUSY if busy and busy[0] <= minute < busy[1] else 1
        return pace / budget * much, min(1.0, rate * budget)

    return work


def _failing(budget: float, count: float, length: float, *, busy: tuple[float, float] | None = None) -> Work:
    """A queue of which all tasks fail, ``count`` of them in ``length`` minutes, and that was busy and well before."""

    def work(minute: float) -> tuple[float, float]:
        if busy and busy[0] <= minute < busy[1]:
            return PACE / budget, 0.0
        return (count / length / 60, 1.0) if 0 <= minute < length else (0.0, 0.0)

    return work


def hours(pairs: tuple[tuple[BurnWindow, float], ...], budget: float, floor: float) -> Iterator[Story]:
    """What a queue can go through in hours, told for two pairs of windows and their burn rates, the quicker first."""
    (quick, high), (slow, low) = pairs
    long, other = quick.long.seconds / 60, slow.long.seconds / 60
    brief, pause = quick.short.seconds / 60, slow.short.seconds / 60
    end = other * 1.05
    fast = 1.25 * high
    yield Story(
        name="burns fast",
        work=burning(budget, (0, end, fast)),
        looks=(-10, 0.72 * long, 0.95 * long, 1.5 * long, end + pause * 0.3, end + max(1.35 * pause, brief + 10)),
    )
    steady = 1.25 * low if 1.25 * low < 0.9 * high else (low + high) / 2
    yield Story(
        name="burns steadily",
        work=burning(budget, (0, end, steady)),
        looks=(0.5 * other * low / steady, 0.93 * other * low / steady, 1.0 * other * low / steady + 20),
    )
    burst = 0.5 * long
    yield Story(
        name="burnt until a while ago",
        work=burning(budget, (0, burst, 3 * high)),
        looks=(0.9 * burst, burst + brief * 1.2 + 8, burst + brief * 2.5 + 8),
    )
    start, blip = 1.7 * long, max(0.17 * long, brief + 7)
    size = min(2 * high, 0.6 * high * long / blip)
    yield Story(name="a blip", work=burning(budget, (start, start + blip, size)), looks=(start + blip - 1,))
    start = 2 * long
    yield Story(
        name="a blip, and burnt hours ago",
        work=burning(budget, (0, burst, 3 * high), (start, start + blip, size)),
        looks=(start + blip - 1,),
    )
    gone = 1.7 * pause
    yield Story(
        name="burns, and burnt long ago",
        work=burning(budget, (-1.12 * other, -1.01 * other, 10 * low), (0.25 * other, 0.25 * other + gone, 2 * low)),
        looks=(0.25 * other + gone - 2,),
    )
    spent = 0.28 * other
    yield Story(
        name="burnt a lot, now as fast as it may",
        work=burning(budget, (0, spent, 4.2 * low), (spent, end, 0.67 * low)),
        looks=(0.9 * spent, spent + 2 * pause, spent + 2.6 * pause),
    )
    yield Story(
        name="burnt fast, now slower",
        work=burning(budget, (0, burst, 3 * high), (burst, end, 0.6 * high)),
        looks=(burst + brief * 1.2 + 9,),
    )
    yield Story(
        name="a single failure on a quiet queue",
        work=lambda m: (1 / 60, 1.0) if 100 <= m < 101 else ((1 / 60, 0.0) if int(m) % 30 == 0 else (0.0, 0.0)),
        looks=(102, 104, 110, 130),
    )
    few, enough = 0.9 * floor, 1.6 * floor
    seen = 0.85 * long
    busy = (-0.95 * other, -0.4 * long)
    for name, count in (("too few failures", few), ("just enough failures", enough)):
        yield Story(
            name=f"{name} for the quicker windows",
            work=_failing(budget, count, seen + 1, busy=busy),
            looks=(seen,),
        )
        yield Story(
            name=f"{name} for the slower windows",
            work=_failing(budget, count, 0.58 * other, busy=None),
            looks=(0.57 * other,),
        )
    yield Story(name="no traffic at all", work=lambda _: (0.0, 0.0), looks=(1, 60))
    yield Story(
        name="burns fast after a night without traffic",
        work=lambda m: (PACE / budget, min(1.0, fast * budget)) if 0 <= m < end else (0.0, 0.0),
        looks=(-10, 1.4 * long),
    )


def days(pairs: tuple[tuple[BurnWindow, float], ...], budget: float, floor: float) -> Iterator[Story]:
    """The same in days.

    A day at 3 times the pace is three days at its own: only a queue that was far busier before shows the quicker
    pair of windows alone.
    """
    (_, high), (_, low) = pairs
    hour, end = 60.0, 42 * 60.0
    busy = (-36 * hour, -hour)
    fast = 1.25 * high
    for name, spells, looks in (
        ("burns fast, and was busy", ((0, end, fast),), (20, 26, 40)),
        ("burns a little, and for hours a lot", ((0, 25 * hour, 0.5 * high), (25 * hour, end, 1.35 * high)), (28,)),
        ("burnt a lot, now less", ((0, 21 * hour, 2 * high), (21 * hour, end, 0.65 * high)), (25, 26.5)),
    ):
        yield Story(
            name=name,
            work=burning(budget, *spells, busy=busy),
            looks=tuple(look * hour for look in looks),
        )
    yield Story(
        name="burns, and burnt the day before yesterday",
        work=burning(
            budget,
            (-28 * hour, -26 * hour, 20 * high),
            (0, 4 * hour, 1.35 * high),
            busy=(-36 * hour, -30 * hour),
        ),
        looks=(3.2 * hour,),
    )
    yield Story(
        name="burns for days",
        work=burning(budget, (0, end, max(2.4 * low, 0.8 * high))),
        looks=(-2 * hour, 0.5 * hour, 22 * hour, 30 * hour, 40 * hour),
    )
    yield Story(
        name="burnt a lot, now as fast as it may",
        work=burning(budget, (0, 26 * hour, 5 * low), (26 * hour, end, 0.67 * low)),
        looks=(25 * hour, 36 * hour),
    )
    yield Story(
        name="burnt until six hours ago",
        work=burning(budget, (0, 30 * hour, 2.4 * high)),
        looks=(28 * hour, 38 * hour, 41 * hour),
    )
    for name, count in (("too few failures", 0.9 * floor), ("just enough failures", 1.5 * floor)):
        yield Story(name=f"{name} for the slower windows", work=_failing(budget, count, end), looks=(40 * hour,))
        yield Story(
            name=f"{name} for the quicker windows",
            work=_failing(budget, count, 24 * hour, busy=busy),
            looks=(23.2 * hour,),
        )
    yield Story(name="no traffic at all", work=lambda _: (0.0, 0.0), looks=(hour, 10 * hour))
    yield Story(
        name="a single failure on a quiet queue",
        work=lambda m: (1 / 60, 1.0 if m == 24 else 0.0) if int(m) % 24 == 0 else (0.0, 0.0),
        looks=(hour, 3 * hour, 20 * hour),
    )
    yield Story(
        name="burns fast after a night without traffic",
        work=lambda m: (PACE / budget, min(1.0, fast * budget)) if 0 <= m < end else (0.0, 0.0),
        looks=(-10, 36 * hour),
    )
