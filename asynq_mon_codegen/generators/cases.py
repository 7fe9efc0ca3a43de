"""Test cases of an alert as values: a world, and what must be firing when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.driven_values import (
    default_of,
    fires_at,
    level_of_class,
    level_there,
    number_of,
    value_between,
    value_beyond,
    values_around,
    whole_value,
    worst_value,
)
from asynq_mon_codegen.generators.fitted_probes import fitted, later, volume
from asynq_mon_codegen.generators.fleet_cases import Place, home_of, places_of
from asynq_mon_codegen.generators.own_cases import things_of
from asynq_mon_codegen.model import Alert, Fleet, Present
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.probes import probe_of
from asynq_mon_codegen.plan.thresholds import ThresholdClass
from asynq_mon_codegen.promql import Metric, Record
from asynq_mon_codegen.simulator import STEP, Drive, Probe, World

__all__ = ["EVALUATION", "Case", "Check", "Firing", "cases_of"]

EVALUATION = Duration(60_000)
"""Evaluation interval of every rule test: two scrapes, which halves what promtool has to compute."""


@frozen(kw_only=True)
class Firing:
    """One firing alert: its rule, the labels of its series and its value (None: do not compare texts)."""

    rule: PlannedAlert
    labels: tuple[tuple[str, str], ...]
    value: float
    usual: float | None = None


@frozen(kw_only=True)
class Check:
    """What must be firing at a moment: exactly these.

    With ``only`` just the series with these labels and this severity are looked at, and neither
    annotations nor value; that is for moments at which others may or may not fire.
    """

    at: Duration
    firing: tuple[Firing, ...]
    why: str
    only: tuple[tuple[str, str], ...] = ()


@frozen(kw_only=True)
class Case:
    """One world and its checks; ``series`` are name, labels and values in promtool's notation, ``step`` apart."""

    title: str
    alert: str
    series: tuple[tuple[str, dict[str, str], str], ...]
    checks: tuple[Check, ...]
    step: Duration = STEP


@frozen(kw_only=True)
class _Subject:
    """One thing that is driven to a value, and the rules that must then fire; None: those whose level it passes.

    ``place`` is the deployment that it is in, where that is not the world's own.
    """

    name: str
    value: float
    drive: Drive
    rules: tuple[PlannedAlert, ...] | None
    place: Place | None = None


def cases_of(plan: Plan, alert: Alert, probe: Probe) -> Iterator[Case]:
    """Every case of one alert: its levels, its guards, and each class of declared queues."""
    rules = tuple(r for r in plan.rules_of(alert) if r.own is None)
    if not rules:
        yield from _own_holds(plan, alert)
        return
    probe = fitted(alert, probe, rules)
    subjects = [*_levels(alert, probe, rules), *_also(alert, probe, rules), *_quiet(alert, probe, rules)]
    together = tuple(s for s in subjects if probe.many and s.drive not in _apart(probe))
    if together:
        yield _case(plan, alert, probe, rules, f"{alert.name}: levels and guards", together)
    for subject in subjects:
        if subject not in together:
            yield _case(plan, alert, probe, rules, f"{alert.name}: {subject.name}", (subject,))
    for title, subjects_there, label in _in_services(plan, alert, probe, rules):
        yield _case(plan, alert, probe, rules, title, subjects_there, label)
    for subject, label in () if isinstance(plan.monitoring, Fleet) else _declared(alert, probe, rules):
        title = f"{alert.name}: {label} {subject.name!r} has its own threshold"
        yield _case(plan, alert, probe, rules, title, (subject,), label)
    for title, subjects_there, label in _own_levels(plan, alert, probe, rules):
        yield _case(plan, alert, evolve(probe, lingers=None), rules, title, subjects_there, label)
    yield from _own_holds(plan, alert)


def _own_holds(plan: Plan, alert: Alert) -> Iterator[Case]:
    """Of the queues and task types with holds or floors of their own one of each kind: its hold, and its floor."""
    for thing in things_of(plan, alert):
        own = thing.own.alert(alert)
        made = probe_of(plan, own)
        if made is None:
            continue
        rules = thing.rules
        probe = fitted(own, made, rules)
        value = worst_value(own, probe, rules)
        title = f"{alert.name}: {thing.words} has its own {thing.own.words}"
        subject = _Subject(name=thing.name, value=value, drive=probe.drive, rules=None, place=thing.place)
        yield _case(plan, own, evolve(probe, lingers=None), rules, title, (subject,), thing.label)
        floors = [g.text for g in own.guards if (g.minimum or 0) > 0 and thing.own.floor is not None]
        for text, drive in probe.quiet:
            if text in floors:
                quiet = evolve(subject, drive=drive, rules=())
                yield _case(plan, own, probe, rules, f"{title}, silent below it", (quiet,), thing.label)


def _apart(probe: Probe) -> tuple[Drive, ...]:
    return tuple(drive for text, drive in (*probe.also, *probe.quiet) if text in probe.apart)


def _levels(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Iterator[_Subject]:
    if isinstance(alert.when, Present):
        yield _Subject(name="broken", value=probe.value, drive=probe.drive, rules=rules)
        return
    for words, value in values_around(alert, probe, [(r, default_of(r, probe)) for r in rules]):
        firing = tuple(r for r in rules if fires_at(r, value, default_of(r, probe)))
        yield _Subject(name=words, value=value, drive=probe.drive, rules=firing)


def _also(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Iterator[_Subject]:
    value = worst_value(alert, probe, rules)
    for text, drive in probe.also:
        firing = tuple(r for r in rules if fires_at(r, value, default_of(r, probe)))
        yield _Subject(name=text, value=value, drive=drive, rules=firing)


def _quiet(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Iterator[_Subject]:
    value = worst_value(alert, probe, rules)
    for text, drive in probe.quiet:
        guard = next((g for g in alert.guards if g.text == text), None)
        if guard is not None and guard.minimum is not None and guard.minimum <= 0:
            continue  # nothing lies below such a floor
        still = tuple(r for r in rules if guard is not None and not guard.applies_to(r.severity))
        firing = tuple(r for r in still if fires_at(r, value, default_of(r, probe)))
        yield _Subject(name=f"silent: {text.replace('{minimum}', 'enough')}", value=value, drive=drive, rules=firing)


def _declared(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Iterator[tuple[_Subject, str]]:
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        for cls in rule.classes[:-1]:
            name = _common_to(rules, cls)
            if not name or (cls.label, name) in seen:
                continue
            seen.add((cls.label, name))
            mine = {r: level_of_class(r, cls.label, name, probe) for r in rules}
            given = [(r, level) for r, level in mine.items() if level is not None]
            value = (
                whole_value(alert, value_beyond(alert, probe, given[0][1], None), given[0][1])
                if given
                else worst_value(alert, probe, rules)
            )
            firing = tuple(r for r, level in mine.items() if level is not None and fires_at(r, value, level))
            if isinstance(alert.when, Present):
                firing = ()
            yield _Subject(name=name, value=value, drive=probe.drive, rules=firing), cls.label


def _in_services(
    plan: Plan, alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]
) -> Iterator[tuple[str, tuple[_Subject, ...], str]]:
    """In a fleet: levels of its own, and that things of the same name elsewhere are none of its business."""
    for places in places_of(plan, alert, rules):
        own = places[0]
        series = {**own.identity, own.label: own.name}
        given = [level for r in rules if (level := level_there(r, series, probe)) is not None]
        value = (
            whole_value(alert, value_beyond(alert, probe, given[0], None), given[0])
            if given
            else worst_value(alert, probe, rules)
        )
        subject = _Subject(name=own.name, value=value, drive=probe.drive, rules=None, place=own)
        yield f"{alert.name}: {own.words} {'has its own threshold' if given else 'is let alone'}", (subject,), own.label
        if not probe.many or len(places) == 1:
            continue
        between = value_between(alert, [(level_there(r, series, probe), default_of(r, probe)) for r in rules], value)
        several = tuple(_Subject(name=p.name, value=between, drive=probe.drive, rules=None, place=p) for p in places)
        title = f"{alert.name}: {own.words} beside {' and '.join(p.words for p in places[1:])}"
        yield title, several, own.label


def _own_levels(
    plan: Plan, alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]
) -> Iterator[tuple[str, tuple[_Subject, ...], str]]:
    """All things with levels of their own at once: at each level, and beyond it; the worst is a case of its own."""
    if not probe.many or isinstance(alert.when, Present):
        return
    # a quotient hits round levels to the bit, but not whatever a team may declare
    probe = evolve(probe, exact=probe.exact and isinstance(alert.signal.expr, Record | Metric))
    found: dict[tuple[str, str], list[_Subject]] = {}
    for label, name, place in _with_levels(plan, alert, rules):
        series = {**(place.identity if place else {}), label: name}
        levels = [(r, level_there(r, series, probe)) for r in rules]
        worst = next((r.severity.value for r, level in levels if level is not None), "")
        for words, value in values_around(alert, probe, levels):
            if words != f"beyond the {worst} level":
                subject = _Subject(name=name, value=value, drive=probe.drive, rules=None, place=place)
                found.setdefault((label, words), []).append(subject)
    for (label, words), subjects in found.items():
        yield f"{alert.name}: own thresholds of a {label}, {words}", tuple(subjects), label


def _with_levels(plan: Plan, alert: Alert, rules: tuple[PlannedAlert, ...]) -> Iterator[tuple[str, str, Place | None]]:
    """Each label and name with a class of its own; in a fleet, where it is too."""
    if isinstance(plan.monitoring, Fleet):
        for own, *_ in places_of(plan, alert, rules):
            yield own.label, own.name, own
        return
    for label, name in dict.fromkeys((c.label, _common_to(rules, c)) for r in rules for c in r.classes[:-1]):
        if name:
            yield label, name, None


def _common_to(rules: tuple[PlannedAlert, ...], cls: ThresholdClass) -> str:
    """The first name of a class that no rule leaves to one of its own; empty where there is none."""
    return next((name for name in cls.names if all(r.covers({cls.label: name}) for r in rules)), "")


def _case(
    plan: Plan,
    alert: Alert,
    probe: Probe,
    rules: tuple[PlannedAlert, ...],
    title: str,
    subjects: tuple[_Subject, ...],
    label: str = "",
) -> Case:
    longest = max((r.hold for r in rules), default=Duration(0))
    keep = alert.keep_firing_for or Duration(0)
    fault = _sum(_evaluated(_lag(probe), longest), _evaluated(probe.lasting))
    world = World(
        step=STEP,
        before=_evaluated(probe.before),
        fault=fault,
        after=_sum(probe.after, _clears(probe), keep),
        identity=plan.monitoring.identity,
        selectors=dict(plan.scope.selectors),
        subject=label,
        declared=_watched(plan, alert, rules) if not label else dict(plan.scope.names),
        volume=volume(alert, probe),
        later=later(alert, probe, rules).seconds,
    )
    if isinstance(plan.monitoring, Fleet):
        home = home_of(plan, alert, rules)
        world.identity, world.declared = dict(home.identity), dict(home.declared)
    firing: list[Firing] = []
    for subject in subjects:
        if subject.place is not None:
            world.identity = dict(subject.place.identity)
        labels = _series_labels(world, subject)
        fires = subject.rules if subject.rules is not None else _beyond_there(rules, dict(labels), subject.value, probe)
        firing += [Firing(rule=r, labels=labels, value=subject.value, usual=probe.usual) for r in fires]
    return Case(
        title=title, alert=alert.name, series=world.series(), checks=tuple(_checks(probe, world, rules, firing, keep))
    )


def _beyond_there(
    rules: tuple[PlannedAlert, ...], series: Mapping[str, str], value: float, probe: Probe
) -> tuple[PlannedAlert, ...]:
    """The rules that fire for a series of this value by the level of its own class."""
    found = []
    for rule in rules:
        cls = rule.class_for(series)
        off = isinstance(rule.alert.when, Present) and bool(cls.names) and cls.own is None
        if not off and fires_at(rule, value, number_of(rule, cls.level, probe)):
            found.append(rule)
    return tuple(found)


def _watched(plan: Plan, alert: Alert, rules: tuple[PlannedAlert, ...]) -> dict[str, tuple[str, ...]]:
    """The declared names for which the alert is not switched off; those with rules of their own come last.

    The first is what a drive breaks where the alert is about declared names.
    """
    off = {name for r in rules for c in r.classes for name in c.names if isinstance(alert.when, Present)}
    own = frozenset(name for r in rules for c in r.apart for name in c.names)
    return {
        kind: tuple(sorted((n for n in names if n not in off), key=own.__contains__))
        for kind, names in plan.scope.names
    }


def _series_labels(world: World, subject: _Subject) -> tuple[tuple[str, str], ...]:
    found = subject.drive(world, subject.name, subject.value)
    # a series that cannot have the identity labels (vector(1)) says so with empty ones
    return tuple(sorted((k, v) for k, v in {**world.identity, **found}.items() if v))


def _checks(
    probe: Probe, world: World, rules: tuple[PlannedAlert, ...], firing: list[Firing], keep: Duration
) -> Iterator[Check]:
    shortest = min(r.hold for r in rules)
    longest = max(r.hold for r in rules)
    if probe.always:
        yield Check(at=Duration(0), firing=tuple(firing), why="from the first evaluation on")
        yield Check(at=world.end, firing=tuple(firing), why="and for ever")
        return
    yield Check(at=_minus(world.start, STEP), firing=(), why="healthy: silent")
    if shortest >= _sum(STEP, STEP):
        yield Check(at=_minus(_sum(world.start, shortest), STEP), firing=(), why="too brief: silent")
    if probe.ripens is not None:
        yield Check(at=_sum(world.start, probe.ripens), firing=(), why="its window is not full yet: silent")
    if probe.heard is not None:
        at = _evaluated(world.start, probe.heard)
        yield Check(at=at, firing=tuple(firing), why="soon enough: exactly these fire")
    lag = _lag(probe)
    full = _evaluated(world.start, lag, longest)
    for rule in rules:
        if rule.hold == longest or not any(f.rule is rule for f in firing):
            continue
        one = next(f for f in firing if f.rule is rule)
        yield Check(
            at=_evaluated(world.start, lag, rule.hold),
            firing=(one,),
            only=one.labels,
            why=f"{rule.severity.value} fires earlier",
        )
    for rule in rules:
        if rule.hold > shortest and probe.settle.milliseconds == 0:
            one_late = next((f for f in firing if f.rule is rule), None)
            if one_late is not None:
                at = _minus(_sum(world.start, rule.hold), STEP)
                yield Check(at=at, firing=(), only=(*one_late.labels, ("severity", rule.severity.value)), why="not yet")
    yield Check(at=full, firing=tuple(firing), why="long enough: exactly these fire")
    if firing and probe.lingers is not None:
        last = firing[0].rule if len(firing) == 1 else firing[-1].rule
        one = next(f for f in firing if f.rule is last)
        yield Check(
            at=_sum(world.end, probe.lingers), firing=(one,), only=one.labels, why="the window still holds the fault"
        )
    if firing and keep.milliseconds:
        one = firing[0]
        at = _minus(_sum(world.end, keep), _sum(EVALUATION, EVALUATION))
        yield Check(at=at, firing=(one,), only=one.labels, why="kept firing")
    if probe.recovers:
        yield Check(at=_evaluated(world.end, _clears(probe), keep, STEP, STEP), firing=(), why="recovered: silent")


def _lag(probe: Probe) -> Duration:
    """How long the signal takes to show the fault in full, on the later of two exporters."""
    return _sum(probe.settle, STEP) if probe.settle.milliseconds else probe.settle


def _clears(probe: Probe) -> Duration:
    return probe.settle if probe.clears is None else probe.clears


def _sum(*lengths: Duration) -> Duration:
    """The sum, rounded up to whole steps."""
    total = sum(x.milliseconds for x in lengths)
    return Duration(-(-total // STEP.milliseconds) * STEP.milliseconds)


def _evaluated(*lengths: Duration) -> Duration:
    """The sum, rounded up to the next evaluation: what began by then can be seen."""
    total = sum(x.milliseconds for x in lengths)
    return Duration(-(-total // EVALUATION.milliseconds) * EVALUATION.milliseconds)


def _minus(a: Duration, b: Duration) -> Duration:
    return Duration(a.milliseconds - b.milliseconds)
