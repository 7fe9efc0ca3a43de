"""``asynq-mon review``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.cli.history import (
    Declared,
    Span,
    against_option,
    declared_rules,
    deployed_rules,
    history_options,
    incidents_option,
    progress,
    span_of,
    work_folder,
)
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.model import Fleet

if TYPE_CHECKING:
    from asynq_mon_codegen.backtest.incidents import Incident
    from asynq_mon_codegen.plan import Plan
    from asynq_mon_codegen.review.proposals import Proposals
    from asynq_mon_codegen.review.report import Review

_STDOUT = Path("-")


@click.command()
@config_option
@connection_options("prometheus", required=("prometheus",))
@functools.partial(history_options, length="90d")
@against_option
@incidents_option
@click.option(
    "--short", "within", default="15m", show_default=True, metavar="DURATION", help="What is over so soon ended itself."
)
@click.option(
    "--per-week",
    type=click.FloatRange(min=0),
    metavar="NUMBER",
    help="Add proposals (as tune makes them) for at most so many notifications a week.",
)
@click.option(
    "--generated",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where the generated files are, whose runbooks git dates.  [default: .]",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="A folder, a file NAME.md, or - to print.  [default: reviews]"
)
@click.option("--stdout", is_flag=True, help="Print the report, like -o -.")
@json_option
@told
def review(
    config: Path | None,
    prometheus: Connection,
    length: str,
    end: str | None,
    work: Path | None,
    fresh: bool,
    against: str | None,
    incidents: Path | None,
    within: str,
    per_week: float | None,
    generated: Path,
    out: Path | None,
    stdout: bool,
    as_json: bool,
) -> None:
    """Write a dated report for the team's regular look at its alerts: each section ends with what to decide.

    The noisiest alerts, those that resolved by themselves or never fired, levels far from what was seen, queues that
    nobody declared, runbooks not touched for a year. It looks at what the rules would have done (as backtest does) and
    at what was really firing (the series ALERTS). The file is named by --end; another day's is never overwritten.
    """
    from asynq_mon_codegen.backtest.incidents import read_incidents
    from asynq_mon_codegen.backtest.words import day
    from asynq_mon_codegen.review.place import place_of, written
    from asynq_mon_codegen.review.report import brief, data_of, markdown_of

    span = span_of(length, end)
    known = None if incidents is None else read_incidents(incidents)
    printed = stdout or out == _STDOUT
    if not printed and not as_json:
        place_of(out, day(span.end))  # before the work
    seconds = _seconds(within)
    sides = [declared_rules(config), *([] if against is None else [deployed_rules(against)])]
    folder = work_folder(work, prometheus, min(side.rules.step for side in sides), fresh=fresh)
    plan = open_declaration(declaration_path(config))
    if per_week is not None and isinstance(plan.monitoring, Fleet):
        raise UsageError("--per-week is for the declaration of one service", "asynq-mon tune -c FOLDER/SERVICE.py")
    asked = _Asked(sides, plan, span, known, generated, seconds, per_week)
    found, proposals = _found(asked, prometheus, folder, quiet=as_json)
    if as_json:
        print_json(data_of(found, proposals))
    elif printed:
        click.echo(markdown_of(found, proposals), nl=False)
    else:
        path = place_of(out, day(found.end))
        written(path, markdown_of(found, proposals))
        click.echo(str(path))
        for line in brief(found, proposals):
            click.echo(f"  {line}")


@frozen
class _Asked:
    sides: list[Declared]
    plan: Plan
    span: Span
    incidents: tuple[Incident, ...] | None
    generated: Path
    within: float
    per_week: float | None


def _found(asked: _Asked, connection: Connection, folder: Path, *, quiet: bool) -> tuple[Review, Proposals | None]:
    from asynq_mon_codegen.backtest.notifications import Notifier
    from asynq_mon_codegen.backtest.summary import judged
    from asynq_mon_codegen.backtest.told import notes_on, notes_on_incidents
    from asynq_mon_codegen.engine.replay import open_history, replayed
    from asynq_mon_codegen.prometheus_api import Prometheus
    from asynq_mon_codegen.review.collect import collected
    from asynq_mon_codegen.review.period import of_what_there_is
    from asynq_mon_codegen.review.proposals import proposals
    from asynq_mon_codegen.tune.search import tuned

    sides, plan, span, incidents = asked.sides, asked.plan, asked.span, asked.incidents
    notifiers = [Notifier.of(side.place, side.alertmanager) for side in sides]
    with progress(quiet=quiet) as tell, Prometheus(connection) as server:
        copied = open_history(server, [s.rules for s in sides], span.start, span.end, folder, tell)
        history = of_what_there_is(copied)
        queues = functools.partial(server.label_values, "queue", "asynq_queue_size", start=span.start, end=span.end)
        about_incidents = [*notes_on_incidents(incidents or (), history, queues)]
        replays = [replayed(history, side.rules, tell) for side in sides]
        pairs = zip(replays, notifiers, strict=True)
        now, *before = [judged(replay, notifier, incidents) for replay, notifier in pairs]
        found = collected(
            plan=plan,
            place=sides[0].place,
            base=sides[1].place if before else "",
            server=server,
            history=history,
            now=now,
            before=before[0] if before else None,
            wanted=span.end - span.start,
            end=span.end,
            within=asked.within,
            incidents=incidents or (),
            generated=asked.generated,
            notes=(*notes_on(copied, server.warnings), *about_incidents),
            progress=tell,
        )
        if asked.per_week is None:
            return found, None
        tuning = tuned(plan.monitoring, history, notifiers[0], incidents, asked.per_week, tell)
        return found, proposals(tuning, incidents or ())


def _seconds(text: str) -> float:
    try:
        return duration(text, "--short").seconds
    except DeclarationError as error:
        raise UsageError(f"--short: {error.message}", error.hint) from None
