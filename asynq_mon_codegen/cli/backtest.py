"""``asynq-mon backtest``."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import click

from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.cli.history import (
    Declared,
    against_option,
    console,
    declared_rules,
    deployed_rules,
    history_options,
    incidents_option,
    progress,
    span_of,
    work_folder,
)
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError, did_you_mean


@click.command()
@config_option
@connection_options("prometheus", required=("prometheus",))
@history_options
@against_option
@incidents_option
@click.option("--alert", "alerts", multiple=True, metavar="NAME", help="Only this alert; may be repeated.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page with timelines.")
@json_option
@told
def backtest(
    config: Path | None,
    prometheus: Connection,
    length: str,
    end: str | None,
    work: Path | None,
    fresh: bool,
    against: str | None,
    incidents: Path | None,
    alerts: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> None:
    """Tell what the rules would have done on real history: what fired, for how long, and who was told.

    The history that the rules read is copied from the server; a Prometheus and promtool on this machine evaluate the
    rules over it, with everything that they record and with their hold times. The copy is kept: an interrupted run
    goes on where it ended. incidents.yaml is a list of entries with from, to, queue, threat and name.
    """
    from asynq_mon_codegen.backtest.data import as_data, history_data
    from asynq_mon_codegen.backtest.incidents import read_incidents
    from asynq_mon_codegen.backtest.notifications import Notifier
    from asynq_mon_codegen.backtest.summary import judged
    from asynq_mon_codegen.backtest.told import notes_on, notes_on_incidents, tell
    from asynq_mon_codegen.engine.replay import open_history, replayed
    from asynq_mon_codegen.files import replace_file
    from asynq_mon_codegen.prometheus_api import Prometheus

    span = span_of(length, end)
    if html is not None and not os.access(html.parent, os.W_OK):  # before the work
        raise UsageError(f"--html {html}: the folder is not there, or not to be written to", "name another file")
    known = None if incidents is None else read_incidents(incidents)
    sides = [_chosen(declared_rules(config), alerts)]
    if against is not None:
        sides.append(_chosen(deployed_rules(against), alerts, missing_ok=True))
    notifiers = [Notifier.of(side.place, side.alertmanager) for side in sides]
    step = min(side.rules.step for side in sides)
    folder = work_folder(work, prometheus, step, fresh=fresh)
    with progress(quiet=as_json) as tell_progress:
        with Prometheus(prometheus) as server:
            history = open_history(server, [s.rules for s in sides], span.start, span.end, folder, tell_progress)
            queues = functools.partial(server.label_values, "queue", "asynq_queue_size", start=span.start, end=span.end)
            notes = [*notes_on(history, server.warnings), *notes_on_incidents(known or (), history, queues)]
        replays = [replayed(history, side.rules, tell_progress) for side in sides]
    found = [judged(replay, notifier, known) for replay, notifier in zip(replays, notifiers, strict=True)]
    now, before = found[0], found[1] if against is not None else None

    if html is not None:
        from asynq_mon_codegen.backtest.page import page

        replace_file(html, page(now, before, title=f"Backtest of {sides[0].place}", notes=notes))
    if as_json:
        deployed = {} if before is None else {"against": as_data(before)}
        print_json({"history": history_data(history), "notes": notes, **as_data(now), **deployed})
        return
    for note in notes:
        click.echo(note, err=True)
    tell(console(), now, before)
    if html is not None:
        click.echo(f"timelines: {html}")


def _chosen(side: Declared, alerts: tuple[str, ...], *, missing_ok: bool = False) -> Declared:
    if not alerts:
        return side
    names = {r.name for r in side.rules.alerts}
    for name in alerts:
        if name not in names and not missing_ok:
            raise UsageError(f"{side.place}: there is no alert {name!r}", did_you_mean(name, names))
    return Declared(rules=side.rules.only(alerts), alertmanager=side.alertmanager, place=side.place)
