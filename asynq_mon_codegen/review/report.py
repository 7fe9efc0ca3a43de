"""The whole report: what was found, as Markdown, as data and in five lines."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

from attrs import asdict, frozen

from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import day, length, moment, stamp
from asynq_mon_codegen.diff.markdown import code
from asynq_mon_codegen.diff.sentences import clean
from asynq_mon_codegen.review import levels, noisy, queues, runbooks, short, silent, summary
from asynq_mon_codegen.review.production import Production
from asynq_mon_codegen.review.proposals import Proposals
from asynq_mon_codegen.review.section import Section, counted
from asynq_mon_codegen.templating import environment

__all__ = ["Review", "brief", "data_of", "markdown_of", "marker"]

_WHOLE = 0.02
"""By so much of the wanted time the history may be shorter without a word about it."""


@frozen(kw_only=True)
class Review:
    """Everything that was found from ``start`` to ``end``, of ``wanted`` seconds before it; times in Unix seconds.

    ``within`` is in seconds what counts as resolved by itself; ``place`` is the declaration, ``base`` what it is
    compared with.
    """

    place: str
    base: str
    start: float
    end: float
    wanted: float
    within: float
    notes: tuple[str, ...]
    before: Judged | None
    production: Production
    summary: summary.Summary
    noisy: tuple[noisy.Noisy, ...]
    short: tuple[short.Short, ...]
    silent: silent.Silent
    levels: tuple[levels.Seen, ...]
    queues: queues.Queues
    runbooks: runbooks.Runbooks

    @property
    def partial(self) -> bool:
        """Whether there was less history than wanted."""
        return self.end - self.start < self.wanted * (1 - _WHOLE)

    @property
    def sections(self) -> tuple[Section, ...]:
        """In the order of the meeting."""
        return (
            summary.section(self.summary, self.before, self.production),
            noisy.section(self.noisy),
            short.section(self.short, self.within, incidents=self.summary.incidents is not None),
            silent.section(self.silent),
            levels.section(self.levels),
            queues.section(self.queues),
            runbooks.section(self.runbooks),
        )


def marker(date: str) -> str:
    """The first line of a review of this day: by it a review is known from a file of somebody's own."""
    return f"<!-- asynq-mon review {date} -->"


def markdown_of(review: Review, proposals: Proposals | None = None) -> str:
    """The report, with a section for proposals where they were asked for."""
    date, sections = day(review.end), review.sections
    tasks = [f"{i}. {s.title}: {s.task}" for i, s in enumerate(sections, 1) if s.task]
    if proposals is not None and proposals.each:
        tasks.append(f"{len(sections) + 1}. Proposals: which of {len(proposals.each)} are taken")
    return (
        environment()
        .get_template("review/report.md.j2")
        .render(
            marker=marker(date),
            date=date,
            period=_period(review),
            notes=[*_partial(review), *review.notes],
            sections=sections,
            proposals=proposals,
            tasks=tasks,
        )
    )


def data_of(review: Review, proposals: Proposals | None = None) -> dict[str, Any]:
    """Everything for a script; times in RFC 3339, lengths in seconds."""
    parts = {key: _data(getattr(review, key)) for key in ("summary", "noisy", "short", "silent", "queues", "runbooks")}
    return {
        "date": day(review.end),
        "from": stamp(review.start),
        "to": stamp(review.end),
        "wanted_seconds": review.wanted,
        "partial": review.partial,
        "notes": list(review.notes),
        "production": {"known": review.production.known, "fired": len(review.production.firings)},
        **parts,
        "levels": [{**_data(s), "far": s.far, "close": s.close} for s in review.levels],
        "proposals": [] if proposals is None else list(proposals.each),
    }


def brief(review: Review, proposals: Proposals | None = None) -> tuple[str, ...]:
    """The report in five lines for a terminal."""
    loudest = next(iter(review.noisy), None)
    far, close = (sum(getattr(s, key) for s in review.levels) for key in ("far", "close"))
    old = "unknown" if review.runbooks.why else f"{len(review.runbooks.untouched):,}"
    noisiest = "nobody was notified" if loudest is None else f"{loudest.alert} {loudest.subject}".strip()
    count = "" if loudest is None else f": {counted(loudest.messages, 'notification')}"
    found = review.summary
    fired, sent = counted(found.fired, "alert"), counted(found.messages, "notification")
    proposed = f"proposals: {len(proposals.each):,}" if proposals is not None else "proposals: not asked for"
    blind = counted(sum(len(b.alerts) for b in review.silent.blind), "blind alert")
    strangers = f"queues nobody declared: {len(review.queues.strangers):,}"
    return (
        f"{moment(review.start)} to {moment(review.end)} UTC: {fired} fired, {sent} ({found.a_week:,.1f} a week)",
        f"noisiest: {clean(noisiest)}{count}; over by themselves: {sum(s.short for s in review.short):,}",
        f"never fired: {blind}, {counted(len(review.silent.missed), 'near miss')}",
        f"levels: {far:,} that nothing came near, {close:,} about to be reached",
        f"{strangers}; runbooks older than a year: {old}; {proposed}",
    )


def _period(review: Review) -> str:
    compared = f", compared with {code(review.base)}" if review.base else ""
    return (
        f"{moment(review.start)} to {moment(review.end)} UTC ({length(review.end - review.start)}), the rules of "
        f"{code(review.place)}{compared} over the history of Prometheus."
    )


def _partial(review: Review) -> list[str]:
    if not review.partial:
        return []
    there = length(review.end - review.start)
    said = f"Partial history: {length(review.wanted)} were asked for, and there are {there}."
    return [f"{said} Numbers by the week count only what there is; what never fired had less time to do so."]


def _data(value: object) -> Any:
    if isinstance(value, tuple):
        return [_data(one) for one in value]
    return asdict(value, value_serializer=_plain)  # type: ignore[arg-type]


def _plain(_instance: object, _field: object, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name.lower()
    return None if isinstance(value, float) and not math.isfinite(value) else value
