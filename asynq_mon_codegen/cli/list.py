"""``asynq-mon list``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.catalogue_table import rows
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told


@click.command(name="list")
@config_option
@json_option
@told
def list_alerts(config: Path | None, as_json: bool) -> None:
    """List every alert: threat, levels, hold times, what it needs."""
    plan = open_declaration(declaration_path(config))
    found = rows(plan)
    if as_json:
        print_json(found)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("alert", "threat", "fires", "for", "needs"):
        table.add_column(column, overflow="fold", no_wrap=column == "alert")
    for row in found:
        table.add_row(*(Text(str(row[c])) for c in ("alert", "threat", "fires", "for", "needs")))
    console = Console()
    console.print(table)
    console.print(_summary(found))


def _summary(found: list[dict[str, Any]]) -> str:
    return f"{len(found)} alerts; `asynq-mon explain NAME` tells more"
