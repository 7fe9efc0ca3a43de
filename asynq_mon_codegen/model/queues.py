"""What a team declares of its own: queues, task types, and their thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.alerts import Alert
from asynq_mon_codegen.model.conditions import Above, Below
from asynq_mon_codegen.model.kinds import items, typed

__all__ = ["Queue", "TaskType", "Thresholds"]

Override = Above | Below | None
Thresholds = tuple[tuple[str, Override], ...]
"""Alert name and what takes the place of its condition; None switches the alert off."""


def _thresholds(
    value: Mapping[str | Alert, Override] | Mapping[str, Override] | Mapping[Alert, Override] | Thresholds,
) -> Thresholds:
    pairs: Iterable[tuple[str | Alert, Override]] = value.items() if isinstance(value, Mapping) else value
    out = []
    for alert, override in pairs:
        name = alert.name if isinstance(alert, Alert) else alert
        if override is not None and not isinstance(override, Above | Below):
            raise DeclarationError(
                f"thresholds[{name!r}] is {override!r}", "give Above(...), Below(...), or None to switch the alert off"
            )
        out.append((name, override))
    return tuple(out)


def _check_name(kind: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise DeclarationError(
            f"{kind} name {name!r} is blank", f"asynq refuses a {kind} name without a visible character"
        )
    if "\x00" in name or any(0xD800 <= ord(c) <= 0xDFFF for c in name):
        raise DeclarationError(f"{kind} name {name!r} is not text", "NUL and lone surrogates cannot be a label value")


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return items(value)


def _period(value: str | Duration | None) -> Duration | None:
    return None if value is None else duration(value, "every")


@frozen(field_transformer=typed)
class Queue:
    """A queue that the team knows: it must exist, and may have thresholds of its own.

    ``thresholds`` maps an alert (or its name) to ``Above(...)``, ``Below(...)`` or None;
    ``optional`` queues may be missing without a warning; ``team`` owns its alerts.
    """

    name: str = field()
    thresholds: Thresholds = field(default=(), converter=_thresholds, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    team: str = field(default="", kw_only=True)
    description: str = field(default="", kw_only=True)

    @name.validator
    def _check(self, _: object, value: object) -> None:
        _check_name("queue", value)


@frozen(field_transformer=typed)
class TaskType:
    """A task type with thresholds of its own; ``every`` is the period of a periodic task.

    ``queues`` names the queues that it runs in, every declared one where it is empty; the generated
    instrumentation has its series there from the start.
    """

    name: str = field()
    thresholds: Thresholds = field(default=(), converter=_thresholds, kw_only=True)
    every: Duration | None = field(default=None, converter=_period, kw_only=True)
    queues: tuple[str, ...] = field(default=(), converter=_names, kw_only=True)
    description: str = field(default="", kw_only=True)

    @name.validator
    def _check(self, _: object, value: object) -> None:
        _check_name("task type", value)

    @queues.validator
    def _check_queues(self, _: object, value: tuple[str, ...]) -> None:
        for name in value:
            _check_name("queue", name)
            if value.count(name) > 1:
                raise DeclarationError(f"task type {self.name!r} names queue {name!r} twice", "name each once")
