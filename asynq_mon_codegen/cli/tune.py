"""``asynq-mon tune``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asynq_mon_codegen.build import declaration_path, declared
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.cli.history import (
    console,
    declared_rules,
    history_options,
    incidents_option,
    progress,
    span_of,
    work_folder,
)
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError

if TYPE_CHECKING:
    from asynq_mon_codegen.backtest.incidents import Incident
    from asynq_mon_codegen.tune.changes import Change
    from asynq_mon_codegen.tune.proposal import Tuning


@click.command()
@config_option
@connection_options("prometheus", required=("prometheus",))
@history_options
@click.option(
    "--per-week",
    "wanted",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How many notifications a week there should be at most, all receivers together.",
)
@incidents_option
@click.option("--alert", "alerts", multiple=True, metavar="NAME", help="Change only this alert; may be repeated.")
@click.option("--write", is_flag=True, help="Write the changes into the declaration.")
@json_option
@told
def tune(
    config: Path | None,
    prometheus: Connection,
    length: str,
    end: str | None,
    work: Path | None,
    fresh: bool,
    wanted: float,
    incidents: Path | None,
    alerts: tuple[str, ...],
    write: bool,
    as_json: bool,
) -> None:
    """Propose thresholds, holds and floors for a wanted number of notifications a week.

    Each proposal is tried by Prometheus on the history that `asynq-mon backtest` looks at, and says what it would have
    caught and missed; with incidents none is made that leaves one of them untold. The change is shown as a diff of the
    declaration. Only --write writes it.
    """
    from asynq_mon_codegen.backtest.incidents import read_incidents
    from asynq_mon_codegen.backtest.notifications import Notifier
    from asynq_mon_codegen.backtest.told import notes_on
    from asynq_mon_codegen.engine.replay import open_history
    from asynq_mon_codegen.prometheus_api import Prometheus
    from asynq_mon_codegen.tune.search import tuned
    from asynq_mon_codegen.tune.told import tuning_data

    span = span_of(length, end)
    known = None if incidents is None else read_incidents(incidents)
    path = declaration_path(config)
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "tune one service at a time: --config FOLDER/SERVICE.py")
    side = declared_rules(config)
    monitoring = declared(path, alone=True)
    for name in alerts:
        monitoring.alerts[name]
    notifier = Notifier.of(side.place, side.alertmanager)
    folder = work_folder(work, prometheus, side.rules.step, fresh=fresh)
    with progress(quiet=as_json) as bar:
        with Prometheus(prometheus) as server:
            history = open_history(server, [side.rules], span.start, span.end, folder, bar)
            notes = list(notes_on(history, server.warnings))
        found = tuned(monitoring, history, notifier, known, wanted, bar, alerts)
    changes = [p.change for p in found.proposals]
    diff, left = _edit(path, changes, write=write) if changes else ("", ())
    if as_json:
        by_hand = [{"change": repr(change), "reason": reason, "snippet": text} for change, reason, text in left]
        more = {"diff": diff, "by_hand": by_hand, "written": write and bool(diff)}
        print_json({"notes": notes, **tuning_data(found), **more})
        return
    for note in notes:
        click.echo(note, err=True)
    _tell(found, known or ())
    for _change, reason, snippet in left:
        click.echo(f"\nto be changed by hand ({reason}):\n{snippet}")
    if diff:
        click.echo("\n" + _coloured(diff))
        click.echo(f"{path} is written: run asynq-mon generate" if write else "nothing is written: --write writes it")


def _edit(path: Path, changes: Sequence[Change], *, write: bool) -> tuple[str, tuple[tuple[Change, str, str], ...]]:
    """The unified diff of the declaration, and what cannot be edited."""
    from asynq_mon_codegen.files import replace_file
    from asynq_mon_codegen.tune.edit import edited
    from asynq_mon_codegen.tune.effect import holds, verified
    from asynq_mon_codegen.tune.style import line_length_for

    if path == declaration_path(None) and path.is_absolute():
        raise UsageError(
            "there is no declaration to change: the built-in one is in use",
            "write one with asynq-mon init, then run this again",
        )
    old = path.read_bytes().decode("utf-8")
    made = edited(old, changes, line_length=line_length_for(path))
    if made.text != old:
        if holds(verified(path, made.text), made.done):
            raise UsageError(f"{path}: the edited declaration would not say what was proposed", "change it by hand")
        if write:
            replace_file(path, made.text)
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), made.text.splitlines(keepends=True), str(path), f"{path} (tuned)"
    )
    return "".join(lines), made.left


def _tell(found: Tuning, incidents: Sequence[Incident]) -> None:
    from rich.markup import escape

    from asynq_mon_codegen.tune.told import headline, lines

    out = console()
    for proposal in found.proposals:
        out.print(f"[bold]{escape(headline(proposal))}[/bold]")
        for line in lines(proposal, incidents, found.before.replay.end):
            out.print(f"  {escape(line)}")
    before, after = found.before.a_week, found.after.a_week
    if not found.proposals:
        word = "nothing needs to change" if before <= found.wanted else "nothing was found that would help"
        out.print(f"{before:.1f} notifications a week, {found.wanted:g} wanted: {word}")
        return
    out.print(f"{before:.1f} notifications a week before, {after:.1f} after, {found.wanted:g} wanted")
    if after > found.wanted:
        rest = [r for r in sorted(found.after.rows, key=lambda r: -r.notifications) if r.notifications][:5]
        names = ", ".join(f"{r.alert} {r.severity} {r.subject} ({r.notifications})".replace("  ", " ") for r in rest)
        out.print(f"what is left comes from {escape(names)}")


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(click.style(line, fg=colours.get(line[:1])) for line in diff.splitlines(keepends=True))
