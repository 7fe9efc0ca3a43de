"""Test cases of error budgets: work that goes wrong at a known pace, and whether that is an alert.

What must fire is computed from the events themselves, minute by minute and window by window, and not from the
rules (:mod:`burn_ledger`); a moment at which a few minutes or per cent decide is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from asynq_mon_codegen.catalog.metrics.asynq import TASKS_FAILED, TASKS_PROCESSED
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.slo import GROUP, INTERVALS, LONG_GROUP, OBJECTIVE, REMAINING
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.burn_ledger import fires, ledger_of
from asynq_mon_codegen.generators.burn_levels import Watched, level_case, tile_cases, window_case
from asynq_mon_codegen.generators.burn_stories import PACE, Work, burning, days, hours
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
    def minutes(self) -> range:
        """Every minute, counted from the beginning of the fault."""
        return range(-self.before, self.fault + self.after)

    @property
    def every(self) -> int:
        """Minutes between two evaluations."""
        return EVALUATIONS[self.group].milliseconds // 60_000

    @property
    def seen(self) -> float:
        """The part of each count that the rules see."""
        return INTERVALS[self.group].milliseconds / EVALUATIONS[self.group].milliseconds


_MOST = 20
_HOURS = _Scale(group=GROUP, before=432, fault=402, after=48)
_DAYS = _Scale(group=LONG_GROUP, before=36 * 60, fault=42 * 60, after=288, step=Duration(120_000))
_HOUR = _Scale(group=GROUP, before=3, fault=42, after=3, exporters=2)
_DAY = _Scale(group=LONG_GROUP, before=24, fault=240, after=24, exporters=2)


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
        for outcome in bad:
            parts += [
                (f"worker-{i + 1}:9100", outcome, wrong, share / len(bad)) for i, share in enumerate((0.75, 0.25))
            ]
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

    The whole story is told of the first one that holds for any queue, and of each that it fires; where there are
    very many, of the first ones and of one of each further kind.
    """
    for rule in plan.rules_of(alert):
        if group is not None and group.name != rule.group:
            continue
        told = False
        for slo in examples_of(watched(plan.monitoring, alert)):
            for index, _ in enumerate(objective_classes(slo)):
                subject = _subject(rule, slo, index)
                if subject is None:
                    continue
                if not told and not slo.queues and index == len(objective_classes(slo)) - 1:
                    told = True
                    yield _whole(plan, subject)
                yield _fires_case(plan, subject)
        yield from _at_levels(plan, rule, alert)


def _at_levels(plan: Plan, rule: PlannedAlert, alert: Alert) -> Iterator[Case]:
    """One of every service level, whatever its classes of queues: the levels are theirs together."""
    found = {}
    for slo in watched(plan.monitoring, alert):
        for index, _ in enumerate(objective_classes(slo)):
            subject = _subject(rule, slo, index)
            if subject is not None:
                found[slo.name] = Watched(slo=slo, pairs=subject.pairs, floor=subject.floor)
    yield from level_case(plan, rule, tuple(found.values()), EVALUATIONS[rule.group])


def examples_of(slos: tuple[SLO, ...]) -> tuple[SLO, ...]:
    """The service levels to test: all of them unless they are very many, for promtool takes a second for each."""
    kinds: dict[tuple[object, ...], SLO] = {}
    for slo in slos:
        kinds.setdefault((slo.indicator, slo.window, bool(slo.task_types), bool(slo.queues)), slo)
    return tuple(dict.fromkeys((*slos[:_MOST], *kinds.values())))


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
    for story in (hours if subject.pages else days)(subject.pairs, subject.budget, subject.floor / scale.seen):
        labels = tuple(sorted(_place(world, subject.slo, story.name, story.work).items()))
        ledger = ledger_of(story.work, scale.minutes, subject.budget)
        for look in story.looks:
            minute = -(-round(look) // scale.every) * scale.every
            if not -scale.before < minute < scale.fault + scale.after:
                continue
            burns = fires(ledger, subject.pairs, subject.floor / scale.seen, minute + scale.before, scale.every)
            if burns is not None:
                checks.append(
                    Check(
                        at=Duration((scale.before + minute) * 60_000),
                        firing=(Firing(rule=subject.rule, labels=labels, value=0.0),) if burns else (),
                        only=(*labels, ("severity", subject.rule.severity.value)),
                        why=f"{story.name}: {'fires' if burns else 'silent'}",
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
    work = burning(subject.budget, (-scale.before, end, rate))
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
        for slo in examples_of(plan.monitoring.slos):
            for index, (objective, _) in enumerate(objective_classes(slo)):
                queue = _queue_name(slo, index)
                if queue is not None:
                    budget = budget_of(objective)
                    labels = _place(world, slo, queue, lambda _, b=budget: (PACE / b, 0.5 * b))  # type: ignore[misc]
                    samples.append((tuple(sorted(labels.items())), objective if value is None else value))
            if value is not None and not slo.queues:
                _place(world, slo, "no traffic at all", lambda _: (0.0, 0.0))
        yield RecordCase(
            record=name.series_name(plan.scope),
            title="of the service levels",
            series=world.series(),
            at=world.end,
            samples=tuple(sorted(samples)),
            step=scale.step,
        )
    yield from window_case(plan, plan.monitoring.slos, EVALUATIONS[LONG_GROUP])
    yield from tile_cases(plan, plan.monitoring.slos, EVALUATIONS[LONG_GROUP])
