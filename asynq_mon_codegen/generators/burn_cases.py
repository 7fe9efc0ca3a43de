"""Test cases of error budgets: work that goes wrong at a known pace, and whether that is an alert.

What must fire is computed from the events themselves, minute by minute and window by window, and not from the
rules (:mod:`burn_ledger`); a moment at which a few minutes or per cent decide is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from asynq_mon_codegen.catalog.metrics.asynq import TASKS_FAILED, TASKS_PROCESSED
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.slo import GROUP, INTERVALS, LONG_GROUP, OBJECTIVE, REMAINING
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.burn_ledger import fires, ledger_of
from asynq_mon_codegen.generators.burn_levels import Watched, level_case, tile_cases, window_case
from asynq_mon_codegen.generators.burn_sites import (
    Neighbour,
    Site,
    neighbours_of,
    shares_events,
    sites_of,
    telling_share,
)
from asynq_mon_codegen.generators.burn_stories import PACE, Work, burning, days, hours
from asynq_mon_codegen.generators.cases import Case, Check, Firing
from asynq_mon_codegen.generators.record_cases import RecordCase
from asynq_mon_codegen.model import SLO, Alert, Burn, BurnWindow, budget_of
from asynq_mon_codegen.plan import Group, Plan, PlannedAlert
from asynq_mon_codegen.plan.promises import Promise, promises_of, watched
from asynq_mon_codegen.plan.slo import histogram_of, limit_of, outcomes_of
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.promql.labels import any_of
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
        limit = limit_of(slo).seconds
        lower, bound, higher = f"{limit / 2:g}", f"{limit:g}", f"{limit * 2:g}"
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

    The whole story is told of the first one that holds for any queue, and of each that it fires; in a fleet also
    beside services where something else holds for the same queue. What single services declare is tested a few times;
    where there are very many service levels, the first ones are and one of each further kind.
    """
    for rule in plan.rules_of(alert):
        if group is not None and group.name != rule.group:
            continue
        subjects = tuple(_subjects(plan, rule, examples_of(watched(plan.monitoring, alert))))
        told = next((s for s in subjects if not s.site.named), None)
        if told is not None:
            yield _whole(plan, told)
        for subject in subjects:
            yield _fires_case(plan, subject)
            others = neighbours_of(plan, subject.site)
            if others:
                yield _beside_case(plan, subject, others)
        yield from _at_levels(plan, rule, subjects)


def _at_levels(plan: Plan, rule: PlannedAlert, subjects: tuple[_Subject, ...]) -> Iterator[Case]:
    """One of every service level, whatever its classes of series: the levels are theirs together."""
    found = {s.site.promise: Watched(site=s.site, pairs=s.pairs, floor=s.floor) for s in subjects}
    yield from level_case(plan, rule, tuple(found.values()), EVALUATIONS[rule.group])


def examples_of(promises: tuple[Promise, ...]) -> tuple[Promise, ...]:
    """The service levels to test: all of them unless they are very many, for promtool takes a second for each."""
    kinds: dict[tuple[object, ...], Promise] = {}
    for promise in promises:
        slo = promise.slo
        kinds.setdefault((slo.indicator, slo.window, bool(slo.task_types), bool(slo.queues)), promise)
    return tuple(dict.fromkeys((*promises[:_MOST], *kinds.values())))


@frozen(kw_only=True)
class _Subject:
    """One objective of one service level at a place that it holds for, and the rule that watches it."""

    rule: PlannedAlert
    site: Site
    pairs: tuple[tuple[BurnWindow, float], ...]
    floor: float

    @property
    def slo(self) -> SLO:
        """The service level."""
        return self.site.promise.slo

    @property
    def budget(self) -> float:
        """The share that may go wrong."""
        return budget_of(self.site.objective)

    @property
    def pages(self) -> bool:
        """Whether it is the rule that looks at hours."""
        return self.rule.group == GROUP

    def title(self, what: str) -> str:
        """The name of a test."""
        site = self.site
        level = f"{self.slo.name} at {site.objective * 100:.6g}%{f' where {site.words}' if site.words else ''}"
        return f"{self.rule.name}: {self.rule.severity.value}, {level}, {what}"


def _subjects(plan: Plan, rule: PlannedAlert, promises: tuple[Promise, ...]) -> Iterator[_Subject]:
    """What to test of each class of series; nothing where the alert has been switched off or changed for it."""
    when = rule.alert.when
    windows = tuple(w for w in when.windows if w.severity is rule.severity) if isinstance(when, Burn) else ()
    if len(windows) != 2:
        return
    floor = next((g.minimum for g in rule.alert.guards if g.minimum is not None), 0.0)
    for site in sites_of(plan, promises, lambda series: _off(rule, series)):
        pairs = tuple((w, w.factor(site.promise.slo.window)) for w in windows)
        yield _Subject(rule=rule, site=site, pairs=pairs, floor=floor)


def _off(rule: PlannedAlert, series: Mapping[str, str]) -> bool:
    """Whether the alert is switched off for it: a burn rate has no other classes than that."""
    return any(cls.accepts(series) for cls in rule.classes[:-1])


def _whole(plan: Plan, subject: _Subject) -> Case:
    """Every story, each in a queue of its own."""
    scale = _HOURS if subject.pages else _DAYS
    world = _world(plan, scale)
    checks = []
    for story in (hours if subject.pages else days)(subject.pairs, subject.budget, subject.floor / scale.seen):
        world.identity = dict(subject.site.identity)
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
    (_, high), (_, low) = subject.pairs
    rate = min(1.25 * high, 1 / subject.budget)
    if rate <= high:
        rate = min(1.25 * low, 1 / subject.budget)
    return _steady(plan, subject, (subject.site,), rate * subject.budget, "the message")


def _beside_case(plan: Plan, subject: _Subject, others: tuple[Neighbour, ...]) -> Case:
    """The same work in a queue of the same name elsewhere: judged by what holds there, or not at all."""
    (_, high), (_, low) = subject.pairs
    share = telling_share(subject.site.objective, [o.objective for o in others], high, low)
    what = f"beside {' and '.join(o.words for o in others)}"
    return _steady(plan, subject, (subject.site, *others), share, what)


def _steady(plan: Plan, subject: _Subject, sites: tuple[Site | Neighbour, ...], share: float, what: str) -> Case:
    """The same share of the work goes wrong all the time at all of these places: who fires, and with which rate."""
    scale = _HOUR if subject.pages else _DAY
    world = _world(plan, scale)
    low = subject.pairs[-1][1]
    strictest = min(budget_of(site.objective) for site in sites if site.objective is not None)
    # beyond the floor also where a rate is only just too high
    pace = PACE * (1 if len(sites) == 1 else 4) * max(1.0, subject.floor / 10)
    work = burning(strictest, (-scale.before, scale.fault + scale.after, share / strictest), pace=pace)
    fired = []
    for site in sites:
        world.identity = dict(site.identity)
        labels = _place(world, subject.slo, subject.site.queue, work)
        if site.objective is None or _off(subject.rule, labels):
            continue
        rate = share / budget_of(site.objective)
        if rate > low:
            fired.append(Firing(rule=subject.rule, labels=tuple(sorted(labels.items())), value=rate))
    one = (("slo", subject.slo.name), ("queue", subject.site.queue), ("severity", subject.rule.severity.value))
    # another severity fires where the objective is stricter, and another service level that reads the same events
    alone = len(sites) == 1 and not shares_events(plan, subject.rule.alert, subject.site)
    only = () if alone else one
    check = Check(at=Duration(world.end.milliseconds), firing=tuple(fired), only=only, why="it burns: this is said")
    return Case(
        title=subject.title(what), alert=subject.rule.name, series=world.series(), checks=(check,), step=scale.step
    )


def level_cases(plan: Plan, group: Group) -> Iterator[RecordCase]:
    """The recorded objective, and what is left where half the budget went wrong; nothing where no work was done."""
    if group.name != LONG_GROUP:
        return
    scale = _Scale(group=LONG_GROUP, before=72, fault=72, after=24, exporters=2)
    sites: dict[Promise, list[Site]] = {}
    for site in sites_of(plan, examples_of(promises_of(plan.monitoring)), lambda _: False):
        sites.setdefault(site.promise, []).append(site)
    for name in (OBJECTIVE, REMAINING):
        for promise, places in sites.items():
            world, samples = _world(plan, scale), {}
            everywhere: list[tuple[Site | Neighbour, Site]] = [(site, site) for site in places]
            everywhere += [(other, site) for site in places for other in neighbours_of(plan, site)]
            for there, site in everywhere:
                budget = budget_of(site.objective)
                world.identity = dict(there.identity)
                key = (*sorted(there.identity.items()), ("queue", site.queue))
                if key in samples:
                    continue
                labels = _place(world, promise.slo, site.queue, lambda _, b=budget: (PACE / b, 0.5 * b))  # type: ignore[misc]
                samples[key] = (labels, there.objective, 0.5 * budget)
            if name is REMAINING and not places[-1].named:
                world.identity = dict(places[-1].identity)
                _place(world, promise.slo, "no traffic at all", lambda _: (0.0, 0.0))
            found = [
                (tuple(sorted(labels.items())), objective if name is OBJECTIVE else 1 - share / budget_of(objective))
                for labels, objective, share in samples.values()
                if objective is not None
            ]
            yield RecordCase(
                record=name.series_name(plan.scope),
                where=(any_of("slo", (promise.slo.name,)),),
                title=f"of {promise.slo.name}{f' where {places[0].words}' if places[0].words else ''}",
                series=world.series(),
                at=world.end,
                samples=tuple(sorted(found)),
                decimals=6,
                step=scale.step,
            )
    one_each = tuple(places[-1] for places in sites.values())
    yield from window_case(plan, one_each, EVALUATIONS[LONG_GROUP])
    yield from tile_cases(plan, one_each, EVALUATIONS[LONG_GROUP])
