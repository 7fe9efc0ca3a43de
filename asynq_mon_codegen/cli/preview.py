"""``asynq-mon preview``."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from asynq_mon_codegen.build import Bundle, build, declaration_path
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, print_problems, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError, did_you_mean
from asynq_mon_codegen.files import explained

if TYPE_CHECKING:
    from asynq_mon_codegen.preview.model import Preview
    from asynq_mon_codegen.preview.report import Report, Written
    from asynq_mon_codegen.preview.source import FromPrometheus
    from asynq_mon_codegen.preview.timerange import Span

_THEMES = {"dark": ("dark",), "light": ("light",), "both": ("dark", "light")}
_ABOUT = "Read from this Prometheus.  [default: the bundled demo recording, through the declaration's own rules]"


@click.command()
@config_option
@click.option(
    "--dashboards", type=click.Path(path_type=Path), metavar="FOLDER", help="JSON files instead of those made."
)
@click.option("--dashboard", "uids", multiple=True, metavar="UID", help="Only this dashboard; may be repeated.")
@connection_options("prometheus", by_environment=False, about=_ABOUT)
@click.option(
    "--from", "start", metavar="TIME", help="now-6h, 2026-01-15T12:00:00Z, ...  [default: the dashboard's own]"
)
@click.option("--to", "end", metavar="TIME", help="The end of the range.  [default: now; the recording's end]")
@click.option(
    "--var", "chosen", multiple=True, metavar="NAME=VALUE", help="Choose a variable's value; may be repeated."
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("preview"), show_default=True, help="Folder."
)
@click.option("--png", is_flag=True, help="Also a picture of each page, by Chromium or Chrome.")
@click.option("--theme", type=click.Choice(list(_THEMES)), default="dark", show_default=True, help="Of the pictures.")
@click.option(
    "--width", type=click.IntRange(320, 7680), default=1600, show_default=True, help="Pixels of the pictures."
)
@click.option(
    "--browser-timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds a picture."
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a panel has no data or an error; logs are not looked at.")
@click.option(
    "--allow-empty",
    multiple=True,
    metavar="TITLE",
    help="With --strict: this panel (or UID/TITLE, with *) may be empty.",
)
@json_option
@told
def preview(
    config: Path | None,
    dashboards: Path | None,
    uids: tuple[str, ...],
    prometheus: Connection | None,
    start: str | None,
    end: str | None,
    chosen: tuple[str, ...],
    out: Path,
    png: bool,
    theme: str,
    width: int,
    browser_timeout: float,
    strict: bool,
    allow_empty: tuple[str, ...],
    as_json: bool,
) -> None:
    """Draw every dashboard without a Grafana: an HTML page each, and with --png a picture.

    The numbers come from a Prometheus, or from a bundled demo recording. A preview is not Grafana's own picture.
    """
    from asynq_mon_codegen.preview.browser import find_browser
    from asynq_mon_codegen.preview.report import Report

    bundle = build(declaration_path(config), ("rules",) if dashboards else ("rules", "dashboards"))
    if bundle.problems:
        print_problems(bundle.problems, bundle.path)
        sys.exit(2)
    program = find_browser() if png else ""
    boards = _boards(bundle, dashboards, uids)
    given = _chosen(chosen, boards)
    with _numbers(bundle, prometheus) as numbers:
        spans = [_span(numbers, board, start, end) for board in boards]
        numbers.source.check()  # pages that hold one error in every panel would help nobody
        read = [_read(numbers, board, given, span) for board, span in zip(boards, spans, strict=True)]
        written = [_write(one, numbers.said, out) for one in read]
    if program:
        written = _photographed(written, program, _THEMES[theme], width, browser_timeout)
    report = Report(written=written, allowed=allow_empty)
    if as_json:
        print_json(report.data())
    else:
        _tell(report)
    failures = list(report.failures()) if strict else []
    for failure in failures:
        click.echo(failure, err=True)
    sys.exit(1 if failures else 0)


@frozen(kw_only=True)
class _Numbers:
    """A source, what is said of it, what "now" is, the range where the dashboards' own does not count."""

    source: FromPrometheus
    said: str
    now: float
    scrape: float
    start: str = ""


@contextmanager
def _numbers(bundle: Bundle, connection: Connection | None) -> Iterator[_Numbers]:
    from asynq_mon_codegen.preview.source import FromPrometheus
    from asynq_mon_codegen.prometheus_api import Prometheus

    if connection is not None:
        scrape = bundle.plan.monitoring.scrape.interval.seconds
        with Prometheus(connection) as server:
            yield _Numbers(source=FromPrometheus(server), said=f"from {server.url}", now=time.time(), scrape=scrape)
        return
    from asynq_mon_codegen.engine.rules import rules_of
    from asynq_mon_codegen.preview.demo import demo_server
    from asynq_mon_codegen.preview.recording import recording

    click.echo("The rules are evaluated over the demo recording, which takes some seconds.", err=True)
    known = recording()
    rules = rules_of({a.path: a.text for a in bundle.artifacts if a.path.startswith("rules/")})
    with (
        tempfile.TemporaryDirectory(prefix="asynq-mon-preview-") as scratch,
        demo_server(known, bundle.plan, rules, Path(scratch)) as server,
    ):
        yield _Numbers(
            source=FromPrometheus(server),
            said="from the demo recording of a made-up deployment",
            now=known.end,
            scrape=known.step,
            start=str(known.shown_from),
        )


def _boards(bundle: Bundle, folder: Path | None, uids: Sequence[str]) -> list[Mapping[str, Any]]:
    from asynq_mon_codegen.preview.boards import board_of, boards_in

    made = (a for a in bundle.artifacts if a.path.startswith("dashboards_out/"))
    found = list(boards_in(folder)) if folder else [board_of(a.path, a.text) for a in made]
    known = [str(board.get("uid")) for board in found]
    for uid in uids:
        if uid not in known:
            raise UsageError(f"--dashboard {uid}: there is no such dashboard", did_you_mean(uid, known))
    return [board for board in found if not uids or board.get("uid") in uids]


def _chosen(pairs: Sequence[str], boards: Sequence[Mapping[str, Any]]) -> Mapping[str, tuple[str, ...]]:
    names = {one["name"] for board in boards for one in board.get("templating", {}).get("list", ())}
    out: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark:
            raise UsageError(f"--var {pair}: there is no value", "write --var queue=emails")
        if name not in names:
            raise UsageError(f"--var {pair}: no dashboard has the variable {name!r}", did_you_mean(name, names))
        out[name] = (*out.get(name, ()), value)
    return out


def _span(numbers: _Numbers, board: Mapping[str, Any], start: str | None, end: str | None) -> Span:
    from asynq_mon_codegen.preview.timerange import span_of

    own = board.get("time") or {}
    return span_of(start or numbers.start or own.get("from") or "now-6h", end or own.get("to") or "now", numbers.now)


def _read(numbers: _Numbers, board: Mapping[str, Any], given: Mapping[str, Sequence[str]], span: Span) -> Preview:
    from asynq_mon_codegen.preview.read import Reader

    return Reader(source=numbers.source, span=span, given=given, scrape=numbers.scrape).read(board)


def _write(preview: Preview, said: str, out: Path) -> Written:
    from asynq_mon_codegen.preview.boards import file_name
    from asynq_mon_codegen.preview.page import page
    from asynq_mon_codegen.preview.report import Written

    path = out / f"{file_name(preview.uid)}.html"
    with explained(path, "its page was not written"):
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(page(preview, said), encoding="utf-8")
    return Written(preview=preview, page=path)


def _photographed(
    written: Sequence[Written], program: str, themes: Sequence[Any], width: int, timeout: float
) -> list[Written]:
    from attrs import evolve

    from asynq_mon_codegen.preview.browser import Browser, Look

    out = []
    with Browser(program, timeout=timeout) as browser:
        for one in written:
            pictures = []
            for theme in themes:
                path = one.page.with_suffix(".png" if len(themes) == 1 else f".{theme}.png")
                with explained(path, "its picture was not written"):
                    path.write_bytes(browser.picture(one.page, Look(theme=theme, width=width)))
                pictures.append(path)
            out.append(evolve(one, pictures=tuple(pictures)))
    return out


def _tell(report: Report) -> None:
    from asynq_mon_codegen.preview.page import summary

    colours = {"empty": "yellow", "error": "red", "logs": "cyan"}
    for one in report.written:
        click.secho(f"{one.preview.title}: {', '.join(map(str, (one.page, *one.pictures)))}", bold=True)
        width = max((len(panel.title) for panel in one.preview.panels), default=0)
        for panel in one.preview.panels:
            answer = click.style(panel.status.text, fg=colours.get(panel.status.kind))
            click.echo(f"  {panel.title:{width}}  {answer}")
        for problem in one.preview.problems:
            click.secho(f"  {problem}", fg="red")
    click.echo(summary(panel for one in report.written for panel in one.preview.panels))
