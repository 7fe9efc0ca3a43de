"""``asynq-mon route``."""

from __future__ import annotations

from pathlib import Path

import click

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.cli.common import config_option, fail, json_option, print_json, told
from asynq_mon_codegen.routing import receivers_for


@click.command()
@config_option
@click.argument("labels", nargs=-1, required=True, metavar="LABEL=VALUE...")
@json_option
@told
def route(config: Path | None, labels: tuple[str, ...], as_json: bool) -> None:
    """Tell which receivers get an alert with these labels, as Alertmanager would.

    Example: asynq-mon route severity=critical queue=orders
    """
    wanted = {"component": "asynq"}
    for text in labels:
        name, sep, value = text.partition("=")
        if not sep or not name:
            fail(f"{text!r} is not LABEL=VALUE", "for example: severity=critical")
        wanted[name] = value
    monitoring = open_declaration(declaration_path(config)).monitoring
    receivers = receivers_for(monitoring, wanted)
    if as_json:
        print_json({"labels": wanted, "receivers": list(receivers)})
        return
    for receiver in receivers:
        click.echo(receiver)
