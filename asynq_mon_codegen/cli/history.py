"""Options that say which history is looked at, the folder that keeps it, and the bar that shows how far the work is."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from asynq_mon_codegen.build import build, declaration_path
from asynq_mon_codegen.cli.common import print_problems
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.engine.history import Progress, digest
from asynq_mon_codegen.engine.rules import RuleSet, rules_of
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.files import locked

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Declared",
    "Span",
    "against_option",
    "console",
    "declared_rules",
    "deployed_rules",
    "history_options",
    "incidents_option",
    "progress",
    "span_of",
    "work_folder",
]

_FILE_WIDTH = 140
_CONFIG = "alertmanager/alertmanager.yaml"


@frozen(kw_only=True)
class Declared:
    """What a declaration makes, or a folder holds: the rules and Alertmanager's configuration."""

    rules: RuleSet
    alertmanager: str
    place: str

    @classmethod
    def of_files(cls, files: Mapping[str, str], place: str) -> Declared:
        """From files by path.

        Raises:
            UsageError: no rules or no configuration are among them.
        """
        rules = {path: text for path, text in files.items() if re.fullmatch(r"rules/[^/]+\.ya?ml", path)}
        if not rules or _CONFIG not in files:
            raise UsageError(
                f"{place}: no rules/*.yaml with {_CONFIG}", "name the folder that asynq-mon generate writes"
            )
        return cls(rules=rules_of(rules), alertmanager=files[_CONFIG], place=place)


@frozen(kw_only=True)
class Span:
    """From when to when, in Unix seconds."""

    start: float
    end: float


against_option = click.option(
    "--against", metavar="BASE", help="Compare with these generated files: a folder, or a git revision."
)
incidents_option = click.option(
    "--incidents", type=click.Path(path_type=Path), help="Incidents that happened, a YAML file."
)


def history_options(command: Callable[..., Any], *, length: str = "30d") -> Callable[..., Any]:
    """``--range`` (by default ``length``), ``--end``, ``--work`` and ``--fresh``."""
    options = (
        click.option(
            "--range", "length", default=length, show_default=True, metavar="DURATION", help="How far back to judge."
        ),
        click.option("--end", metavar="TIME", help="Up to when, RFC 3339 or Unix seconds.  [default: now]"),
        click.option(
            "--work",
            type=click.Path(path_type=Path, file_okay=False),
            help="The folder that keeps copied history, for the next run.  [default: in the user's cache]",
        ),
        click.option("--fresh", is_flag=True, help="Forget what was copied before."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def span_of(length: str, end: str | None) -> Span:
    """The time to judge.

    Raises:
        UsageError: not a duration, or not a time.
    """
    try:
        seconds = duration(length, "--range").seconds
    except DeclarationError as error:
        raise UsageError(f"--range: {error.message}", error.hint) from None
    if seconds <= 0:
        raise UsageError(f"--range {length}: there is nothing to look at", "for example: --range 30d")
    now = time.time()
    until = now if end is None else _time(end)
    if until > now:
        # what is copied is not asked for again: a time to come would stay empty
        raise UsageError(f"--end {end!r} lies in the future", "leave it out for now")
    return Span(start=until - seconds, end=until)


def _time(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--end {text!r} is not a time with its zone", "write 2026-03-02T14:05:00Z, or Unix seconds")
    return moment.timestamp()


def declared_rules(config: Path | None) -> Declared:
    """The rules of a declaration; one with findings ends the command with 2."""
    bundle = build(declaration_path(config), ("rules", "alertmanager"))
    if bundle.problems:
        print_problems(bundle.problems, bundle.path)
        raise click.exceptions.Exit(2)
    built_in = config is None and bundle.path.is_absolute()
    name = "the built-in declaration" if built_in else str(bundle.path)
    return Declared.of_files({a.path: a.text for a in bundle.artifacts}, name)


def deployed_rules(base: str) -> Declared:
    """The rules of a folder of generated files, or of a git revision.

    Raises:
        UsageError: it is neither, or has no such files.
    """
    from asynq_mon_codegen.diff.files import of_name

    files = of_name(base, Path(), allow_empty=False)
    return Declared.of_files(files.texts, files.name)


def work_folder(work: Path | None, connection: Connection, step: float, *, fresh: bool) -> Path:
    """The folder of what is copied from this server, held until the command ends; the name tells no address.

    Raises:
        UsageError: another run is at work there, or the disk refuses.
    """
    root = work
    if root is None:
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        root = Path(cache) / "asynq-mon" / "history"
    folder = root / digest(connection.url.rpartition("@")[2], connection.tenant, step)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # until the command ends: two runs would write the same blocks
        click.get_current_context().with_resource(locked(folder))
        # what a killed run has left half done, or everything
        for path in (*folder.iterdir(),) if fresh else (*folder.glob("*/blocks-*"), *folder.glob("*/data/*.tmp-*")):
            shutil.rmtree(path)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", "name another folder with --work") from None
    return folder


def console() -> Console:
    """Standard output, with room for a table where it is no terminal."""
    from rich.console import Console

    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_FILE_WIDTH)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A bar on standard error where that is a terminal; otherwise nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    errors = Console(stderr=True)
    if quiet or not errors.is_terminal:
        yield lambda _what, _done, _of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        yield tell
