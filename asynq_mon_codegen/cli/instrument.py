"""``asynq-mon instrument``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from asynq_mon_codegen import output
from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, print_problems, tell_changes, told
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.generators import instrumentation


@click.command()
@config_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder of the package, its own alone."
)
@click.option(
    "-p",
    "--package",
    default=instrumentation.DEFAULT_PACKAGE,
    show_default=True,
    metavar="NAME",
    help="The name of the package.",
)
@click.option("--otel", is_flag=True, help="Add exemplars with the trace id of an OpenTelemetry span.")
@click.option("--tests/--no-tests", default=True, show_default=True, help="Add Go tests, which start a redis-server.")
@click.option(
    "--check", "check_only", is_flag=True, help="Write nothing; exit with 1 if a file is missing, stale or orphaned."
)
@click.option("--force", is_flag=True, help="Overwrite files of these names that asynq-mon did not write.")
@json_option
@told
def instrument(
    config: Path | None,
    out: Path,
    package: str,
    otel: bool,
    tests: bool,
    check_only: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write a Go package that exports what asynq does not: task durations, outcomes, waits and more.

    Its queues, task types and histogram buckets are those of the declaration.
    """
    instrumentation.check_package(package)
    path = declaration_path(config)
    plan = open_declaration(path, alone=True)
    if problems := registry.run(plan):
        print_problems(problems, path)
        sys.exit(2)
    if any(not name.endswith(".go") for name in output.written(out)):
        raise UsageError(
            f"{out}: the outputs of `asynq-mon generate` are here, so nothing was changed",
            "a Go package needs a folder of its own: --out internal/asynqmetrics",
        )
    artifacts = instrumentation.generate(plan, package, otel=otel, tests=tests)
    changes = output.compare(artifacts, out) if check_only else output.write(artifacts, out, force=force)
    if as_json:
        print_json({**changes.kinds(), "unchanged": changes.unchanged, "out": str(out), "config": str(path)})
    else:
        tell_changes(changes, out, check_only=check_only, command="asynq-mon instrument")
    if check_only and changes.stale:
        sys.exit(1)
