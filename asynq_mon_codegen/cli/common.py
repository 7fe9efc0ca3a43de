"""What the commands share: options, and how findings and failures are told."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

import click

from asynq_mon_codegen.errors import DeclarationError, Problem, UsageError
from asynq_mon_codegen.load import LoadError
from asynq_mon_codegen.output import Changes

__all__ = ["config_option", "fail", "json_option", "print_json", "print_problems", "tell_changes", "told"]

P = ParamSpec("P")

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="The declaration, a Python file, or a folder of them.  [default: monitoring.py, else the embedded default]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


_INTERRUPTED = 128 + 2
"""What shells say of a command that SIGINT ended."""


def print_json(data: Any) -> None:
    """``data`` on standard output as JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_problems(problems: Iterable[Problem], path: Path) -> None:
    """Every finding on standard error."""
    for problem in problems:
        where = f"{path}: " if not problem.where.startswith(str(path)) else ""
        click.echo(f"{where}{problem}", err=True)


def fail(message: str, hint: str = "") -> NoReturn:
    """Bad input: say so and end with 2."""
    click.echo(message if ": error: " in message else f"error: {message}", err=True)
    if hint:
        click.echo(f"  help: {hint}", err=True)
    sys.exit(2)


def told(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose failures are sentences, not tracebacks."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LoadError as error:
            click.echo(error.text(), err=True)
            sys.exit(2)
        except UsageError as error:
            fail(error.message, error.hint)
        except DeclarationError as error:
            fail(error.message, error.hint)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(_INTERRUPTED)

    return wrapped


def tell_changes(changes: Changes, out: Path, *, check_only: bool, command: str) -> None:
    """What was written, or with ``check_only`` what ``command`` would write."""
    kinds, unchanged = changes.kinds(), len(changes.unchanged)
    words = {
        "created": ("missing", "red") if check_only else ("created", "green"),
        "changed": ("stale", "yellow") if check_only else ("changed", "yellow"),
        "removed": ("orphaned", "red") if check_only else ("removed", "red"),
        "kept": ("orphaned, but edited by hand: kept", "magenta"),
    }
    shown = 20
    for kind, paths in kinds.items():
        word, colour = words[kind]
        for path in paths[:shown]:
            click.echo(f"{click.style(f'{word:>9}', fg=colour)}  {path}")
        if len(paths) > shown:
            click.echo(f"           and {len(paths) - shown} more {word}")
    total = sum(len(p) for p in kinds.values())
    where = "this folder" if out == Path() else str(out)
    if not check_only:
        click.echo(f"{total} files written or removed, {unchanged} were current, in {where}")
    elif total:
        click.echo(f"{total} of {total + unchanged} files differ: run {command}")
    else:
        click.echo(f"{unchanged} files are current")
