"""How much the alerts said: to whom, of which service, and when it was worst."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from attrs import frozen

from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import day, length
from asynq_mon_codegen.review.production import Production
from asynq_mon_codegen.review.section import Section, Table, counted, name, share

__all__ = ["Summary", "section", "summary"]

_WEEK = 7 * 86_400
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@frozen(kw_only=True)
class Owner:
    """A service with its team, and how often its alerts fired by severity."""

    service: str
    team: str
    fired: Mapping[str, int]


@frozen(kw_only=True)
class Summary:
    """Counts over the whole period; ``a_week`` are messages, ``receivers`` how many each got.

    ``day`` and ``hour`` are the worst ones with their messages: a date, and an hour of the week in UTC.
    """

    weeks: float
    fired: int
    messages: int
    a_week: float
    receivers: Mapping[str, int]
    owners: tuple[Owner, ...]
    day: tuple[str, int] | None
    hour: tuple[str, int] | None
    incidents: tuple[int, int] | None = None
    false_alarms: int = 0
    slowest: float | None = None


def summary(judged: Judged) -> Summary:
    """What a replay comes to."""
    days = Counter(day(n.at) for n in judged.notifications)
    hours = Counter(_hour(n.at) for n in judged.notifications)
    score = judged.score
    delays = [v.delay for v in score.verdicts if v.delay is not None] if score else []
    return Summary(
        weeks=judged.weeks,
        fired=judged.fired,
        messages=len(judged.notifications),
        a_week=judged.a_week,
        receivers=judged.by_receiver(),
        owners=_owners(judged),
        day=_most(days),
        hour=_most(hours),
        incidents=(len(delays), len(score.verdicts)) if score else None,
        false_alarms=len(score.false_alarms) if score else 0,
        slowest=max(delays, default=None),
    )


def section(found: Summary, before: Judged | None, production: Production) -> Section:
    """The first section."""
    tables = []
    if found.receivers:
        rows = tuple(
            (name(to), f"{count:,}", f"{count / found.weeks:,.1f}", share(count, found.messages))
            for to, count in found.receivers.items()
        )
        tables.append(Table(columns=("receiver", ">notifications", ">a week", ">share"), rows=rows))
    if any(o.service or o.team for o in found.owners):
        severities = ("critical", "warning", "info")
        owners = tuple(
            (name(o.service or "?"), name(o.team) if o.team else "", *(f"{o.fired.get(s, 0):,}" for s in severities))
            for o in found.owners
        )
        tables.append(Table(columns=("service", "team", *(f">{s}" for s in severities)), rows=owners))
    return Section(
        title="Summary",
        lead=f"With today's declaration alerts fire {counted(found.fired, 'time')} in this period and send "
        f"{counted(found.messages, 'notification')}, {found.a_week:,.1f} a week"
        + (f" (extrapolated from {length(found.weeks * _WEEK)})." if found.weeks < 1 else "."),
        tables=tuple(tables),
        notes=tuple(_notes(found, before, production)),
        decide="How many notifications a week each receiver should get at most. A person on call can act on one or "
        "two a shift; what is beyond that is found in the next two sections.",
        task="how many notifications a week are acceptable, by receiver",
    )


def _notes(found: Summary, before: Judged | None, production: Production) -> list[str]:
    out = []
    if found.day is not None and found.hour is not None:
        out.append(
            f"The worst day was {_weekday(found.day[0])} {found.day[0]} with "
            f"{counted(found.day[1], 'notification')}; the worst hour of the week is {found.hour[0]} UTC with "
            f"{found.hour[1]:,}."
        )
    if found.incidents is not None:
        told, known = found.incidents
        slow = "" if found.slowest is None else f", the slowest after {length(found.slowest)}"
        out.append(
            f"Of {counted(known, 'known incident')} {told} were told{slow}; {counted(found.false_alarms, 'alert')} of "
            "severity warning or critical fired outside of any."
        )
    if before is not None:
        out.append(
            f"The rules compared with fire {counted(before.fired, 'time')} and send "
            f"{counted(len(before.notifications), 'notification')}, {before.a_week:,.1f} a week."
        )
    if production.known:
        often = counted(len(production.firings), "time")
        step = f" (looked at every {length(production.step)}: there were too many)" if production.coarse else ""
        out.append(f"In production, by the server's own series `ALERTS`, alerts fired {often}{step}.")
    else:
        out.append(
            "What fired in production is not known: the server keeps no series `ALERTS`, so somebody else evaluates "
            "the rules. Columns about production are left out."
        )
    return out


def _owners(judged: Judged) -> tuple[Owner, ...]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in judged.rows:
        for firing in row.firings:
            key = (firing.label("service"), firing.label("team"))
            found.setdefault(key, Counter())[row.severity] += 1
    loudest = sorted(found.items(), key=lambda one: (-one[1].total(), one[0]))
    return tuple(Owner(service=s, team=t, fired=dict(sorted(count.items()))) for (s, t), count in loudest)


def _most(found: Counter[str]) -> tuple[str, int] | None:
    return max(found.items(), key=lambda one: one[1], default=None)  # the earliest of the worst


def _hour(at: float) -> str:
    here = dt.datetime.fromtimestamp(at, dt.UTC)
    return f"{_WEEKDAYS[here.weekday()]} {here.hour:02}:00 to {(here.hour + 1) % 24:02}:00"


def _weekday(date: str) -> str:
    return _WEEKDAYS[dt.date.fromisoformat(date).weekday()]
