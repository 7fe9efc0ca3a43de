"""The command line: reads, calls, prints and picks the exit code (0 fine, 1 findings or drift, 2 bad input)."""

from __future__ import annotations

import click

from asynq_mon_codegen.cli.check import check
from asynq_mon_codegen.cli.cost import cost
from asynq_mon_codegen.cli.explain import explain
from asynq_mon_codegen.cli.generate import generate
from asynq_mon_codegen.cli.init import init
from asynq_mon_codegen.cli.instrument import instrument
from asynq_mon_codegen.cli.list import list_alerts
from asynq_mon_codegen.cli.route import route

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="asynq-mon-codegen", prog_name="asynq-mon")
def main() -> None:
    """Declare the monitoring of asynq task queues once; generate everything a monitoring repo needs.

    Without --config the file monitoring.py of the current folder is used, and without that the
    embedded default, which covers every queue of any asynq deployment.
    """


for command in (generate, instrument, check, list_alerts, explain, route, cost, init):
    main.add_command(command)
