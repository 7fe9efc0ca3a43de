"""Test cases of error budgets: work that goes wrong at a known pace, and whether that is an alert.

What must fire is computed here from the events themselves, minute by minute and window by window, and not
from the rules; a moment at which a few minutes or per cent decide is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from attrs import frozen

from asynq_mon_codegen.catalog.metrics.asynq import TASKS_FAILED, TASKS_PROCESSED
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.slo import GROUP, INTERVALS, LONG_GROUP, OBJECTIVE, REMAINING
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.cases import Case, Check, Firing
from asynq_mon_codegen.generators.record_cases import RecordCase
from asynq_mon_codegen.model import SLO, Alert, Burn, BurnWindow, budget_of
from asynq_mon_codegen.plan import Group, Plan, PlannedAlert
from asynq_mon_codegen.plan.slo import histogram_of, limit_of, objective_classes, outcomes_of, watched
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.simulator import Cycle, QueueState, World
from asynq_mon_codegen.simulator.tracks import Rate

__all__ = ["EVALUATIONS", "burn_cases", "level_cases"]

EVALUATIONS = {GROUP: Duration(180_000), LONG_GROUP: Duration(1_440_000)}
"""Evaluation intervals of the tests of these groups, so that days of them take a second.

They are multiples of the real ones: of each count the tests see a third and a sixth.
"""

_MINUTE = Duration(60_000)
_PACE = 0.004
"""Errors per second that the objective allows in an ordinary queue: some 14 an hour, 100 a day."""
_BUSY = 40
"""How many times as many tasks a busy queue has."""
_LAG = 5
"""Minutes until a rate shows all of an event."""
_NEAR = 0.05

Work = Callable[[float], tuple[float, float]]
"""By minutes since the fault began: events per second, and the share of them that goes wrong."""


@frozen(kw_only=True)
class _Story:
    """One queue: what happens, and the minutes at which somebody looks."""

    name: str
    work: Work
    looks: tuple[float, ...]


@frozen(kw_only=True)
class _Scale:
    """The lengths of a world in minutes, which group's rules are tested in it, and how it is sampled."""

    group: str
    before: int
    fault: int
    after: int
    step: Duration = _MINUTE
    exporters: int = 1

    @property
    def every(self) -> int:
        """Minutes between two evaluations."""
        return EVALUATIONS[self.group].milliseconds // 60_000

    @property
    def seen(self) -> float:
        """The part of each count that the rules see."""
        return INTERVALS[self.group].milliseconds / EVALUATIONS[self.group].milliseconds


_HOURS = _Scale(group=GROUP, before=432, fault=402, after=48)
_DAYS = _Scale(group=LONG_GROUP, before=36 * 60, fault=42 * 60, after=288, step=Duration(120_000))
_HOUR = _Scale(group=GROUP, before=3, fault=42, after=3, exporters=2)
_DAY = _Scale(group=LONG_GROUP, before=24, fault=240, after=24, exporters=2)


# -- stories -------------------------------------------------------------------------------------


def _burning(budget: float, *spells: tuple[float, float, float], busy: tuple[float, float] | None = None) -> Work:
    """An ordinary queue whose budget burns ``rate`` times as fast from one minute to another; once it was ``busy``."""
    pace = _PACE / budget

    def work(minute: float) -> tuple[float, float]:
        rate = next((r for begin, end, r in spells if begin <= minute < end), 0.0)
        much = _BUSY if busy and busy[0] <= minute < busy[1] else 1
        return pace * much, min(1.0, rate * budget)

    return work


def _failing(budget: float, count: float, length: float, *, busy: tuple[float, float] | None = None) -> Work:
    """A queue of which all tasks fail, ``count`` of them in ``length`` minutes, and that was busy and well before."""

    def work(minute: float) -> tuple[float, float]:
        if busy and busy[0] <= minute < busy[1]:
            return _PACE / budget, 0.0
        return (count / length / 60, 1.0) if 0 <= minute < length else (0.0, 0.0)

    return work


def _hours(pairs: tuple[tuple[BurnWindow, float], ...], budget: float, floor: float) -> Iterator[_Story]:
    """What a queue can go through in hours, told for two pairs of windows and their burn rates, the quicker first."""
    (quick, high), (slow, low) = pairs
    long, other = quick.long.seconds / 60, slow.long.seconds / 60
    brief, pause = quick.short.seconds / 60, slow.short.seconds / 60
    end = other * 1.05
    fast = 1.25 * high
    yield _Story(
        name="burns fast",
        work=_burning(budget, (0, end, fast)),
        looks=(-10, 0.72 * long, 0.95 * long, 1.5 * long, end + pause * 0.3, end + max(1.35 * pause, brief + 10)),
    )
    steady = 1.25 * low if 1.25 * low < 0.9 * high else (low + high) / 2
    yield _Story(
        name="burns steadily",
        work=_burning(budget, (0, end, steady)),
        looks=(0.5 * other * low / steady, 0.93 * other * low / steady, 1.0 * other * low / steady + 20),
    )
    burst = 0.5 * long
    yield _Story(
        name="burnt until a while ago",
        work=_burning(budget, (0, burst, 3 * high)),
        looks=(0.9 * burst, burst + brief * 1.2 + 8, burst + brief * 2.5 + 8),
    )
    start, blip = 1.7 * long, max(0.17 * long, brief + 7)
    size = min(2 * high, 0.6 * high * long / blip)
    yield _Story(name="a blip", work=_burning(budget, (start, start + blip, size)), looks=(start + blip - 1,))
    start = 2 * long
    yield _Story(
        name="a blip, and burnt hours ago",
        work=_burning(budget, (0, burst, 3 * high), (start, start + blip, size)),
        looks=(start + blip - 1,),
    )
    gone = 1.7 * pause
    yield _Story(
        name="burns, and burnt long ago",
        work=_burning(budget, (-1.12 * other, -1.01 * other, 10 * low), (0.25 * other, 0.25 * other + gone, 2 * low)),
        looks=(0.25 * other + gone - 2,),
    )
    spent = 0.28 * other
    yield _Story(
        name="burnt a lot, now as fast as it may",
        work=_burning(budget, (0, spent, 4.2 * low), (spent, end, 0.67 * low)),
        looks=(0.9 * spent, spent + 2 * pause, spent + 2.6 * pause),
    )
    yield _Story(
        name="burnt fast, now slower",
        work=_burning(budget, (0, burst, 3 * high), (burst, end, 0.6 * high)),
        looks=(burst + brief * 1.2 + 9,),
    )
    yield _Story(
        name="a single failure on a quiet queue",
        work=lambda m: (1 / 60, 1.0) if 100 <= m < 101 else ((1 / 60, 0.0) if int(m) % 30 == 0 else (0.0, 0.0)),
        looks=(102, 104, 110, 130),
    )
    few, enough = 0.9 * floor, 1.6 * floor
    seen = 0.85 * long
    busy = (-0.95 * other, -0.4 * long)
    for name, count in (("too few failures", few), ("just enough failures", enough)):
        yield _Story(
            name=f"{name} for the quicker windows",
            work=_failing(budget, count, seen + 1, busy=busy),
            looks=(seen,),
        )
        yield _Story(
            name=f"{name} for the slower windows",
            work=_failing(budget, count, 0.58 * other, busy=None),
            looks=(0.57 * other,),
        )
    yield _Story(name="no traffic at all", work=lambda _: (0.0, 0.0), looks=(1, 60))
    yield _Story(
        name="burns fast after a night without traffic",
        work=lambda m: (_PACE / budget, min(1.0, fast * budget)) if 0 <= m < end else (0.0, 0.0),
        looks=(-10, 1.4 * long),
    )


def _days(pairs: tuple[tuple[BurnWindow, float], ...], budget: float, floor: float) -> Iterator[_Story]:
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
        yield _Story(
            name=name,
            work=_burning(budget, *spells, busy=busy),
            looks=tuple(look * hour for look in looks),
        )
    yield _Story(
        name="burns, and burnt the day before yesterday",
        work=_burning(
            budget,
            (-28 * hour, -26 * hour, 20 * high),
            (0, 4 * hour, 1.35 * high),
            busy=(-36 * hour, -30 * hour),
        ),
        looks=(3.2 * hour,),
    )
    yield _Story(
        name="burns for days",
        work=_burning(budget, (0, end, max(2.4 * low, 0.8 * high))),
        looks=(-2 * hour, 0.5 * hour, 22 * hour, 30 * hour, 40 * hour),
    )
    yield _Story(
        name="burnt a lot, now as fast as it may",
        work=_burning(budget, (0, 26 * hour, 5 * low), (26 * hour, end, 0.67 * low)),
        looks=(25 * hour, 36 * hour),
    )
    yield _Story(
        name="burnt until six hours ago",
        work=_burning(budget, (0, 30 * hour, 2.4 * high)),
        looks=(28 * hour, 38 * hour, 41 * hour),
    )
    for name, count in (("too few failures", 0.9 * floor), ("just enough failures", 1.5 * floor)):
        yield _Story(name=f"{name} for the slower windows", work=_failing(budget, count, end), looks=(40 * hour,))
        yield _Story(
            name=f"{name} for the quicker windows",
            work=_failing(budget, count, 24 * hour, busy=busy),
            looks=(23.2 * hour,),
        )
    yield _Story(name="no traffic at all", work=lambda _: (0.0, 0.0), looks=(hour, 10 * hour))
    yield _Story(
        name="a single failure on a quiet queue",
        work=lambda m: (1 / 60, 1.0 if m == 24 else 0.0) if int(m) % 24 == 0 else (0.0, 0.0),
        looks=(hour, 3 * hour, 20 * hour),
    )
    yield _Story(
        name="burns fast after a night without traffic",
        work=lambda m: (_PACE / budget, min(1.0, fast * budget)) if 0 <= m < end else (0.0, 0.0),
        looks=(-10, 36 * hour),
    )


# -- what must fire ------------------------------------------------------------------------------


@frozen(kw_only=True)
class _Ledger:
    """Errors and what was allowed, summed up minute by minute since the world began."""

    errors: tuple[float, ...]
    allowed: tuple[float, ...]

    def counts(self, now: int, window: Duration) -> tuple[float, float]:
        """Errors and allowed errors of the window that ends ``now``."""
        now = max(0, min(now, len(self.errors) - 1))
        begin = max(0, now - round(window.seconds / 60))
        return self.errors[now] - self.errors[begin], self.allowed[now] - self.allowed[begin]

    def burns(self, pair: BurnWindow, factor: float, floor: float, now: int) -> bool | None:
        """Whether both windows burn; None where it is too close to call."""
        long, short = self.counts(now, pair.long), self.counts(now, pair.short)
        conditions = ((long[0], long[1] * factor), (short[0], short[1] * factor), (long[0], floor))
        verdicts = [_above(*condition) for condition in conditions]
        if False in verdicts:
            return False
        return None if None in verdicts else True


def _above(value: float, level: float) -> bool | None:
    if value > level * (1 + _NEAR) and value > 0:
        return True
    return False if value < level * (1 - _NEAR) or value == 0 else None


def _ledger(story: _Story, scale: _Scale, budget: float) -> _Ledger:
    minutes = range(-scale.before, scale.fault + scale.after)
    events = [story.work(m) for m in minutes]
    return _Ledger(
        errors=tuple(accumulate((60 * rate * share for rate, share in events), initial=0.0)),
        allowed=tuple(accumulate((60 * rate * budget for rate, _ in events), initial=0.0)),
    )


def _fires(
    ledger: _Ledger, pairs: tuple[tuple[BurnWindow, float], ...], floor: float, now: float, slack: int
) -> bool | None:
    """Whether any pair burns, now and a little earlier or later alike; None where that is not certain."""
    verdicts = set()
    for minute in (round(now) - _LAG - slack, round(now) - _LAG, round(now), round(now) + 1):
        by_pair = [ledger.burns(pair, factor, floor, minute) for pair, factor in pairs]
        verdicts.add(True if True in by_pair else (None if None in by_pair else False))
    return verdicts.pop() if len(verdicts) == 1 else None


# -- worlds --------------------------------------------------------------------------------------


def _rates(world: World, value: Callable[[float], float]) -> tuple[Cycle, Cycle, Cycle]:
    """A rate by minutes since the fault began, phase by phase."""
    out, at = [], -world.phases[0]
    for count in world.phases:
        out.append(Cycle(tuple(value((at + i) * world.step.seconds / 60) for i in range(count))))
        at += count
    return out[0], out[1], out[2]


def _part(rates: tuple[Cycle, Cycle, Cycle], share: float) -> tuple[Rate, Rate, Rate]:
    a, b, c = (Cycle(tuple(x * share for x in rate.levels)) for rate in rates)
    return a, b, c


def _place(world: World, slo: SLO, queue: str, work: Work) -> dict[str, str]:
    """The metrics that the service level reads; returns the labels of its series."""
    every = _rates(world, lambda m: work(m)[0])
    wrong = _rates(world, lambda m: work(m)[0] * work(m)[1])
    right = _rates(world, lambda m: work(m)[0] * (1 - work(m)[1]))
    task = {"task_type": slo.task_types[0]} if slo.task_types else {}
    labels = {"queue": queue, "task_type": task.get("task_type", "email:deliver")}
    histogram = histogram_of(slo)
    if histogram is not None:
        bound = f"{limit_of(slo):g}"
        lower, higher = f"{limit_of(slo) / 2:g}", f"{limit_of(slo) * 2:g}"
        for instance, share in (("worker-1:9100", 0.75), ("worker-2:9100", 0.25)):
            phases = [
                {lower: g, bound: r, higher: e, "+Inf": e}
                for g, r, e in zip(_part(right, share / 2), _part(right, share), _part(every, share), strict=True)
            ]
            world.histogram(histogram, {**labels, "instance": instance}, *phases)
    elif slo.needs_instrumentation:
        bad, _ = outcomes_of(slo)
        parts = [("worker-1:9100", "succeeded", right, 0.75), ("worker-2:9100", "succeeded", right, 0.25)]
        parts += [("worker-1:9100", "revoked", every, 1.0), ("worker-2:9100", "skipped", every, 2.0)]
        if len(bad) == 1:  # what is retried is neither good nor bad yet
            parts += [("worker-1:9100", "retried", every, 0.5)]
        parts += [(f"worker-{i + 1}:9100", outcome, wrong, 1 / len(bad)) for i, outcome in enumerate(bad)]
        for instance, outcome, rates, share in parts:
            world.counter(TASK_OUTCOMES, {**labels, "outcome": outcome, "instance": instance}, *_part(rates, share))
    elif len(world.exporters) > 1:
        world.queue(queue, *(QueueState(processed=e, failed=w) for e, w in zip(every, wrong, strict=True)))
    else:
        target = {**world.target(Source.COLLECTOR, world.exporters[0]), "queue": queue}
        own = {k: v for k, v in target.items() if k in TASKS_PROCESSED.labels}
        world.counter(TASKS_PROCESSED, own, *every)
        world.counter(TASKS_FAILED, own, *wrong)
    return {**world.identity, "slo": slo.name, "queue": queue, **task}


def _world(plan: Plan, scale: _Scale) -> World:
    minutes = [Duration(m * 60_000) for m in (scale.before, scale.fault, scale.after)]
    return World(
        step=scale.step,
        before=minutes[0],
        fault=minutes[1],
        after=minutes[2],
        identity=plan.monitoring.identity,
        selectors=dict(plan.scope.selectors),
        exporters=scale.exporters,
    )


# -- cases ---------------------------------------------------------------------------------------


def burn_cases(plan: Plan, alert: Alert, group: Group | None = None) -> Iterator[Case]:
    """Every service level that the alert watches, for pages and for tickets.

    The whole story is told of the first one that holds for any queue, and of each that it fires.
    """
    for rule in plan.rules_of(alert):
        if group is not None and group.name != rule.group:
            continue
        told = False
        for slo in watched(plan.monitoring, alert):
            for index, _ in enumerate(objective_classes(slo)):
                subject = _subject(rule, slo, index)
                if subject is None:
                    continue
                if not told and not slo.queues and index == len(objective_classes(slo)) - 1:
                    told = True
                    yield _whole(plan, subject)
                yield _fires_case(plan, subject)


@frozen(kw_only=True)
class _Subject:
    """One objective of one service level, and the rule that watches it."""

    rule: PlannedAlert
    slo: SLO
    objective: float
    queue: str
    pairs: tuple[tuple[BurnWindow, float], ...]
    floor: float

    @property
    def budget(self) -> float:
        """The share that may go wrong."""
        return budget_of(self.objective)

    @property
    def pages(self) -> bool:
        """Whether it is the rule that looks at hours."""
        return self.rule.group == GROUP

    def title(self, what: str) -> str:
        """The name of a test."""
        return f"{self.rule.name}: {self.rule.severity.value}, {self.slo.name} at {self.objective * 100:.6g}%, {what}"


def _subject(rule: PlannedAlert, slo: SLO, index: int) -> _Subject | None:
    """What to test of one class of queues; None where the alert has been switched off or changed for it."""
    when, queue = rule.alert.when, _queue_name(slo, index)
    windows = when.windows if isinstance(when, Burn) else ()
    pairs = tuple((w, w.factor(slo.window)) for w in windows if w.severity is rule.severity)
    off = {n for c in rule.classes[:-1] for n in c.names}
    if len(pairs) != 2 or queue is None or queue in off:
        return None
    return _Subject(
        rule=rule,
        slo=slo,
        objective=objective_classes(slo)[index][0],
        queue=queue,
        pairs=pairs,
        floor=next((g.minimum for g in rule.alert.guards if g.minimum is not None), 0.0),
    )


def _whole(plan: Plan, subject: _Subject) -> Case:
    """Every story, each in a queue of its own."""
    scale = _HOURS if subject.pages else _DAYS
    world = _world(plan, scale)
    checks = []
    for story in (_hours if subject.pages else _days)(subject.pairs, subject.budget, subject.floor / scale.seen):
        labels = tuple(sorted(_place(world, subject.slo, story.name, story.work).items()))
        ledger = _ledger(story, scale, subject.budget)
        for look in story.looks:
            minute = -(-round(look) // scale.every) * scale.every
            if not -scale.before < minute < scale.fault + scale.after:
                continue
            fires = _fires(ledger, subject.pairs, subject.floor / scale.seen, minute + scale.before, scale.every)
            if fires is not None:
                checks.append(
                    Check(
                        at=Duration((scale.before + minute) * 60_000),
                        firing=(Firing(rule=subject.rule, labels=labels, value=0.0),) if fires else (),
                        only=(*labels, ("severity", subject.rule.severity.value)),
                        why=f"{story.name}: {'fires' if fires else 'silent'}",
                    )
                )
    return Case(
        title=subject.title("and what is no alert"),
        alert=subject.rule.name,
        series=world.series(),
        checks=tuple(checks),
        step=scale.step,
    )


def _fires_case(plan: Plan, subject: _Subject) -> Case:
    """A queue that has never done anything but burn: the whole message."""
    scale = _HOUR if subject.pages else _DAY
    world = _world(plan, scale)
    (_, high), (_, low) = subject.pairs
    rate = min(1.25 * high, 1 / subject.budget)
    if rate <= high:
        rate = min(1.25 * low, 1 / subject.budget)
    end = scale.fault + scale.after
    work = _burning(subject.budget, (-scale.before, end, rate))
    labels = tuple(sorted(_place(world, subject.slo, subject.queue, work).items()))
    fired = Firing(rule=subject.rule, labels=labels, value=rate)
    return Case(
        title=subject.title("the message"),
        alert=subject.rule.name,
        series=world.series(),
        checks=(Check(at=Duration(world.end.milliseconds), firing=(fired,), why="it burns: this is said"),),
        step=scale.step,
    )


def _queue_name(slo: SLO, index: int) -> str | None:
    """A queue of this class of objectives."""
    _, matchers = objective_classes(slo)[index]
    candidates = (*(q for q, _ in slo.per_queue), *slo.queues, "any other")
    return next((c for c in candidates if all(m.accepts(c) for m in matchers)), None)


def level_cases(plan: Plan, group: Group) -> Iterator[RecordCase]:
    """The recorded objective, and what is left where half the budget went wrong; nothing where no work was done."""
    if group.name != LONG_GROUP:
        return
    scale = _Scale(group=LONG_GROUP, before=72, fault=72, after=24, exporters=2)
    for name, value in ((OBJECTIVE, None), (REMAINING, 0.5)):
        world, samples = _world(plan, scale), []
        for slo in plan.monitoring.slos:
            for index, (objective, _) in enumerate(objective_classes(slo)):
                queue = _queue_name(slo, index)
                if queue is not None:
                    budget = budget_of(objective)
                    labels = _place(world, slo, queue, lambda _, b=budget: (_PACE / b, 0.5 * b))  # type: ignore[misc]
                    samples.append((tuple(sorted(labels.items())), objective if value is None else value))
            if value is not None and not slo.queues:
                _place(world, slo, "no traffic at all", lambda _: (0.0, 0.0))
        yield RecordCase(
            record=name.series_name(plan.scope),
            title="of every service level",
            series=world.series(),
            at=world.end,
            samples=tuple(sorted(samples)),
            step=scale.step,
        )
