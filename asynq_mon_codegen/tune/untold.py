"""For each incident that nobody was told of the smallest change that tells it, and little else."""

from __future__ import annotations

from collections.abc import Iterator

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.tune.options import Place, lower, place_for
from asynq_mon_codegen.tune.proposal import Proposal
from asynq_mon_codegen.tune.quieter import of_place
from asynq_mon_codegen.tune.trials import Trials

__all__ = ["for_the_untold"]

_STEPS_DOWN = 6


def for_the_untold(trials: Trials) -> Iterator[Proposal]:
    """Lower levels, one for each incident for which there is any."""
    score = trials.before.score
    for verdict in score.verdicts if score is not None else ():
        incident = verdict.incident
        if verdict.delay is not None or not incident.queue:
            continue
        found = [p for place in _places(trials, incident) if (p := _telling(trials, incident, place)) is not None]
        if found:
            yield min(found, key=lambda p: len(p.after) - len(p.before))


def _telling(trials: Trials, incident: Incident, place: Place) -> Proposal | None:
    """The smallest change of a level that tells the incident."""
    severity = place.severity.value
    old = of_place(trials.before.replay.firings, severity, place)
    for change in lower(place, _STEPS_DOWN):
        after = of_place(trials.fired((change,), place.alert.name) or (), severity, place)
        if any(incident.told_by(f) for f in after):
            return Proposal(
                change=change,
                severity=severity,
                place=place,
                before=tuple(f for f in old if f.label("alertname") == place.alert.name),
                after=after,
                told=(incident,),
            )
    return None


def _places(trials: Trials, incident: Incident) -> Iterator[Place]:
    for alert in trials.monitoring.alerts:
        if not trials.may_change(alert.name):
            continue
        if "queue" in (alert.signal.expr.labels or ()) and incident.threat in ("", alert.threat.value):
            place = place_for(trials.plan, alert.name, Severity.WARNING.value, {"queue": incident.queue})
            if place is not None and place.owner == "queue":
                yield place
