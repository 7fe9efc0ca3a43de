"""``asynq-mon diff``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from asynq_mon_codegen.build import build, declaration_path
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, print_problems, told
from asynq_mon_codegen.diff.compare import compare
from asynq_mon_codegen.diff.files import DIFFED, Files, of_artifacts, of_folder, of_name
from asynq_mon_codegen.diff.markdown import markdown_of
from asynq_mon_codegen.diff.text import text_of
from asynq_mon_codegen.errors import UsageError


@click.command()
@click.argument("base", required=False)
@config_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path(), help="Where the generated files are.  [default: .]"
)
@click.option("--head", metavar="REV|FOLDER", help="Compare BASE with these files, not with the declaration.")
@click.option("--allow-empty", is_flag=True, help="Take a revision without generated files for an empty one.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something changes.")
@click.option("--markdown", is_flag=True, help="Print a comment for a pull request.")
@json_option
@told
def diff(
    base: str | None,
    config: Path | None,
    out: Path,
    head: str | None,
    allow_empty: bool,
    exit_code: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Tell what changes for people: alerts, thresholds, receivers, panels, recordings, runbooks.

    BASE is a git revision, a folder of generated files, or absent for the files on disk. The new side is what the
    declaration makes. A folder named like a revision counts if generated files are in it; write ./NAME for a folder
    and heads/NAME for a branch.
    """
    if markdown and as_json:
        raise UsageError("--markdown and --json are two forms of one output", "choose one of them")
    if head is not None and config is not None:
        raise UsageError("--head and --config both say what is new", "leave one of them out")
    old = of_folder(out) if base is None else of_name(base, out, allow_empty=allow_empty)
    new = _made(config) if head is None else of_name(head, out, allow_empty=allow_empty)
    report = compare(old, new)
    if as_json:
        print_json(report.data())
    else:
        click.echo(markdown_of(report) if markdown else text_of(report), nl=not markdown)
    if exit_code and report.changes:
        sys.exit(1)


def _made(config: Path | None) -> Files:
    path = declaration_path(config)
    bundle = build(path, DIFFED)
    if bundle.problems:
        print_problems(bundle.problems, bundle.path)
        sys.exit(2)
    return of_artifacts(
        bundle.artifacts, "the built-in declaration" if config is None and path.is_absolute() else str(path)
    )
