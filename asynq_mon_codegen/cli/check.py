"""``asynq-mon check``."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import click

from asynq_mon_codegen import output
from asynq_mon_codegen.build import build, declaration_path
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, print_problems, told


@click.command()
@config_option
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Also compare the files in this folder.")
@json_option
@told
def check(config: Path | None, out: Path | None, as_json: bool) -> None:
    """Check the declaration and what it makes.

    The metric contract, PromQL, routes, JSON Schemas of every format and internal links are
    checked in this process; promtool and amtool are the next step of a CI job.
    """
    from asynq_mon_codegen.verify import verify

    bundle = build(declaration_path(config))
    problems = bundle.problems or verify(bundle.plan, bundle.artifacts)
    stale = output.compare(bundle.artifacts, out).stale if out is not None and not problems else ()
    if as_json:
        print_json(
            {"problems": [attrs.asdict(p) for p in problems], "stale": list(stale), "files": len(bundle.artifacts)}
        )
    elif problems:
        print_problems(problems, bundle.path)
    else:
        plan = bundle.plan
        click.echo(
            f"{bundle.path}: {len({a.name for a in plan.alerts})} alerts, {len(plan.alerts)} alerting and "
            f"{len(plan.records)} recording rules, {len(bundle.artifacts)} files: no findings"
        )
        for path in stale:
            click.echo(f"stale: {path}", err=True)
    if bundle.problems:
        sys.exit(2)
    if problems or stale:
        sys.exit(1)
