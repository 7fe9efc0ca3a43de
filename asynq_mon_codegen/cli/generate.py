"""``asynq-mon generate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from asynq_mon_codegen import output
from asynq_mon_codegen.build import GENERATORS, build, declaration_path
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, print_problems, tell_changes, told
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.plan import REAL_TIME

LAB_MARKER = ".asynq-mon-lab"
"""A file in the folder of a lab, the only place that may hold rules whose time runs faster."""


@click.command()
@click.argument("declaration", type=click.Path(path_type=Path), required=False)
@config_option
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path(), help="Where the files go.  [default: .]")
@click.option(
    "--only",
    multiple=True,
    metavar="KIND",
    help=f"Only this kind of output ({', '.join(GENERATORS)}); may be repeated.",
)
@click.option(
    "--check", "check_only", is_flag=True, help="Write nothing; exit with 1 if a file is missing, stale or orphaned."
)
@click.option("--force", is_flag=True, help="Overwrite files of these names that asynq-mon did not write.")
@click.option("--time-factor", type=int, default=REAL_TIME, hidden=True)
@json_option
@told
def generate(
    declaration: Path | None,
    config: Path | None,
    out: Path,
    only: tuple[str, ...],
    check_only: bool,
    force: bool,
    time_factor: int,
    as_json: bool,
) -> None:
    """Write rules, rule tests, routes, dashboards and runbooks.

    DECLARATION is the same as --config: a Python file, or a folder with one for each service.
    """
    if declaration is not None and config is not None:
        raise UsageError(f"the declaration is given twice: {declaration} and {config}", "leave --config out")
    config = config or declaration
    if time_factor != REAL_TIME and not (out / LAB_MARKER).exists():
        raise UsageError(
            f"--time-factor {time_factor}: rules whose time runs faster are for the project's own lab only",
            f"leave it out; the lab marks its folder with a file {LAB_MARKER}",
        )
    if any(name.endswith(".go") for name in output.written(out)):
        raise UsageError(
            f"{out}: the Go package of `asynq-mon instrument` is here, so nothing was changed",
            "the outputs need another folder: --out monitoring",
        )
    bundle = build(declaration_path(config), only, time_factor=time_factor)
    if bundle.problems:
        print_problems(bundle.problems, bundle.path)
        sys.exit(2)
    if check_only:
        changes = output.compare(bundle.artifacts, out, partial=bool(only))
    else:
        changes = output.write(bundle.artifacts, out, force=force, partial=bool(only))
    if as_json:
        print_json({**changes.kinds(), "unchanged": changes.unchanged, "out": str(out), "config": str(bundle.path)})
    else:
        tell_changes(changes, out, check_only=check_only, command="asynq-mon generate")
    if check_only and changes.stale:
        sys.exit(1)
