"""The pairs of alert and subject that people heard most of."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.backtest.compared import pairs
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.review.production import Production
from asynq_mon_codegen.review.section import Section, Table, counted, name, names, share

__all__ = ["Noisy", "noisy", "section"]

_NAMED = 3


@frozen(kw_only=True)
class Noisy:
    """An alert of one severity about one subject: ``share`` is its part of what all alerts said.

    ``queue`` is empty where it is about something else.

    ``production`` and ``before`` are how often it really fired, and would with the rules compared with; None where
    that is not known. ``false_alarms`` fired outside of any incident, None where none are known.
    """

    alert: str
    severity: str
    subject: str
    queue: str
    messages: int
    share: float
    fired: int
    flaps: int
    false_alarms: int | None
    production: int | None
    before: int | None


def noisy(judged: Judged, before: Judged | None, production: Production) -> tuple[Noisy, ...]:
    """All that notified anybody, the noisiest first."""
    total = sum(row.notifications for row in judged.rows) or 1
    old = {p.now: p.before for p in pairs(judged, before) if p.now is not None}
    found = (
        Noisy(
            alert=row.alert,
            severity=row.severity,
            subject=row.subject,
            queue=row.firings[0].label("queue"),
            messages=row.notifications,
            share=round(row.notifications / total, 4),
            fired=len(row.firings),
            flaps=row.flaps,
            false_alarms=None if judged.score is None else row.false_alarms,
            production=production.fired_as(row) if production.known else None,
            before=None if before is None else len(was.firings) if (was := old[row]) is not None else 0,
        )
        for row in judged.rows
        if row.notifications
    )
    return tuple(sorted(found, key=lambda n: (-n.messages, -n.fired, n.alert, n.severity, n.subject)))


def section(found: tuple[Noisy, ...]) -> Section:
    """The second section."""
    title = "Noisiest alerts and queues"
    if not found:
        return Section(title=title, lead="Nobody was notified of anything in this period.")
    columns = ["alert", "severity", "subject", ">notifications", ">share", ">fired", ">flaps"]
    more = [
        (heading, key)
        for heading, key in (
            (">false alarms", "false_alarms"),
            (">in production", "production"),
            (">compared with", "before"),
        )
        if getattr(found[0], key) is not None
    ]
    rows = tuple(
        (
            name(n.alert),
            n.severity,
            name(n.subject) if n.subject else "",
            f"{n.messages:,}",
            share(n.share, 1),
            f"{n.fired:,}",
            f"{n.flaps:,}",
            *(f"{getattr(n, key):,}" for _, key in more),
        )
        for n in found
    )
    loudest = found[:_NAMED]
    part = share(sum(n.share for n in loudest), 1)
    who = "this pair" if len(loudest) == 1 else f"the first {len(loudest)} pairs"
    return Section(
        title=title,
        lead=f"{counted(len(found), 'pair')} of alert and subject notified somebody; {who} of the table made {part} of "
        "all that was said.",
        tables=(Table(columns=(*columns, *(heading for heading, _ in more)), rows=rows), *_by_queue(found)),
        notes=(
            "A message about several alerts counts for each. A flap is an alert that fires again within 30 minutes.",
        ),
        decide="For each line: what somebody did about it. Where that is nothing, raise its level, lengthen its hold "
        "or lower its severity for this subject; where it is the same each time, fix the cause.",
        task="what becomes of " + ", ".join(_about(n) for n in loudest),
    )


def _by_queue(found: tuple[Noisy, ...]) -> Iterator[Table]:
    """The same by queue, where there are several."""
    queues: dict[str, list[Noisy]] = {}
    for one in found:
        queues.setdefault(one.queue, []).append(one)
    loudest = sorted(queues.items(), key=lambda q: (-sum(n.messages for n in q[1]), q[0]))
    if len(loudest) > 1:
        rows = tuple(
            (
                name(queue) if queue else "none",
                f"{sum(n.messages for n in of):,}",
                share(sum(n.share for n in of), 1),
                names(dict.fromkeys(n.alert for n in of), _NAMED),
            )
            for queue, of in loudest
        )
        yield Table(caption="By queue:", columns=("queue", ">notifications", ">share", "of"), rows=rows)


def _about(one: Noisy) -> str:
    return name(one.alert) + (f" of {name(one.subject)}" if one.subject else "")
