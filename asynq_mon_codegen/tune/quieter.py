"""Higher levels for the queues and task types that notify most, those of critical alerts last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve

from asynq_mon_codegen.backtest.summary import Row
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.tune.curves import Curve, Step, descended
from asynq_mon_codegen.tune.options import Place, place_for, quieter
from asynq_mon_codegen.tune.proposal import Proposal
from asynq_mon_codegen.tune.trials import Trials

__all__ = ["of_place", "quieter_levels"]


def quieter_levels(trials: Trials, wanted: float) -> list[Proposal]:
    """Levels with which there are at most ``wanted`` notifications a week, as far as there are any."""
    total = trials.total
    out: list[Proposal] = []
    for urgent in (False, True):
        if total <= trials.budget(wanted):
            break
        moved, total = descended(trials, list(_curves(trials, urgent=urgent)), total, trials.budget(wanted))
        out += [curve.proposal(step) for curve, step in moved]
    return out


def of_place(fired: Sequence[Firing], severity: str, place: Place) -> tuple[Firing, ...]:
    """Those of a place."""
    return tuple(f for f in fired if f.label("severity") == severity and f.label(place.owner) == place.name)


def _curves(trials: Trials, *, urgent: bool) -> Iterator[Curve]:
    """For each alert and severity all rows at once: they do not hang on one another. ``urgent`` are critical ones."""
    groups: dict[tuple[str, str], list[tuple[Row, Place]]] = {}
    for row in trials.before.rows:
        if not row.notifications or not trials.may_change(row.alert):
            continue
        if (row.severity == Severity.CRITICAL.value) is not urgent:
            continue
        place = place_for(trials.plan, row.alert, row.severity, dict(row.firings[0].labels))
        if place is not None:
            groups.setdefault((row.alert, row.severity), []).append((row, place))
    for (alert, severity), rows in groups.items():
        found = [(row, place, quieter(place, row.firings)) for row, place in _one_for_each_owner(rows)]
        members = [one for one in found if one[2]]
        steps: list[list[Step]] = [[] for _ in members]
        for number in range(max((len(changes) for _, _, changes in members), default=0)):
            some = tuple(changes[number] for _, _, changes in members if number < len(changes))
            fired = trials.fired(some, alert)
            if fired is None:
                break
            for i, (_, place, changes) in enumerate(members):
                if number < len(changes):
                    steps[i].append(Step(change=changes[number], fired=of_place(fired, severity, place)))
        for (row, place, _), of_row in zip(members, steps, strict=True):
            yield Curve(
                severity=severity,
                place=place,
                firings=row.firings,
                notifications=row.notifications,
                steps=tuple(of_row),
            )


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
