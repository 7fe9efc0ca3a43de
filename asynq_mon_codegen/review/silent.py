"""Alerts that never fired: because they cannot, because it was over too soon, or because nothing happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from asynq_mon_codegen.backtest.summary import Judged, subject
from asynq_mon_codegen.backtest.words import length, moment
from asynq_mon_codegen.doctor.metrics import source_words
from asynq_mon_codegen.doctor.reads import Reads
from asynq_mon_codegen.engine.history import Extent
from asynq_mon_codegen.engine.replay import Near
from asynq_mon_codegen.engine.rules import RuleSet
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.review.production import Production
from asynq_mon_codegen.review.section import Section, Table, counted, name, names

__all__ = ["Blind", "Missed", "Quiet", "Silent", "section", "silent"]

_LISTED = 60
_SHOWN = 8


@frozen(kw_only=True)
class Blind:
    """Alerts that cannot fire, for there was nothing of what they read; ``sources`` are who should export it."""

    sources: tuple[str, ...]
    lacks: tuple[str, ...]
    alerts: tuple[str, ...]


@frozen(kw_only=True)
class Missed:
    """A rule whose condition held, but not for its ``hold``, in seconds; ``at`` is when it held ``longest``."""

    alert: str
    severity: str
    subject: str
    times: int
    longest: float
    hold: float
    at: float


@frozen(kw_only=True)
class Quiet:
    """A rule with all of its history whose condition was never true."""

    alert: str
    severity: str


@frozen(kw_only=True)
class Silent:
    """Every rule that did not fire in the replay, each once.

    ``only_there`` are those of them that fired in production all the same, by alert and severity; ``undeclared`` are
    alerts that fired in production and are declared no longer; both with how often. None where production is unknown.
    """

    blind: tuple[Blind, ...]
    missed: tuple[Missed, ...]
    quiet: tuple[Quiet, ...]
    only_there: tuple[tuple[str, str, int], ...] | None
    undeclared: tuple[tuple[str, int], ...] | None


def silent(judged: Judged, plan: Plan, extents: Mapping[str, Extent | None], production: Production) -> Silent:
    """Why each alert that did not fire did not."""
    blind = _blind(plan, extents)
    near = {(n.alert, n.severity): n for n in sorted(judged.replay.near, key=lambda n: n.longest)}
    quiet = judged.quiet
    fired = {row.alert for row in judged.rows}
    rules = judged.replay.rules
    missed = [_missed(near[key], _hold(rules, near[key])) for key in quiet if key in near]
    declared = {rule.name for rule in rules.alerts}
    there = [(a, s, production.fired(a, s)) for a, s in quiet]
    others = {f.label("alertname") for f in production.firings} - declared
    return Silent(
        blind=_by_source(plan, {a: blind[a] for a, _ in quiet if a in blind and a not in fired}),
        missed=tuple(sorted(missed, key=lambda m: (-(m.longest / m.hold if m.hold else 1), m.alert, m.severity))),
        quiet=tuple(Quiet(alert=a, severity=s) for a, s in quiet if (a, s) not in near and a not in blind),
        only_there=tuple(one for one in there if one[2]) if production.known else None,
        undeclared=tuple((o, sum(f.label("alertname") == o for f in production.firings)) for o in sorted(others))
        if production.known
        else None,
    )


def _hold(rules: RuleSet, near: Near) -> float:
    rule = rules.rule_of({**dict(near.labels), "alertname": near.alert, "severity": near.severity})
    return 0.0 if rule is None else rule.hold


def section(found: Silent) -> Section:
    """The fourth section."""
    title = "Alerts that never fired"
    rules = len(found.missed) + len(found.quiet)
    unseeing = sum(len(b.alerts) for b in found.blind)
    if not found.blind and not rules:
        return Section(title=title, lead="Every alert fired at least once.", notes=tuple(_production(found)))
    tables = []
    if found.blind:
        rows = tuple((" and ".join(b.sources), names(b.alerts, _SHOWN), names(b.lacks, 2)) for b in found.blind)
        tables.append(
            Table(caption="Blind: there is nothing to fire on.", columns=("nothing of", "alerts", "such as"), rows=rows)
        )
    if found.missed:
        near = tuple(
            (
                name(m.alert),
                m.severity,
                name(m.subject) if m.subject else "",
                length(m.longest),
                length(m.hold),
                f"{m.times:,}",
                moment(m.at),
            )
            for m in found.missed
        )
        columns = ("alert", "severity", "subject", ">held at most", ">must hold", ">times", "longest at (UTC)")
        tables.append(Table(caption="Near misses: the condition held, but too short.", columns=columns, rows=near))
    notes = list(_production(found))
    if found.quiet:
        by_alert: dict[str, list[str]] = {}
        for one in found.quiet:
            by_alert.setdefault(one.alert, []).append(one.severity)
        shown = [f"{name(a)} ({', '.join(s)})" for a, s in list(by_alert.items())[:_LISTED]]
        more = f" and {len(by_alert) - _LISTED} more" if len(by_alert) > _LISTED else ""
        notes.append(
            f"Of {counted(len(by_alert), 'alert')} the condition was never true: {', '.join(shown)}{more}. The next "
            "section has those that nothing came near."
        )
    decisions = []
    if found.blind:
        decisions.append("For each line of blind alerts: scrape it, or take these alerts out of the declaration.")
    if found.missed:
        decisions.append("For near misses: whether somebody should have been told; if so, shorten the hold.")
    if found.quiet:
        decisions.append(
            "For the rest: whether what they watch can still happen. An alert of that kind is to be kept and tried "
            "(`asynq-mon doctor --notify critical`)."
        )
    parts = (
        counted(unseeing, "blind alert") if found.blind else "",
        counted(len(found.missed), "near miss") if found.missed else "",
        f"{counted(len(found.quiet), 'rule')} whose condition was never true" if found.quiet else "",
    )
    what = ", ".join(filter(None, parts))
    return Section(
        title=title,
        lead=f"What did not fire once with today's declaration: {what}.",
        tables=tuple(tables),
        notes=tuple(notes),
        decide=" ".join(decisions),
        task=f"scrape or remove {counted(unseeing, 'blind alert')}"
        if found.blind
        else "which of the silent alerts stay",
    )


def _production(found: Silent) -> Iterable[str]:
    if found.only_there is None or found.undeclared is None:
        return
    if found.only_there:
        shown = ", ".join(f"{name(a)} {s} ({counted(n, 'time')})" for a, s, n in found.only_there)
        yield (
            f"Fired in production all the same, so the rules there were not those of today: {shown}. "
            "`asynq-mon doctor` says whether they are now."
        )
    elif found.blind or found.missed or found.quiet:
        yield "None of them fired in production either."
    if found.undeclared:
        shown = ", ".join(f"{name(a)} ({counted(n, 'time')})" for a, n in found.undeclared)
        yield f"Fired in production, and declared no longer: {shown}. Is an old rule file still loaded?"


def _missed(near: Near, hold: float) -> Missed:
    return Missed(
        alert=near.alert,
        severity=near.severity,
        subject=subject(near.labels),
        times=near.times,
        longest=near.longest,
        hold=hold,
        at=near.at,
    )


def _by_source(plan: Plan, blind: Mapping[str, tuple[str, ...]]) -> tuple[Blind, ...]:
    """What is to be scraped for them, most alerts first."""
    reads = Reads(plan)
    source = {s.name: source_words(m.source) for s in reads.selectors for m in reads.metrics(s)[:1]}
    found: dict[tuple[str, ...], list[str]] = {}
    for alert, lacks in blind.items():
        found.setdefault(tuple(sorted({source.get(name, name) for name in lacks})), []).append(alert)
    return tuple(
        Blind(sources=who, lacks=tuple(sorted({n for a in alerts for n in blind[a]})), alerts=tuple(alerts))
        for who, alerts in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    )


def _blind(plan: Plan, extents: Mapping[str, Extent | None]) -> dict[str, tuple[str, ...]]:
    """By alert the names for want of which it cannot fire; heartbeats apart."""
    reads = Reads(plan)
    present = {s: s.name not in extents or extents[s.name] is not None for s in reads.selectors}
    never = {a.name for a in plan.alerts if a.severity is Severity.NONE}
    found: dict[str, dict[str, None]] = {}
    for selector, alerts in reads.blind(present).items():
        for alert in alerts:
            if alert not in never:
                found.setdefault(alert, {})[selector.name] = None
    return {alert: tuple(sorted(lacks)) for alert, lacks in found.items()}
