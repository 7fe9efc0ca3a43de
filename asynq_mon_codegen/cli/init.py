"""``asynq-mon init``."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from asynq_mon_codegen.cli.common import told
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.files import create_all
from asynq_mon_codegen.scaffold import CI, starter


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--service", default="", help="The name of the service.  [default: the folder's name]")
@click.option("--ci", type=click.Choice(sorted(CI)), default="github", show_default=True, help="Whose CI runs it.")
@told
def init(folder: Path, service: str, ci: str) -> None:
    """Write a starter declaration, a Makefile and a CI workflow into FOLDER; nothing is overwritten.

    The workflow runs the checks and posts what `asynq-mon diff` tells on every pull request or merge request.
    """
    name = service or folder.resolve().name
    files = starter(name, version("asynq-mon-codegen"), ci)
    taken = [a.path for a in files if (folder / a.path).exists()]
    if taken:
        raise UsageError(
            f"{folder / taken[0]} exists already", "nothing was written; choose another folder or move it away"
        )
    create_all(folder, {a.path: a.text for a in files})
    for artifact in files:
        click.echo(f"created  {folder / artifact.path}")
    click.echo("next: edit monitoring.py, then run: make generate")
