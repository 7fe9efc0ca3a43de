"""Alerts that were over before anybody could have acted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import length
from asynq_mon_codegen.review.section import Section, Table, counted, name, names

__all__ = ["SHORT", "Short", "section", "short"]

SHORT = "15m"
"""What passes until the notification is sent, read and somebody sits at a keyboard; nobody ended what was shorter."""

_MINUTE = 60
_SUBJECTS = 3


@frozen(kw_only=True)
class Short:
    """An alert of one severity that ended by itself ``short`` of ``fired`` times.

    ``subjects`` are what it was about, the most frequent first. Times in seconds: for how long the condition went on
    at most after the alert fired, the rule's ``hold`` now, and the hold with which none of them had fired. Time for
    which a rule keeps firing afterwards does not count.
    """

    alert: str
    severity: str
    subjects: tuple[str, ...]
    short: int
    fired: int
    longest: float
    hold: float
    enough: float


def short(judged: Judged, incidents: Sequence[Incident], within: float) -> tuple[Short, ...]:
    """Those that were resolved ``within`` so many seconds outside of all incidents, most often first."""
    out = []
    rules = judged.replay.rules
    owners = [(rules.rule_of(dict(row.firings[0].labels)), row) for row in judged.rows if row.firings]
    for rule in rules.alerts:
        severity = dict(rule.labels).get("severity", "")
        rows = [row for owner, row in owners if owner == rule]
        ended: dict[str, list[float]] = {}
        for row in rows:
            for firing in row.firings:
                lasted = firing.until(math.inf) - firing.start - rule.keep
                if lasted <= within and not any(i.near(firing) for i in incidents):
                    ended.setdefault(row.subject, []).append(max(0.0, lasted))
        if ended:
            longest = max(max(times) for times in ended.values())
            out.append(
                Short(
                    alert=rule.name,
                    severity=severity,
                    subjects=tuple(sorted(ended, key=lambda s: (-len(ended[s]), s))),
                    short=sum(map(len, ended.values())),
                    fired=sum(len(row.firings) for row in rows),
                    longest=longest,
                    hold=rule.hold,
                    enough=math.ceil((rule.hold + longest + rule.interval) / _MINUTE) * _MINUTE,
                )
            )
    return tuple(sorted(out, key=lambda s: (-s.short, -s.fired, s.alert, s.severity)))


def section(found: tuple[Short, ...], within: float, *, incidents: bool) -> Section:
    """The third section."""
    title = "Fired and resolved by themselves"
    outside = " outside of every known incident" if incidents else ""
    if not found:
        return Section(title=title, lead=f"No alert was over within {length(within)}{outside}.")
    rows = tuple(
        (
            name(s.alert),
            s.severity,
            names((one for one in s.subjects if one), _SUBJECTS),
            f"{s.short:,} of {s.fired:,}",
            length(s.longest),
            length(s.hold),
            length(s.enough),
        )
        for s in found
    )
    columns = ("alert", "severity", "of", ">by themselves", ">went on at most", ">hold now", ">hold without them")
    only = [s for s in found if s.short == s.fired]
    kinds = tuple(dict.fromkeys(s.alert for s in found))
    given = (
        () if incidents else ("Incidents were not given: with `--incidents FILE` alerts in their time are left out.",)
    )
    return Section(
        title=title,
        lead=f"{counted(sum(s.short for s in found), 'time')} an alert was over within {length(within)}{outside}: "
        "nobody can have ended it.",
        tables=(Table(columns=columns, rows=rows),),
        notes=given,
        decide="For each line: a longer hold (with that of the last column none of them had fired, but real trouble is "
        "told later by the difference too), a higher level for what is named, or neither, if to know was worth the "
        "interruption." + (f" {counted(len(only), 'line')} never did anything else; begin there." if only else ""),
        task=f"a longer hold or a higher level for {names(kinds)}",
    )
