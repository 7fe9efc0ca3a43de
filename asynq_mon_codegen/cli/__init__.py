"""The command line: reads, calls, prints and picks the exit code (0 fine, 1 findings or drift, 2 bad input)."""

from __future__ import annotations

import atexit
import gc
import importlib
from typing import Any

import click

__all__ = ["main"]

_COMMANDS = {
    "generate": "generate",
    "instrument": "instrument",
    "check": "check",
    "list": "list_alerts",
    "explain": "explain",
    "route": "route",
    "cost": "cost",
    "diff": "diff",
    "backtest": "backtest",
    "tune": "tune",
    "doctor": "doctor",
    "review": "review",
    "init": "init",
    "preview": "preview",
}
"""Each command, which has a module of its own, and the function in it."""


class _Commands(click.Group):
    """Loads the module of a command when it is asked for: `generate` needs little of the others."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        command: click.Command = getattr(module, _COMMANDS[cmd_name])
        return command

    def invoke(self, ctx: click.Context) -> Any:
        # a command makes values, writes them and ends: looking for cycles among them takes a tenth of its time
        gc.disable()
        ctx.call_on_close(gc.enable)
        atexit.register(gc.freeze)
        return super().invoke(ctx)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="asynq-mon-codegen", prog_name="asynq-mon")
def main() -> None:
    """Declare the monitoring of asynq task queues once; generate everything a monitoring repo needs.

    Without --config the file monitoring.py of the current folder is used, and without that the
    embedded default, which covers every queue of any asynq deployment.
    """
