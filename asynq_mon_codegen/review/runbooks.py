"""Runbooks that nobody has touched for a year, by the history of their files."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.artifact import HEADER
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.backtest.words import day
from asynq_mon_codegen.diff.git import last_changed
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.plan.links import runbook_path
from asynq_mon_codegen.review.section import Section, Table, counted, name, names

__all__ = ["Runbooks", "Untouched", "runbooks", "section"]

_YEAR = 365 * 86_400.0
_FOLDER = "runbooks"


@frozen(kw_only=True)
class Untouched:
    """A runbook whose text is older than a year: when it was last changed, and how often its alert fired.

    That counts the period of the review only.
    """

    alert: str
    path: str
    changed: float
    fired: int


@frozen(kw_only=True)
class Runbooks:
    """``why`` says why nothing can be told; ``missing`` are paths without a file, ``uncommitted`` without a commit."""

    known: int = 0
    untouched: tuple[Untouched, ...] = ()
    missing: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    why: str = ""


def runbooks(plan: Plan, folder: Path, judged: Judged, now: float) -> Runbooks:
    """The runbooks of a declaration, whose generated files lie in ``folder``."""
    paths = {runbook_path(a.alert): a.name for a in plan.alerts}
    missing = tuple(path for path in paths if not (folder / path).is_file())
    try:
        changed = last_changed(folder, _FOLDER, lambda line: bool(line.strip()) and HEADER not in line)
    except UsageError as error:
        return Runbooks(missing=missing, why=error.message)
    fired = {alert: sum(len(r.firings) for r in judged.rows if r.alert == alert) for alert in paths.values()}
    there = {path: alert for path, alert in paths.items() if path not in missing}
    old = [
        Untouched(alert=alert, path=path, changed=changed[path], fired=fired[alert])
        for path, alert in there.items()
        if path in changed and now - changed[path] > _YEAR
    ]
    return Runbooks(
        known=sum(path in changed for path in there),
        untouched=tuple(sorted(old, key=lambda u: (-u.fired, u.changed, u.alert))),
        missing=missing,
        uncommitted=tuple(path for path in there if path not in changed),
    )


def section(found: Runbooks) -> Section:
    """The seventh section."""
    title = "Runbooks not touched for a year"
    notes = []
    if found.missing:
        notes.append(
            f"{counted(len(found.missing), 'runbook')} not in the folder of generated files: "
            f"{names(found.missing, 3)}. `asynq-mon generate` writes them; `--generated FOLDER` says where they are."
        )
    if found.uncommitted:
        notes.append(f"Not committed yet: {names(found.uncommitted, 3)}.")
    if found.why:
        return Section(
            title=title, lead=f"When runbooks were changed cannot be told: {name(found.why)}.", notes=tuple(notes)
        )
    if not found.untouched:
        lead = f"All {found.known:,} committed runbooks were changed within the last year." if found.known else ""
        return Section(title=title, lead=lead or "There is no committed runbook.", notes=tuple(notes))
    notes.append(
        "A new level or hold in the declaration changes the runbook too: a young date does not say that its prose was "
        "read."
    )
    rows = tuple((name(u.alert), name(u.path), day(u.changed), f"{u.fired:,}") for u in found.untouched)
    used = sum(1 for u in found.untouched if u.fired)
    return Section(
        title=title,
        lead=f"{len(found.untouched):,} of {counted(found.known, 'runbook')} were last changed more than a year ago; "
        f"{used:,} of these belong to alerts that fired in this period.",
        tables=(Table(columns=("alert", "runbook", "changed", ">fired"), rows=rows),),
        notes=tuple(notes),
        decide="Who reads each of those that fired beside its last incident, and corrects what was not so. The others "
        "are read when their alert is tried.",
        task=f"a reader for {counted(len(found.untouched), 'old runbook')}",
    )
