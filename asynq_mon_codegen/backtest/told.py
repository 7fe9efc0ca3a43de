"""A backtest on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from asynq_mon_codegen.backtest.compared import Pair, pairs
from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import length, moment
from asynq_mon_codegen.engine.history import Extent
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.errors import UsageError, did_you_mean

__all__ = ["notes_on", "notes_on_incidents", "tell"]

_COLOURS = {"critical": "red", "warning": "yellow", "info": "blue"}
_SHOWN_GAPS = 3
_SHOWN_UNSEEN = 5


def notes_on(history: History, warnings: Iterable[str] = ()) -> Iterator[str]:
    """What is not whole in the history, in sentences; ``warnings`` are those of the server that it came from.

    Raises:
        UsageError: there is none at all.
    """
    if history.extents and not any(history.extents.values()):
        raise UsageError(
            f"the server has nothing that the rules read, {moment(history.start)} to {moment(history.end)} UTC",
            "another --range, --end or --tenant? asynq-mon doctor --prometheus URL says what is missing",
        )
    late: dict[float, list[str]] = {}
    over: dict[float, list[str]] = {}
    for name, extent in history.extents.items():
        if extent is None:
            continue
        # as coarse as extents are
        vague = max(600.0, (history.end - history.since[name]) / 50)
        if extent.last < history.end - vague:
            over.setdefault(round(extent.last / 600) * 600, []).append(name)
        if extent.first > history.since[name] + vague:
            late.setdefault(round(extent.first / 3600) * 3600, []).append(name)
    for first, names in sorted(late.items()):
        needed = min(history.since[name] for name in names)
        begin = "begins" if len(names) == 1 else "begin"
        yield (
            f"Partial history: {_some(names)} {begin} {moment(first)} UTC, the rules look back to {moment(needed)}; "
            "what is learnt from longer ago is not known."
        )
    for last, names in sorted(over.items()):
        yield f"Partial history: nothing of {_some(names)} after {moment(last)} UTC."
    for (a, b), names in _gaps(history.extents).items():
        yield f"A gap: nothing of {_some(names)} from {moment(a)} to {moment(b)} UTC ({length(b - a)})."
    yield from (f"The server warned: {warning}" for warning in warnings)


def notes_on_incidents(
    incidents: Iterable[Incident], history: History, queues: Callable[[], Iterable[str]]
) -> Iterator[str]:
    """Which incidents cannot have been told of by this history; ``queues`` are those that are in it."""
    known = tuple(incidents)
    outside = [i for i in known if not i.within(history.start, history.end)]
    if outside:
        titles = ", ".join(f"{i.title} ({moment(i.start)})" for i in outside[:_SHOWN_GAPS])
        more = f" and {len(outside) - _SHOWN_GAPS} more" if len(outside) > _SHOWN_GAPS else ""
        yield f"Not counted, for they did not begin in this time: {titles}{more}."
    wanted = dict.fromkeys(i.queue for i in known if i.queue and i not in outside)
    there = set(queues()) if wanted else set()
    for queue in wanted:
        if queue not in there:
            yield f"An incident names the queue {queue!r}, which is not in the history: {did_you_mean(queue, there)}"


def tell(console: Console, now: Judged, before: Judged | None) -> None:
    """The table, and what else a reader wants to know first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("alert", "severity", "subject"):
        table.add_column(name, overflow="fold")
    for name in ("fired", "flaps", "in all", "longest", "notified"):
        table.add_column(name, justify="right", no_wrap=True)
    if before is not None:
        table.add_column("deployed", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
    for pair in pairs(now, before):
        table.add_row(*_cells(pair, now.replay.end, compared=before is not None))
    if table.row_count:
        console.print(table)
    else:
        console.print("No alert fired.")
    console.print()
    start, end = now.replay.start, now.replay.end
    span = f"{moment(start)} to {moment(end)} UTC, {length(end - start)}"
    console.print(f"{span}: {now.fired} firing alerts, {_told(now)}")
    if before is not None:
        console.print(f"deployed: {before.fired} firing alerts, {_told(before)}")
    for label, one in (("", now), ("deployed: ", before)):
        if one is not None and one.score is not None:
            console.print(f"{label}{_scored(one)}")
    if now.score is not None:
        for v in now.score.verdicts:
            how = "[red]not told[/red]" if v.delay is None else f"after {length(v.delay)} by {', '.join(v.alerts)}"
            console.print(f"  {moment(v.incident.start)}  {escape(v.incident.title)}: {how}")
    unseen = now.replay.unseen
    for alert, names in list(unseen.items())[:_SHOWN_UNSEEN]:
        console.print(f"{alert} may be silent only because there is no history of {_some(list(names))}")
    if len(unseen) > _SHOWN_UNSEEN:
        console.print(f"and so may {len(unseen) - _SHOWN_UNSEEN} more alerts, which --html and --json name")


def _told(one: Judged) -> str:
    receivers = ", ".join(f"{count} to {escape(name)}" for name, count in one.by_receiver().items())
    return f"{len(one.notifications)} notifications ({one.a_week:.1f} a week{': ' if receivers else ''}{receivers})"


def _scored(one: Judged) -> str:
    score = one.score
    if score is None:
        return ""
    told = [v.delay for v in score.verdicts if v.delay is not None]
    slowest = f", the slowest after {length(max(told))}" if told else ""
    return (
        f"incidents told: {len(told)} of {len(score.verdicts)}{slowest}; "
        f"alerts outside of incidents: {len(score.false_alarms)}"
    )


def _cells(pair: Pair, end: float, *, compared: bool) -> tuple[str, ...]:
    row, now = pair.row, pair.now
    colour = _COLOURS.get(row.severity, "white")
    numbers = (
        (
            str(len(now.firings)),
            str(now.flaps),
            length(now.total(end)),
            length(now.longest(end)),
            str(now.notifications),
        )
        if now is not None
        else ("0", "", "", "", "0")
    )
    own = (escape(row.alert), f"[{colour}]{escape(row.severity)}[/{colour}]", escape(row.subject), *numbers)
    return (*own, str(len(pair.before.firings)) if pair.before else "0", pair.change) if compared else own


def _gaps(extents: object) -> dict[tuple[float, float], list[str]]:
    """The longest gaps with the names that share them, to the nearest ten minutes."""
    found: dict[tuple[float, float], list[str]] = {}
    known: dict[str, Extent | None] = dict(extents)  # type: ignore[call-overload]
    for name, extent in known.items():
        for a, b in extent.gaps if extent is not None else ():
            found.setdefault((round(a / 600) * 600, round(b / 600) * 600), []).append(name)
    longest = sorted((span for span in found if span[1] - span[0] >= 600), key=lambda s: s[0] - s[1])[:_SHOWN_GAPS]
    return {span: found[span] for span in sorted(longest)}


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more series"
