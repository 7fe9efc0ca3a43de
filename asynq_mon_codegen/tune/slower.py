"""Longer holds and higher floors for what levels could not quieten: of one queue or task type, else for everybody.

Alert by alert, the loudest first, until it is enough. A hold is tried for all queues in one run, as one for everybody:
with a rule of its own each of them would have done the same, and what is told comes from a replay with those rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asynq_mon_codegen.backtest.summary import Row
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.model import Alert
from asynq_mon_codegen.tune.changes import AlertChange
from asynq_mon_codegen.tune.curves import Curve, Step, descended
from asynq_mon_codegen.tune.options import Owner, owner_of, place_for
from asynq_mon_codegen.tune.proposal import Proposal
from asynq_mon_codegen.tune.rungs import Rung, Rungs, floors_of, holds_of
from asynq_mon_codegen.tune.trials import Trials

__all__ = ["held_longer"]

_WORTH = 0.7
"""A hold or floor must leave at most this share of the noise: it delays what matters, or hides it."""
_SEVERAL = 3
"""A change for everybody also delays the alerts of those who never had a false one. Only where at least so many, and
more than half of all that fired, need the same, it is the default that does not fit, and one line says so better."""


def held_longer(trials: Trials, wanted: float) -> Iterator[Proposal]:
    """Holds and floors with which there are at most ``wanted`` notifications a week, as far as there are any."""
    total, budget = trials.total, trials.budget(wanted)
    loud: dict[str, int] = {}
    for row in trials.before.rows:
        if trials.may_change(row.alert):
            loud[row.alert] = loud.get(row.alert, 0) + row.notifications
    for name in sorted(loud, key=lambda n: (-loud[n], n)):
        if total <= budget or not loud[name]:
            break
        found = _of_alert(trials, trials.monitoring.alerts[name], total, budget)
        for proposal, saved in found:
            total -= saved
            yield proposal


def _of_alert(trials: Trials, alert: Alert, total: float, budget: float) -> list[tuple[Proposal, float]]:
    """Proposals with the notifications that each saves."""
    rows = [row for row in trials.before.rows if row.alert == alert.name]
    by_owner: dict[Owner | None, list[Row]] = {}
    for row in rows:
        by_owner.setdefault(owner_of(alert, dict(row.firings[0].labels)), []).append(row)
    owners = {owner: of for owner, of in by_owner.items() if owner is not None}
    kinds = [k for of in (holds_of, floors_of) if (k := of(trials.monitoring, alert, owners)) is not None]
    if None in by_owner or not any(_fits(trials, rungs) for rungs in kinds):
        return _for_everybody(trials, rows, kinds)
    out: list[tuple[Proposal, float]] = []
    for rungs in kinds:
        if total <= budget or not _fits(trials, rungs):
            continue
        curves = list(_curves(trials, alert, owners, rungs))
        moved, _ = descended(trials, curves, total, budget)
        found = _simpler(trials, rows, rungs, moved, len(by_owner))
        total -= sum(saved for _, saved in found)
        out += found
        if any(isinstance(p.change, AlertChange) for p, _ in found):
            break
        done = {(c.steps[step].change.owner, c.steps[step].change.name) for c, step in moved}
        owners = {o: of for o, of in owners.items() if (o.kind, o.name) not in done}
    return out


def _fits(trials: Trials, rungs: Rungs) -> bool:
    """Whether the declaration takes such a value for a single queue or task type."""
    first = next((change for rung in rungs.steps for change in rung.owners.values()), None)
    return first is not None and trials.fits(first)


def _curves(trials: Trials, alert: Alert, owners: dict[Owner, list[Row]], rungs: Rungs) -> Iterator[Curve]:
    loud = {o: of for o, of in owners.items() if any(row.notifications for row in of)}
    steps: dict[Owner, list[Step]] = {owner: [] for owner in loud}
    for rung in rungs.steps:
        fired = _tried(trials, alert.name, rung, rungs)
        if fired is None:
            break
        for owner, change in rung.owners.items():
            if owner in loud:
                mine = tuple(f for f in fired if f.label(owner.kind) == owner.name)
                # those with a value of their own are not part of a change for everybody
                everybody = None if owner in rungs.apart else rung.everybody
                steps[owner].append(Step(change=change, fired=mine, everybody=everybody))
        if not any(trials.noise(of[-1].fired) if of else True for of in steps.values()):
            break
    for owner, of in loud.items():
        yield Curve(
            severity="",
            place=place_for(trials.plan, alert.name, of[0].severity, dict(of[0].firings[0].labels)),
            was=rungs.own[owner],
            firings=_firings(of),
            notifications=sum(row.notifications for row in of),
            steps=tuple(steps[owner]),
            worth=_WORTH,
        )


def _tried(trials: Trials, alert: str, rung: Rung, rungs: Rungs) -> tuple[Firing, ...] | None:
    apart = tuple(change for owner, change in rung.owners.items() if owner in rungs.apart)
    return trials.fired(apart if rung.everybody is None else (*apart, rung.everybody), alert)


def _simpler(
    trials: Trials, rows: Sequence[Row], rungs: Rungs, moved: Sequence[tuple[Curve, int]], owners: int
) -> list[tuple[Proposal, float]]:
    """The proposals, of which those that are the same for most are one for everybody."""
    each = [(c.proposal(step), c.left(trials, None) - c.left(trials, step)) for c, step in moved]
    common = [c.steps[step].everybody for c, step in moved]
    for number, rung in enumerate(rungs.steps):
        same = sum(one is not None and one == rung.everybody for one in common)
        if same < _SEVERAL or same * 2 <= owners:
            continue
        covered = [r.everybody for r in rungs.steps[: number + 1]]
        for found in _for_everybody(trials, rows, [rungs], [rung]):
            return [found, *(p for p, one in zip(each, common, strict=True) if one is None or one not in covered)]
    return each


def _for_everybody(
    trials: Trials, rows: Sequence[Row], kinds: Sequence[Rungs], steps: Sequence[Rung] | None = None
) -> list[tuple[Proposal, float]]:
    """The smallest change for everybody that is worth it, and the notifications that it saves."""
    before = _firings(rows)
    noise = trials.noise(before)
    for rungs in kinds:
        for rung in rungs.steps if steps is None else steps:
            if rung.everybody is None or not noise:
                continue
            after = trials.fired((rung.everybody,), rows[0].alert)
            # what leaves nothing at all is no longer an alert
            if not after or not trials.keeps(before, after) or trials.noise(after) > _WORTH * noise:
                continue
            proposal = Proposal(
                change=rung.everybody, was=rungs.now, severity="", place=None, before=before, after=after
            )
            saved = sum(row.notifications for row in rows) * (1 - len(after) / len(before))
            return [(proposal, saved)]
    return []


def _firings(rows: Sequence[Row]) -> tuple[Firing, ...]:
    return tuple(sorted((f for row in rows for f in row.firings), key=lambda f: f.start))
