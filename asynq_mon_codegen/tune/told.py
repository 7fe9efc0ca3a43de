"""Proposals in words: what changes, what it would have caught and missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import subject
from asynq_mon_codegen.backtest.words import length, moment, stamp
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.model import Band
from asynq_mon_codegen.model.terms import threshold_text
from asynq_mon_codegen.tune.changes import AlertChange, Change, FloorChange, HoldChange, LevelChange, WrittenHold
from asynq_mon_codegen.tune.proposal import Proposal, Tuning

__all__ = ["headline", "lines", "proposal_data", "tuning_data"]

_SHOWN = 5


def headline(p: Proposal) -> str:
    """The change in one line."""
    change = p.change
    return f"{change.alert}, {_whose(change)}: {', '.join(_moves(p))}"


def _whose(change: Change) -> str:
    return "for everybody" if isinstance(change, AlertChange) else f"{change.owner.replace('_', ' ')} {change.name}"


def _moves(p: Proposal) -> Iterator[str]:
    """What stands there and what will: each level, hold or floor that moves."""
    change, was = p.change, p.was
    if isinstance(change, LevelChange) and p.place is not None:
        for severity, level in p.place.levels.items():
            if (new := change.when.level(severity)) != level:
                yield f"{severity.value} {change.when.words} {_level(p, level)} -> {_level(p, new)}"
    elif isinstance(change, HoldChange | AlertChange) and isinstance(was, HoldChange | AlertChange) and change.hold:
        yield f"hold {_hold(was.hold, change.hold)}"
    elif isinstance(change, FloorChange | AlertChange) and isinstance(was, FloorChange | AlertChange):
        yield f"floor {was.floor:g} -> {change.floor:g}"


def _hold(old: WrittenHold | None, new: WrittenHold) -> str:
    if not isinstance(new, Mapping):
        return f"{old} -> {new}"
    before = old if isinstance(old, Mapping) else dict.fromkeys(new, old)
    moved = ((s, before.get(s), length) for s, length in new.items())
    return ", ".join(f"{s.value} {was} -> {length}" for s, was, length in moved if was != length)


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
            about = f" {subject(firing.labels)}" if isinstance(p.change, AlertChange) else ""
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
        "owner": "" if isinstance(p.change, AlertChange) else p.change.owner,
        "name": "" if isinstance(p.change, AlertChange) else p.change.name,
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


def _peak(p: Proposal, fired: Sequence[Firing]) -> float | None:
    if p.place is None:
        return None
    return max(f.high for f in fired) if p.place.rising else min(f.low for f in fired)
