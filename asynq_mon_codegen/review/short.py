"""Alerts that were over before anybody could have acted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import length
from asynq_mon_codegen.review.section import Section, Table, counted, name

__all__ = ["SHORT", "Short", "section", "short"]

SHORT = "15m"
"""What passes until the notification is sent, read and somebody sits at a keyboard; nobody ended what was shorter."""

_MINUTE = 60


@frozen(kw_only=True)
class Short:
    """An alert of one severity about one subject that ended by itself ``short`` of ``fired`` times.

    Times in seconds: for how long the condition went on at most after the alert fired, the rule's ``hold`` now, and
    the hold with which none of them had fired. Time for which a rule keeps firing afterwards does not count.
    """

    alert: str
    severity: str
    subject: str
    short: int
    fired: int
    longest: float
    hold: float
    enough: float


def short(judged: Judged, incidents: Sequence[Incident], within: float) -> tuple[Short, ...]:
    """Those that were resolved ``within`` so many seconds outside of all incidents, most often first."""
    rules = {(r.name, dict(r.labels).get("severity", "")): r for r in judged.replay.rules.alerts}
    out = []
    for row in judged.rows:
        rule = rules[row.alert, row.severity]
        lasted = [
            max(0.0, f.end - f.start - rule.keep)
            for f in row.firings
            if f.end is not None and not any(i.near(f) for i in incidents)
        ]
        ended = [seconds for seconds in lasted if seconds <= within]
        if ended:
            longest = max(ended)
            out.append(
                Short(
                    alert=row.alert,
                    severity=row.severity,
                    subject=row.subject,
                    short=len(ended),
                    fired=len(row.firings),
                    longest=longest,
                    hold=rule.hold,
                    enough=math.ceil((rule.hold + longest + rule.interval) / _MINUTE) * _MINUTE,
                )
            )
    return tuple(sorted(out, key=lambda s: (-s.short, -s.fired, s.alert, s.severity, s.subject)))


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
            name(s.subject) if s.subject else "",
            f"{s.short:,} of {s.fired:,}",
            length(s.longest),
            length(s.hold),
            length(s.enough),
        )
        for s in found
    )
    columns = ("alert", "severity", "subject", ">by themselves", ">went on at most", ">hold now", ">hold without them")
    only = [s for s in found if s.short == s.fired]
    return Section(
        title=title,
        lead=f"{counted(sum(s.short for s in found), 'alert')} of {counted(len(found), 'pair')} of alert and "
        f"subject were over within {length(within)}{outside}: nobody can have ended them.",
        tables=(Table(columns=columns, rows=rows),),
        notes=(
            "" if incidents else "Incidents were not given; with `--incidents FILE` alerts in their time are left out.",
        ),
        decide="For each line: the hold of the last column, a higher level, or neither, if to know was worth the "
        "interruption. A longer hold also tells real trouble later, by the difference."
        + (f" {counted(len(only), 'line')} never did anything else; begin there." if only else ""),
        task="a longer hold or a higher level for "
        + ", ".join(name(s.alert) for s in {s.alert: s for s in found}.values())
        if len({s.alert for s in found}) <= 5
        else f"a longer hold or a higher level for {len({s.alert for s in found})} alerts",
    )
