"""What a tired engineer reads at 3 a.m., as data."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.kinds import items, typed
from asynq_mon_codegen.promql import Expr

__all__ = ["Cause", "Command", "Runbook", "Step", "asynq_cli", "promql_query", "redis_cli", "shell"]


@frozen(field_transformer=typed)
class Command:
    """Something to copy: ``kind`` is ``promql``, ``asynq``, ``redis`` or ``shell``.

    A query may be an expression; it is then written as the rules write it. ``{queue}`` and other
    alert labels in braces are filled in on the runbook page as shell variables (``$QUEUE``), so
    that one export at the top makes every command ready to paste.
    """

    kind: str
    text: str | Expr
    shows: str = ""


def promql_query(text: str | Expr, shows: str = "") -> Command:
    """A query for Prometheus or Grafana Explore."""
    return Command("promql", text, shows)


def asynq_cli(text: str, shows: str = "") -> Command:
    """A call of asynq's own command line tool."""
    return Command("asynq", text, shows)


def redis_cli(text: str, shows: str = "") -> Command:
    """A call of redis-cli."""
    return Command("redis", text, shows)


def shell(text: str, shows: str = "") -> Command:
    """Any other command."""
    return Command("shell", text, shows)


def _commands(value: Command | Iterable[Command]) -> tuple[Command, ...]:
    return items(value)


@frozen(field_transformer=typed)
class Cause:
    """A likely cause and how to tell it from the others."""

    title: str
    tell: str
    commands: tuple[Command, ...] = field(default=(), converter=_commands)


@frozen(field_transformer=typed)
class Step:
    """Something to do, with the commands that do it."""

    text: str
    commands: tuple[Command, ...] = field(default=(), converter=_commands)


def _steps(value: Iterable[Step | str] | Step | str) -> tuple[Step, ...]:
    return tuple(Step(v) if isinstance(v, str) else v for v in items(value))


def _causes(value: Iterable[Cause | str] | Cause | str) -> tuple[Cause, ...]:
    return tuple(Cause(v, "") if isinstance(v, str) else v for v in items(value))


@frozen(kw_only=True, field_transformer=typed)
class Runbook:
    """The page behind an alert's ``runbook_url``.

    ``causes`` are in the order of their likelihood; ``lies`` says when the alert is wrong,
    ``tuning`` how to change it, ``impact`` who is hurt.
    """

    meaning: str
    impact: str = ""
    causes: tuple[Cause, ...] = field(default=(), converter=_causes)
    actions: tuple[Step, ...] = field(converter=_steps)
    tuning: str = ""
    lies: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.meaning.strip():
            raise DeclarationError("a runbook needs a meaning", "say in a sentence or two what is wrong")
        if not self.actions:
            raise DeclarationError("a runbook needs actions", "say what the person on call should do first")
