"""What a team declares of its own: queues, task types, and their thresholds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.alerts import Alert, Hold, hold_of
from asynq_mon_codegen.model.conditions import Above, Below
from asynq_mon_codegen.model.kinds import items, pairs, typed
from asynq_mon_codegen.model.terms import Severity
from asynq_mon_codegen.model.weekdays import WEEKDAYS, check_weekdays

__all__ = ["BatchWindow", "Floors", "Holds", "Queue", "TaskType", "Thresholds", "thresholds_of"]

Override = Above | Below | None
Thresholds = tuple[tuple[str, Override], ...]
"""Alert name and what takes the place of its condition; None switches the alert off."""

Holds = tuple[tuple[str, Hold], ...]
"""Alert name and how long its condition must last there; a severity that is not named keeps the alert's own hold."""
Floors = tuple[tuple[str, float], ...]
"""Alert name and the number that takes the place of that in its floor."""


def thresholds_of(
    value: Mapping[str | Alert, Override] | Mapping[str, Override] | Mapping[Alert, Override] | Thresholds,
) -> Thresholds:
    """Thresholds as pairs; raises DeclarationError for what is none."""
    pairs: Iterable[tuple[str | Alert, Override]] = value.items() if isinstance(value, Mapping) else value
    out = []
    for alert, override in pairs:
        name = _named(alert)
        if override is not None and not isinstance(override, Above | Below):
            raise DeclarationError(
                f"thresholds[{name!r}] is {override!r}", "give Above(...), Below(...), or None to switch the alert off"
            )
        out.append((name, override))
    return tuple(out)


def _named(key: str | Alert) -> str:
    return key.name if isinstance(key, Alert) else key


_AnyHold = str | Duration | Mapping[Severity, str | Duration]


def _holds(
    value: Mapping[str | Alert, _AnyHold] | Mapping[str, _AnyHold] | Mapping[Alert, _AnyHold] | Holds,
) -> Holds:
    out = []
    for key, hold in pairs(value, "holds", 'map alerts to lengths of time: holds={asynq.QUEUE_WAIT_HIGH: "20m"}'):
        own = hold_of(hold)
        wrong = [s for s, _ in own if s is not None and not isinstance(s, Severity)]
        if wrong or not own:
            raise DeclarationError(
                f"holds[{_named(key)!r}] is {hold!r}", 'give one length of time, or {Severity.CRITICAL: "5m", ...}'
            )
        out.append((_named(key), own))
    return tuple(out)


def _floors(value: Mapping[str | Alert, float] | Mapping[str, float] | Mapping[Alert, float] | Floors) -> Floors:
    out = []
    for key, floor in pairs(value, "floors", "map alerts to numbers: floors={asynq.TASK_FAILURE_RATIO_HIGH: 50}"):
        if isinstance(floor, bool) or not isinstance(floor, int | float) or not 0 <= floor < math.inf:
            raise DeclarationError(f"floors[{_named(key)!r}] is {floor!r}", "give a number that is not negative")
        out.append((_named(key), float(floor)))
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


_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@frozen(field_transformer=typed)
class BatchWindow:
    """A time of day, ``HH:MM`` to ``HH:MM`` in UTC, at which much at once is normal for a queue.

    It may reach over midnight. ``weekdays`` (``"sunday"``) empty means every day; a window over midnight
    needs both of its days. Nothing is learnt in it, and learnt thresholds do not judge in it.

    Raises:
        DeclarationError: not a time of day, or not a weekday.
    """

    start: str
    end: str
    weekdays: tuple[str, ...] = field(default=(), converter=_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for text in (self.start, self.end):
            if not _CLOCK.fullmatch(text):
                raise DeclarationError(f"{text!r} is not a time of day", 'write "HH:MM" in UTC, from 00:00 to 23:59')
        if self.start == self.end:
            raise DeclarationError(f"a batch window from {self.start} to {self.end} is empty", "give it an end")
        check_weekdays(self.weekdays)

    @property
    def minutes(self) -> tuple[int, int, tuple[int, ...]]:
        """Start and end in minutes after midnight, and the days of the week, 0 being Sunday."""
        start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (self.start, self.end))
        return start, end, tuple(sorted(WEEKDAYS.index(day) for day in self.weekdays))


def _batch(value: BatchWindow | Iterable[BatchWindow]) -> tuple[BatchWindow, ...]:
    return items(value)


@frozen(field_transformer=typed)
class Queue:
    """A queue that the team knows: it must exist, and may have thresholds, holds and floors of its own.

    ``thresholds`` maps an alert (or its name) to ``Above(...)``, ``Below(...)`` or None, ``holds`` to a length
    of time or to one per severity, ``floors`` to the number in the alert's floor;
    ``optional`` queues may be missing without a warning; ``team`` owns its alerts; ``batch`` are times of
    day at which learnt thresholds do not judge it.
    """

    name: str = field()
    thresholds: Thresholds = field(default=(), converter=thresholds_of, kw_only=True)
    holds: Holds = field(default=(), converter=_holds, kw_only=True)
    floors: Floors = field(default=(), converter=_floors, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    batch: tuple[BatchWindow, ...] = field(default=(), converter=_batch, kw_only=True)
    team: str = field(default="", kw_only=True)
    description: str = field(default="", kw_only=True)

    @name.validator
    def _check(self, _: object, value: object) -> None:
        _check_name("queue", value)


@frozen(field_transformer=typed)
class TaskType:
    """A task type with thresholds, holds and floors of its own, as a :class:`Queue` has them.

    ``every`` is the period of a periodic task.
    ``queues`` names the queues that it runs in, every declared one where it is empty; the generated
    instrumentation has its series there from the start.
    """

    name: str = field()
    thresholds: Thresholds = field(default=(), converter=thresholds_of, kw_only=True)
    holds: Holds = field(default=(), converter=_holds, kw_only=True)
    floors: Floors = field(default=(), converter=_floors, kw_only=True)
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
