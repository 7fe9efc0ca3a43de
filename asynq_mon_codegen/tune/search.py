"""Which changes bring the notifications down to what is wanted, and lose as little as can be.

First the levels of single queues and task types, those of critical alerts last: for each row that notifies, ever
higher round numbers are tried, all rows of an alert at once, and what would then have fired is asked of the engine.
Where that does not do, a longer hold and then a higher floor are tried in the same way, on what is left with these
levels; for everybody only where an alert is not of a queue or task type, or most of them need the same. Where incidents
are known, only alerts outside of them are noise, and no change is made that leaves an incident untold. At the end
everything is replayed once more with all changes: the numbers that are told are those of that replay.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.tune.changes import AlertChange, Change
from asynq_mon_codegen.tune.proposal import Proposal, Tuning, merged
from asynq_mon_codegen.tune.quieter import quieter_levels
from asynq_mon_codegen.tune.slower import held_longer
from asynq_mon_codegen.tune.trials import Trials, begun
from asynq_mon_codegen.tune.untold import for_the_untold

__all__ = ["tuned"]


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
    trials = begun(monitoring, history, notifier, incidents, progress, only)
    before = trials.before
    found = merged(list(for_the_untold(trials)))
    if before.a_week > wanted:
        found = merged([*found, *quieter_levels(trials, wanted)])
        with_levels = trials.changed([p.change for p in found]) if found else trials
        if with_levels.before.a_week > wanted:
            found = _lean(trials, found, list(held_longer(with_levels, wanted)))
    after = before
    while found:
        after = trials.changed([p.change for p in found]).before
        lost = _lost(before, after)
        kept = [p for p in found if not any(_told_by_alert(p, i) for i in lost)]
        if len(kept) == len(found):
            break
        found, after = kept, before
    return Tuning(before=before, after=after, wanted=wanted, proposals=tuple(found))


def _lean(trials: Trials, levels: list[Proposal], more: list[Proposal]) -> list[Proposal]:
    """All of them, but without the levels of those that need a hold or floor as well, where these alone do as much."""
    needless = [p for p in levels if not p.told and any(_of_same(m.change, p.change) for m in more)]
    both = [*levels, *more]
    if not needless:
        return both
    rest = [p for p in both if p not in needless]
    alone = trials.changed([p.change for p in rest]).before
    if alone.a_week > trials.changed([p.change for p in both]).before.a_week:
        return both
    return [
        evolve(p, before=_about(p.change, trials.before), after=_about(p.change, alone)) if p in more else p
        for p in rest
    ]


def _of_same(change: Change, level: Change) -> bool:
    """Whether a hold or floor is that of the queue or task type of a level, or of its alert for everybody."""
    if isinstance(change, AlertChange) or isinstance(level, AlertChange):
        return change.alert == level.alert
    return (change.alert, change.owner, change.name) == (level.alert, level.owner, level.name)


def _about(change: Change, judged: Judged) -> tuple[Firing, ...]:
    """What fired of that which a change is about."""
    firings = tuple(f for f in judged.replay.firings if f.label("alertname") == change.alert)
    if isinstance(change, AlertChange):
        return firings
    return tuple(f for f in firings if f.label(change.owner) == change.name)


def _lost(before: Judged, after: Judged) -> list[Incident]:
    """Incidents that were told and would no longer be."""
    if before.score is None or after.score is None:
        return []
    pairs = zip(before.score.verdicts, after.score.verdicts, strict=True)
    return [old.incident for old, new in pairs if old.delay is not None and new.delay is None]


def _told_by_alert(proposal: Proposal, incident: Incident) -> bool:
    return any(incident.told_by(f) or incident.near(f) for f in proposal.dropped)
