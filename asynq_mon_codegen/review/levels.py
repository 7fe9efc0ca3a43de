"""Levels beside what the signals really were: those that nothing comes near, and those that are about to be reached."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.backtest.summary import Judged, subject
from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.recording import Evaluation
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.engine.rules import Rule
from asynq_mon_codegen.model import Above, Below, Unit
from asynq_mon_codegen.model.fleet import services_of
from asynq_mon_codegen.model.terms import threshold_text, value_text
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.prometheus_api import Labels, Prometheus
from asynq_mon_codegen.review.section import Section, Table, counted, name

__all__ = ["Seen", "levels", "section"]

_FAR = 10.0
_CLOSE = 0.9
_FEW = 10
_WHOLE = (Unit.COUNT, Unit.TASKS, Unit.ATTEMPTS)
_USUAL = 0.999
_PIECE = 86_400.0
"""Seconds of which the highest value is asked at once: Prometheus holds all of them in memory."""
_POINTS = 10_000
"""Moments by which the 99.9th percentile is told."""


@frozen(kw_only=True)
class Seen:
    """A level for a queue (or whatever the signal is of), and the signal there, all in its unit.

    ``extreme`` is the value nearest to the level or furthest beyond it, ``usual`` what 99.9 % of the time is not
    beyond. ``others`` is of how many queues that nobody declared this is the worst, 0 for a declared one.
    """

    alert: str
    severity: str
    subject: str
    others: int
    unit: Unit
    rising: bool
    level: float
    extreme: float
    usual: float
    fired: int

    @property
    def times(self) -> float:
        """How many times further away than the extreme the level is; infinite where a signal never was above 0."""
        near, far = (self.extreme, self.level) if self.rising else (self.level, self.extreme)
        return math.inf if near <= 0 else far / near

    @property
    def far(self) -> bool:
        """Nothing came near it."""
        return _FAR < self.times < math.inf

    @property
    def close(self) -> bool:
        """What is usual is not beyond it, but within a tenth of it."""
        near, far = (self.usual, self.level) if self.rising else (self.level, self.usual)
        if self.unit in _WHOLE and self.level < _FEW:
            return False  # of so few, one is more than a tenth: a state such as up or down is always this close
        return _CLOSE * far <= near <= far


def levels(plan: Plan, work: Evaluation, history: History, judged: Judged, progress: Progress) -> tuple[Seen, ...]:
    """Every static level with what was seen; learnt ones (bands) move by themselves and are left out.

    Raises:
        EngineError: Prometheus failed.
    """
    every = {r.name: r.interval for r in work.rules.alerts}
    static = {
        a.name: a
        for a in plan.alerts
        if isinstance(a.alert.when, Above | Below) and any(isinstance(c.level, float) for c in a.classes)
    }
    signals = [
        Rule(name=n, expr=a.alert.signal.expr.render(plan.scope), alerts=True, group="review", interval=every[n])
        for n, a in static.items()
        if n in every
    ]
    fired: dict[tuple[str, str, str], int] = {(r.alert, r.severity, r.subject): len(r.firings) for r in judged.rows}
    out: list[Seen] = []
    for some, server in work.batches(signals):
        with server as local:
            for signal in some:
                progress("looking at levels", signals.index(signal), len(signals))
                rising = isinstance(static[signal.name].alert.when, Above)
                seen = _extremes(local, signal, history, rising=rising)
                for rule in plan.every_rule_of(static[signal.name].alert):
                    out += _of_rule(plan, rule, seen, fired, rising=rising)
    return tuple(sorted(out, key=lambda s: (-s.times, s.alert, s.severity, s.subject)))


def section(found: tuple[Seen, ...]) -> Section:
    """The fifth section."""
    title = "Thresholds far from what was seen"
    far = [s for s in found if s.far]
    close = sorted((s for s in found if s.close), key=lambda s: (-s.fired, s.alert, s.severity, s.subject))
    flat = sum(s.times == math.inf for s in found)
    notes = []
    if flat:
        notes.append(
            f"Of {len(found):,} levels {flat:,} cannot be judged by this history: their signals stayed at 0 throughout."
        )
    if not far and not close:
        return Section(
            title=title, lead="No level is far from what was seen, nor about to be reached.", notes=tuple(notes)
        )
    tables = []
    head = ("alert", "severity", "subject", ">level")
    if far:
        rows = tuple((*_row(s), value_text(s.unit, s.extreme), f"{s.times:,.0f}") for s in far)
        tables.append(
            Table(
                caption="Nothing came near: the level is more than 10 times away from the worst value ever seen.",
                columns=(*head, ">worst seen", ">times away"),
                rows=rows,
            )
        )
    if close:
        rows = tuple(
            (*_row(s), value_text(s.unit, s.usual), value_text(s.unit, s.extreme), f"{s.fired:,}") for s in close
        )
        tables.append(
            Table(
                caption="About to cry wolf: in 999 of 1,000 evaluations the value stays within the level, but by less "
                "than 10 %.",
                columns=(*head, ">99.9 % within", ">worst seen", ">fired"),
                rows=rows,
            )
        )
    decide = []
    if far:
        decide.append(
            "Where nothing came near: the level at which somebody would want to know. One that stands for a limit "
            "(the archive's 10,000 tasks, a full disk) stays; one that was guessed comes down."
        )
    if close:
        decide.append("Where it is close: whether this load is healthy; then raise the level before it fires each day.")
    return Section(
        title=title,
        lead=f"{counted(len(far), 'level')} that nothing came near, "
        f"{counted(len(close), 'level')} about to be reached.",
        tables=tuple(tables),
        notes=tuple(notes),
        decide=" ".join(decide),
        task=" and ".join(
            filter(
                None,
                (
                    f"new levels or a reason for {len(far)} that nothing came near" if far else "",
                    f"{len(close)} that are about to be reached" if close else "",
                ),
            )
        ),
    )


def _row(one: Seen) -> tuple[str, ...]:
    about = name(one.subject) if one.subject else ""
    if one.others > 1:
        about += f", the worst of {one.others} not declared"
    return name(one.alert), one.severity, about, threshold_text(one.unit, one.level)


def _of_rule(
    plan: Plan,
    rule: PlannedAlert,
    seen: Mapping[Labels, tuple[float, float]],
    fired: Mapping[tuple[str, str, str], int],
    *,
    rising: bool,
) -> Iterable[Seen]:
    declared = {q.name for one in (plan.monitoring, *services_of(plan.monitoring)) for q in one.queues}
    rest: list[Seen] = []
    for labels, (extreme, usual) in seen.items():
        level = rule.class_for(dict(labels)).level if rule.covers(dict(labels)) else None
        if not isinstance(level, float) or level <= 0:
            continue  # nothing is ten times away from 0
        about = subject(labels)
        one = Seen(
            alert=rule.name,
            severity=rule.severity.value,
            subject=about,
            others=0,
            unit=rule.alert.signal.unit,
            rising=rising,
            level=level,
            extreme=extreme,
            usual=usual,
            fired=fired.get((rule.name, rule.severity.value, about), 0),
        )
        if dict(labels).get("queue", "") in declared:
            yield one
        else:
            rest.append(one)
    for level in dict.fromkeys(one.level for one in rest):
        same = [one for one in rest if one.level == level]
        worst = min(same, key=lambda one: (one.times, one.subject))
        usual = (max if rising else min)(one.usual for one in same)
        yield evolve(worst, others=len(same), usual=usual, fired=sum(one.fired for one in same))


def _extremes(
    local: Prometheus, signal: Rule, history: History, *, rising: bool
) -> Mapping[Labels, tuple[float, float]]:
    """The worst value of each series of a signal, and what is usual."""
    every, first = signal.interval, history.start
    last = math.ceil(history.end / every) * every - every
    function, worse = ("max_over_time", max) if rising else ("min_over_time", min)
    worst: dict[Labels, float] = {}
    at = first
    while at < last:
        until = min(last, at + _PIECE)
        for sample in local.query(f"{function}({_past(signal.expr, until - at, every)})", until):
            if math.isfinite(sample.value):
                worst[sample.labels] = worse(sample.value, worst.get(sample.labels, sample.value))
        at = until
    step = max(every, math.ceil((last - first) / _POINTS / every) * every)
    quantile = _USUAL if rising else round(1 - _USUAL, 3)
    usual = local.query(f"quantile_over_time({quantile}, {_past(signal.expr, last - first, step)})", last)
    known = {sample.labels: sample.value for sample in usual if math.isfinite(sample.value)}
    return {labels: (value, known[labels]) for labels, value in sorted(worst.items()) if labels in known}


def _past(expr: str, seconds: float, step: float) -> str:
    """All evaluations of so many seconds, the first one too: Prometheus 3 leaves out what lies at the very start.

    Without names: `a < b or b` gives one series under two of them, which a function over time would refuse.
    """
    return f"(max without () ({expr}))[{round(seconds * 1000) + 1}ms:{round(step * 1000)}ms]"
