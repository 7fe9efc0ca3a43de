"""Options that say how a server is reached, and the :class:`Connection` made from them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from asynq_mon_codegen.cli.common import told
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.http_config import read_http_config

__all__ = ["connection_options"]

Command = Callable[..., Any]


@frozen
class _Kind:
    """A kind of server: what is asked of it, and whether its data are a tenant's."""

    title: str
    tenant: bool = True

    def variables(self) -> str:
        """The beginning of the names of its environment variables."""
        return f"ASYNQ_MON_{self.title.upper()}"


_KINDS = {"prometheus": _Kind("Prometheus"), "alertmanager": _Kind("Alertmanager"), "grafana": _Kind("Grafana", False)}


def connection_options(
    *kinds: str, required: tuple[str, ...] = (), by_environment: bool = True, about: str = ""
) -> Callable[[Command], Command]:
    """Give a command the options of connections, and for each kind of server a keyword argument of its name.

    The argument is a :class:`Connection`, or None where no URL is given. ``by_environment=False``: a URL in the
    environment is not used, where naming a server asks for more work. ``about`` is the help of the URL.
    """

    def decorate(command: Command) -> Command:
        @told  # whichever side of this decorator the command has its own
        @functools.wraps(command)
        def with_connections(*args: Any, **kwargs: Any) -> Any:
            timeout, retries, tenant = (kwargs.pop(name) for name in ("timeout", "retries", "tenant"))
            for kind in kinds:
                url, config = kwargs.pop(kind), kwargs.pop(_config_name(kind))
                if config is not None and url is None:
                    raise UsageError(f"--{_config_name(kind).replace('_', '-')}: no --{kind} is given")
                kwargs[kind] = None if url is None else _connection(kind, url, timeout, retries, tenant, config)
            return command(*args, **kwargs)

        out: Command = with_connections
        for option in reversed([*_urls(kinds, required, about, by_environment), *_others(kinds)]):
            out = option(out)
        return out

    return decorate


def _connection(kind: str, url: str, timeout: float, retries: int, tenant: str, config: Path | None) -> Connection:
    known = _KINDS[kind]
    found = Connection(url, timeout, retries, tenant=tenant if known.tenant else "", variables=known.variables())
    if config is not None:
        found = read_http_config(config).applied_to(found)
    return found.with_environment(os.environ)


def _config_name(kind: str) -> str:
    return "http_config" if kind == "prometheus" else f"{kind}_http_config"


def _urls(
    kinds: tuple[str, ...], required: tuple[str, ...], about: str, by_environment: bool
) -> list[Callable[[Command], Command]]:
    return [
        click.option(
            f"--{kind}",
            metavar="URL",
            required=kind in required,
            envvar=f"{_KINDS[kind].variables()}_URL" if by_environment else None,
            show_envvar=True,
            help=about or f"The URL of {_KINDS[kind].title}.",
        )
        for kind in kinds
    ]


def _others(kinds: tuple[str, ...]) -> list[Callable[[Command], Command]]:
    files = [
        click.option(
            f"--{_config_name(kind).replace('_', '-')}",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"Credentials and TLS for {_KINDS[kind].title}, as in Prometheus' own HTTP client configuration.  "
            f"[else: {_KINDS[kind].variables()}_TOKEN_FILE and its like]",
        )
        for kind in kinds
    ]
    return [
        click.option(
            "--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds to wait."
        ),
        click.option(
            "--retries",
            type=click.IntRange(min=0),
            default=3,
            show_default=True,
            help="Tries after the first, when nobody answers or the server is busy.",
        ),
        click.option("--tenant", metavar="NAME", default="", help="X-Scope-OrgID, for Mimir and Cortex."),
        *files,
    ]
