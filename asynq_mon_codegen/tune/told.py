"""Proposals in words: what changes, what it would have caught and missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import subject
from asynq_mon_codegen.backtest.words import length, moment, stamp
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.model import Above, Band, Below, Severity
from asynq_mon_codegen.model.terms import threshold_text
from asynq_mon_codegen.tune.changes import AlertChange, LevelChange
from asynq_mon_codegen.tune.proposal import Proposal, Tuning

__all__ = ["headline", "lines", "proposal_data", "tuning_data"]

_SHOWN = 5


def headline(p: Proposal) -> str:
    """The change in one line."""
    change = p.change
    if isinstance(change, LevelChange) and p.place is not None:
        moved = [
            f"{severity.value} {change.when.words} {_level(p, old)} -> {_level(p, new)}"
            for severity, old in p.place.levels.items()
            if (new := change.when.level(severity)) != old
        ]
        return f"{change.alert}, {change.owner.replace('_', ' ')} {change.name}: {', '.join(moved)}"
    return f"{change.alert}, for everybody: {_for_all(change)}" if isinstance(change, AlertChange) else change.alert


def lines(p: Proposal, incidents: Sequence[Incident], until: float) -> Iterator[str]:
    """What it would have caught and missed."""
    yield f"would have fired {_times(len(p.after))} instead of {len(p.before)}"
    told = [i for i in incidents if any(i.told_by(f) for f in p.after)]
    if told:
        how = "tells an incident that nobody was told of" if p.told else "still tells"
        yield f"{how}: {', '.join(i.title for i in told)}"
    kept = len(p.before) - len(p.dropped)
    if p.dropped:
        unit = p.change.unit
        peak = _peak(p, p.dropped)
        loudest = max(f.until(until) - f.start for f in p.dropped)
        reached = "" if peak is None else f", at worst {threshold_text(unit, peak)}"
        yield f"no longer: {_times(len(p.dropped))}{reached}, the longest {length(loudest)}; {kept} are still told"
        for firing in sorted(p.dropped, key=lambda f: f.start - f.until(until))[:_SHOWN]:
            about = f" {subject(firing.labels)}" if p.place is None else ""
            yield f"  {moment(firing.start)} for {length(firing.until(until) - firing.start)}{about}"
        if len(p.dropped) > _SHOWN:
            yield f"  and {len(p.dropped) - _SHOWN} shorter ones"


def tuning_data(tuning: Tuning) -> dict[str, Any]:
    """Everything for a script."""
    return {
        "notifications_per_week": {
            "before": round(tuning.before.a_week, 2),
            "wanted": tuning.wanted,
            "after": round(tuning.after.a_week, 2),
        },
        "proposals": [proposal_data(p, tuning.after.replay.end) for p in tuning.proposals],
    }


def proposal_data(p: Proposal, until: float) -> dict[str, Any]:
    """One proposal for a script."""
    return {
        "alert": p.change.alert,
        "severity": p.severity,
        "owner": p.place.owner if p.place else "",
        "name": p.place.name if p.place else "",
        "change": headline(p),
        "fired_before": len(p.before),
        "fired_after": len(p.after),
        "dropped": [{"from": stamp(f.start), "seconds": f.until(until) - f.start} for f in p.dropped],
        "tells": [i.title for i in p.told],
    }


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _level(p: Proposal, level: float | Band | None) -> str:
    unit = p.change.unit
    if level is None:
        return "off"
    if not isinstance(level, Band):
        return threshold_text(unit, level)
    limit = level.floor if p.place is None or p.place.rising else level.ceiling
    return f"{level.times:g} times what is usual, " + (
        "without a limit" if limit is None else f"never within {threshold_text(unit, limit)}"
    )


def _for_all(change: AlertChange) -> str:
    out = []
    if change.hold is not None:
        holds = change.hold
        text = ", ".join(f"{s.value} {h}" for s, h in holds.items()) if isinstance(holds, dict) else str(holds)
        out.append(f"held {text}")
    if change.floor is not None:
        out.append(f"a floor of {change.floor:g}")
    if isinstance(change.when, Above | Below):
        levels = ((s, change.when.level(s)) for s in Severity)
        texts = [f"{s.value} {threshold_text(change.unit, v)}" for s, v in levels if isinstance(v, float)]
        out.append(f"{change.when.words} {', '.join(texts)}")
    return ", ".join(out)


def _peak(p: Proposal, fired: Sequence[Firing]) -> float | None:
    if p.place is None:
        return None
    return max(f.high for f in fired) if p.place.rising else min(f.low for f in fired)
