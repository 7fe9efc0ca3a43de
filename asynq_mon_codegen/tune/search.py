"""Which changes bring the notifications down to what is wanted, and lose as little as can be.

First the levels of single queues and task types, those of critical alerts last: for each row that notifies, ever
higher round numbers are tried, all rows of an alert at once, and what would then have fired is asked of the engine.
Where that does not do, the alert's hold and floor are tried, for everybody; an alert without a hold is one of an event,
which a hold would silence. Where incidents are known, only alerts outside of them are noise, and no change is made
that leaves an incident untold. At the end everything is replayed once more with all changes: the numbers that are told
are those of that replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.backtest.summary import Judged, Row, judged
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History, replayed
from asynq_mon_codegen.model import Monitoring, Severity
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.tune import ladder
from asynq_mon_codegen.tune.applied import applied, planned, rules_from
from asynq_mon_codegen.tune.changes import AlertChange, Change, LevelChange
from asynq_mon_codegen.tune.options import Place, lower, place_for, quieter, tried
from asynq_mon_codegen.tune.proposal import Proposal, Tuning, merged

__all__ = ["tuned"]

_STEPS_DOWN = 6
_FLOORS = (2, 5, 10)
_WORTH = 0.7
"""A hold or floor for everybody must leave at most this share of an alert's notifications."""


@frozen
class _Search:
    monitoring: Monitoring
    plan: Plan
    history: History
    before: Judged
    incidents: tuple[Incident, ...]
    progress: Progress
    tries: dict[tuple[Change, ...], tuple[Firing, ...] | None] = field(factory=dict)

    def fired(self, changes: tuple[Change, ...], alert: str) -> tuple[Firing, ...] | None:
        if changes not in self.tries:
            self.tries[changes] = tried(self.monitoring, self.history, changes, alert, self.progress)
        return self.tries[changes]


@frozen(kw_only=True)
class _Curve:
    """A row, and what would have fired with each of its changes; the one without any comes first."""

    row: Row
    place: Place
    steps: tuple[tuple[LevelChange | None, tuple[Firing, ...]], ...]

    def cost(self, at: int, incidents: Sequence[Incident]) -> float:
        """Notifications of what is noise, in proportion to what fires."""
        return self.row.notifications * _noise(self.steps[at][1], incidents) / len(self.row.firings)


def tuned(
    monitoring: Monitoring,
    history: History,
    notifier: Notifier,
    incidents: Sequence[Incident] | None,
    wanted: float,
    progress: Progress,
    only: Sequence[str] = (),
) -> Tuning:
    """Proposals after which at most ``wanted`` notifications a week are sent, as far as there are any.

    Raises:
        EngineError: Prometheus or promtool failed.
    """
    plan = planned(monitoring)
    replay = replayed(history, rules_from(plan), progress)
    before = judged(replay, notifier, incidents)
    search = _Search(monitoring, plan, history, before, tuple(incidents or ()), progress)
    found = [*_for_the_untold(search)]
    excess = before.a_week - wanted
    if excess > 0:
        found = merged([*found, *_levels(search, wanted, only)])
        if _left(search, found) > wanted:
            found += _for_everybody(search, wanted, found, only)
    after = before
    while found:
        rules = rules_from(planned(applied(monitoring, [p.change for p in found])))
        after = judged(replayed(history, rules, progress), notifier, incidents)
        lost = _lost(before, after)
        kept = [p for p in found if not any(_told_by_alert(p, i) for i in lost)]
        if len(kept) == len(found):
            break
        found, after = kept, before
    return Tuning(before=before, after=after, wanted=wanted, proposals=tuple(found))


def _lost(before: Judged, after: Judged) -> list[Incident]:
    """Incidents that were told and would no longer be."""
    if before.score is None or after.score is None:
        return []
    pairs = zip(before.score.verdicts, after.score.verdicts, strict=True)
    return [old.incident for old, new in pairs if old.delay is not None and new.delay is None]


def _told_by_alert(proposal: Proposal, incident: Incident) -> bool:
    return any(incident.told_by(f) or incident.near(f) for f in proposal.dropped)


def _levels(search: _Search, wanted: float, only: Sequence[str]) -> list[Proposal]:
    """Higher levels for the rows that notify most, until what is left is what is wanted."""
    budget = wanted * search.before.weeks
    total = float(len(search.before.notifications))
    out: list[Proposal] = []
    for urgent in (False, True):
        if total <= budget:
            break
        curves = list(_curves(search, only, urgent=urgent))
        at = dict.fromkeys(range(len(curves)), 0)
        while total > budget:
            best, gain = None, 0.0
            for i, curve in enumerate(curves):
                step = _next(search, curve, at[i])
                if step is None:
                    continue
                saved = curve.cost(at[i], search.incidents) - curve.cost(step, search.incidents)
                if saved > gain:
                    best, gain = (i, step), saved
            if best is None:
                break
            at[best[0]] = best[1]
            total -= gain
        out += [_proposal(curves[i], step) for i, step in at.items() if step]
    return out


def _noise(fired: Sequence[Firing], incidents: Sequence[Incident]) -> int:
    """How many of these alerts belong to no incident; all where none is known."""
    return sum(not any(incident.near(f) for incident in incidents) for f in fired)


def _next(search: _Search, curve: _Curve, at: int) -> int | None:
    """The next step of a curve that makes it quieter and loses no incident."""
    now = _noise(curve.steps[at][1], search.incidents)
    for step in range(at + 1, len(curve.steps)):
        if _noise(curve.steps[step][1], search.incidents) < now:
            return step if _keeps(search, curve.row.firings, curve.steps[step][1]) else None
    return None


def _keeps(search: _Search, before: Sequence[Firing], after: Sequence[Firing]) -> bool:
    """Whether every incident that these alerts told is still told by them."""
    return all(
        any(incident.told_by(f) for f in after)
        for incident in search.incidents
        if any(incident.told_by(f) for f in before)
    )


def _curves(search: _Search, only: Sequence[str], *, urgent: bool) -> Iterator[_Curve]:
    """For each alert and severity all rows at once: they do not hang on one another. ``urgent`` are critical ones."""
    groups: dict[tuple[str, str], list[tuple[Row, Place]]] = {}
    for row in search.before.rows:
        if not row.notifications or (only and row.alert not in only):
            continue
        if (row.severity == Severity.CRITICAL.value) is not urgent:
            continue
        place = place_for(search.plan, row.alert, row.severity, dict(row.firings[0].labels))
        if place is not None:
            groups.setdefault((row.alert, row.severity), []).append((row, place))
    for (alert, severity), rows in groups.items():
        found = [(row, place, quieter(place, row.firings)) for row, place in _one_for_each_owner(rows)]
        members = [one for one in found if one[2]]
        steps: list[list[tuple[LevelChange | None, tuple[Firing, ...]]]] = [[(None, r.firings)] for r, _, _ in members]
        for number in range(max((len(changes) for _, _, changes in members), default=0)):
            some = tuple(changes[number] for _, _, changes in members if number < len(changes))
            fired = search.fired(some, alert)
            if fired is None:
                break
            for i, (_, place, changes) in enumerate(members):
                if number < len(changes):
                    mine = _of(fired, severity, place)
                    steps[i].append((changes[number], mine))
        for (row, place, _), of_row in zip(members, steps, strict=True):
            yield _Curve(row=row, place=place, steps=tuple(of_row))


def _one_for_each_owner(rows: Sequence[tuple[Row, Place]]) -> list[tuple[Row, Place]]:
    """Rows of one owner as one: its level is one for all of them."""
    out: dict[str, tuple[Row, Place]] = {}
    for row, place in rows:
        both = row
        if place.name in out:
            known = out[place.name][0]
            firings = tuple(sorted((*known.firings, *row.firings), key=lambda f: f.start))
            both = evolve(row, firings=firings, notifications=known.notifications + row.notifications)
        out[place.name] = (both, place)
    return list(out.values())


def _of(fired: Sequence[Firing], severity: str, place: Place) -> tuple[Firing, ...]:
    return tuple(f for f in fired if f.label("severity") == severity and f.label(place.owner) == place.name)


def _proposal(curve: _Curve, step: int) -> Proposal:
    change, after = curve.steps[step]
    assert change is not None  # noqa: S101 - only the first step has none
    return Proposal(
        change=change, severity=curve.row.severity, place=curve.place, before=curve.row.firings, after=after
    )


def _left(search: _Search, found: Sequence[Proposal]) -> float:
    """Notifications a week that are left, in proportion to what still fires."""
    saved = 0.0
    for p in found:
        notified = sum(
            r.notifications for r in search.before.rows if r.alert == p.change.alert and set(r.firings) & set(p.before)
        )
        saved += notified * (1 - len(p.after) / len(p.before)) if p.before else 0
    return (len(search.before.notifications) - saved) / search.before.weeks


def _for_everybody(
    search: _Search, wanted: float, found: Sequence[Proposal], only: Sequence[str]
) -> Iterator[Proposal]:
    """A longer hold or a higher floor of the alerts that notify most and have no level of their own to change."""
    done = {p.change.alert for p in found}
    notified: dict[str, int] = {}
    for row in search.before.rows:
        if row.alert not in done and (not only or row.alert in only):
            notified[row.alert] = notified.get(row.alert, 0) + row.notifications
    left = _left(search, found)
    for name in sorted(notified, key=lambda n: (-notified[n], n)):
        if left <= wanted or not notified[name] or name not in search.monitoring.alerts.names():
            continue
        before = tuple(f for row in search.before.rows if row.alert == name for f in row.firings)
        noise = _noise(before, search.incidents)
        for change in _alert_changes(search, name):
            after = search.fired((change,), name)
            # what leaves nothing at all is no longer an alert
            if not after or not _keeps(search, before, after):
                continue
            if not noise or _noise(after, search.incidents) > _WORTH * noise:
                continue
            yield Proposal(change=change, severity="", place=None, before=before, after=after)
            left -= notified[name] * (1 - len(after) / len(before)) / search.before.weeks
            break


def _alert_changes(search: _Search, name: str) -> Iterator[AlertChange]:
    alert = search.monitoring.alerts[name]
    unit = alert.signal.unit
    holds = {severity or Severity.WARNING: hold for severity, hold in alert.hold}
    longest = max(holds.values(), default=Duration(0))
    for hold in ladder.HOLDS if longest > Duration(0) else ():
        if hold > longest:
            if len(holds) == 1:
                yield AlertChange(alert=name, hold=hold, unit=unit)
            else:
                yield AlertChange(alert=name, hold={s: max(h, hold) for s, h in holds.items()}, unit=unit)
    floors = [g.minimum for g in alert.guards if g.minimum is not None]
    if len(set(floors)) == 1:
        for times in _FLOORS:
            yield AlertChange(alert=name, floor=floors[0] * times, unit=unit)


def _for_the_untold(search: _Search) -> Iterator[Proposal]:
    """For each incident that nobody was told of the smallest change that tells it, and little else."""
    score = search.before.score
    for verdict in score.verdicts if score is not None else ():
        incident = verdict.incident
        if verdict.delay is not None or not incident.queue:
            continue
        best: tuple[int, Proposal] | None = None
        for place in _places(search, incident):
            for change in lower(place, _STEPS_DOWN):
                fired = search.fired((change,), place.alert.name)
                after = _of(fired or (), place.severity.value, place)
                if not any(incident.told_by(f) for f in after):
                    continue
                old = _of(search.before.replay.firings, place.severity.value, place)
                mine = tuple(f for f in old if f.label("alertname") == place.alert.name)
                proposal = Proposal(
                    change=change,
                    severity=place.severity.value,
                    place=place,
                    before=mine,
                    after=after,
                    told=(incident,),
                )
                more = len(after) - len(mine)
                if best is None or more < best[0]:
                    best = (more, proposal)
                break
        if best is not None:
            yield best[1]


def _places(search: _Search, incident: Incident) -> Iterator[Place]:
    for alert in search.monitoring.alerts:
        if "queue" in (alert.signal.expr.labels or ()) and incident.threat in ("", alert.threat.value):
            place = place_for(search.plan, alert.name, Severity.WARNING.value, {"queue": incident.queue})
            if place is not None and place.owner == "queue":
                yield place
