"""Service levels: what share of the work must be good, over how long, and how fast the rest may be used up."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.kinds import items, pairs, typed
from asynq_mon_codegen.model.terms import Severity
from asynq_mon_codegen.promql import Expr

__all__ = ["SLO", "Burn", "BurnWindow", "FinishedWithin", "Indicator", "StartedWithin", "Success", "budget_of"]

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_.:-]{0,62}")
_SHORTEST, _LONGEST = Duration(7 * 86_400_000), Duration(92 * 86_400_000)


def _limit(value: str | Duration) -> Duration:
    found = duration(value, "limit")
    if not found.milliseconds:
        raise DeclarationError("limit='0s': nothing is done within no time", 'give a length of time: "30s"')
    return found


@frozen(kw_only=True, field_transformer=typed)
class Success:
    """Good is what did not fail.

    By default every attempt counts, so that a retry that works still costs budget; this needs nothing but
    asynq's own metrics. With ``final`` a task counts once, when it succeeded or was given up (archived);
    that needs the instrumentation.
    """

    final: bool = False


@frozen(field_transformer=typed)
class StartedWithin:
    """Good is what began to run within ``limit`` of when it was due; needs the instrumentation."""

    limit: Duration = field(converter=_limit)

    def __str__(self) -> str:
        """As it is declared."""
        return f'StartedWithin("{self.limit}")'


@frozen(field_transformer=typed)
class FinishedWithin:
    """Good is an attempt whose handler returned within ``limit``; needs the instrumentation."""

    limit: Duration = field(converter=_limit)

    def __str__(self) -> str:
        """As it is declared."""
        return f'FinishedWithin("{self.limit}")'


Indicator = Success | StartedWithin | FinishedWithin


@frozen(kw_only=True)
class BurnWindow:
    """Two windows over which the error budget is watched; both must burn.

    ``share`` of the whole budget, used up within ``long``, is what the alert is about; ``short`` ends it
    soon after the fault. ``slow`` and ``fast`` are the burn rates over the two, ``errors`` how many there
    were in the long one.
    """

    severity: Severity
    long: Duration
    short: Duration
    share: float
    slow: Expr
    fast: Expr
    errors: Expr

    def factor(self, window: Duration) -> float:
        """How many times as fast as it may the budget of ``window`` burns at this alert; at least once."""
        return max(1.0, round(self.share * window.milliseconds / self.long.milliseconds, 6))


@frozen(kw_only=True)
class Burn:
    """Bad where an error budget burns too fast, over any of several pairs of windows.

    ``latency`` says which service levels: those of time, or those of success.
    """

    windows: tuple[BurnWindow, ...]
    latency: bool = False

    def level(self, severity: Severity) -> float | None:
        """The lowest burn rate that matters over 30 days, None for a severity without windows."""
        found = [w.factor(Duration(30 * 86_400_000)) for w in self.windows if w.severity is severity]
        return min(found, default=None)

    def text(self, severity: Severity) -> str:
        """The windows of this severity in words."""
        return " or ".join(
            f"{w.share:.0%} of the budget within {w.long} (and {w.short})"
            for w in self.windows
            if w.severity is severity
        )

    def watches(self, slo: SLO) -> bool:
        """Whether it is about this service level."""
        return self.latency == slo.is_latency


def _objective(value: str | float, name: str = "objective") -> float:
    hint = 'give a percentage or a ratio between 0 and 1: "99.9%" or 0.999'
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DeclarationError(f"{name}={value!r} is not a share", hint)
    try:
        percent = isinstance(value, str) and value.endswith("%")
        share = Decimal(value[:-1]) / 100 if percent and isinstance(value, str) else Decimal(str(value))
    except InvalidOperation:
        raise DeclarationError(f"{name}={value!r} is not a share", hint) from None
    if not share.is_finite() or not 0 < share < 1:
        more = f'; did you mean "{share}%"?' if share.is_finite() and 1 < share < 100 else ""
        all_good = " (100% leaves no budget, so that every single error would be an alert)" if share == 1 else ""
        raise DeclarationError(f"{name}={value!r} is not between 0 and 1{all_good}", hint + more)
    return float(share)


def _objective_or_none(value: str | float | None) -> float | None:
    return None if value is None else _objective(value)


def _window(value: str | Duration) -> Duration:
    return duration(value, "window")


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return items(value)


def _per_queue(
    value: Mapping[str, str | float | None] | tuple[tuple[str, float | None], ...],
) -> tuple[tuple[str, float | None], ...]:
    given = pairs(value, "per_queue", 'map queues to objectives: per_queue={"bulk": "99%"}')
    return tuple((q, None if v is None else _objective(v, f"per_queue[{q!r}]")) for q, v in given)


@frozen(field_transformer=typed)
class SLO:
    """A promise about a queue's work: the share ``objective`` of it is good, over any ``window``.

    It holds for every queue, or for the ``queues`` named, each with an error budget of its own; with
    ``task_types`` for each of these task types in them. ``per_queue`` gives single queues another
    objective, or None to leave them out. ``name`` becomes the label ``slo``.

    In a service of a fleet a common name stands for the common service level: what is said here holds there in
    its place, and ``objective=None`` leaves it out.

    Raises:
        DeclarationError: an objective that means nothing, or names that do not fit together.
    """

    name: str = field()
    objective: float | None = field(converter=_objective_or_none, kw_only=True)
    window: Duration = field(default=Duration(30 * 86_400_000), converter=_window, kw_only=True)
    indicator: Success | StartedWithin | FinishedWithin = field(factory=Success, kw_only=True)
    queues: tuple[str, ...] = field(default=(), converter=_names, kw_only=True)
    task_types: tuple[str, ...] = field(default=(), converter=_names, kw_only=True)
    per_queue: tuple[tuple[str, float | None], ...] = field(default=(), converter=_per_queue, kw_only=True)
    description: str = field(default="", kw_only=True)

    @name.validator
    def _check_name(self, _: object, value: str) -> None:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise DeclarationError(
                f"SLO name {value!r} cannot be a label", "letters, digits and _.:-, a letter first: orders-success"
            )

    def __attrs_post_init__(self) -> None:
        for kind, names in (("queue", self.queues), ("task type", self.task_types)):
            for name in names:
                if not name.strip():
                    raise DeclarationError(f"SLO {self.name!r} names a blank {kind}", f"name the {kind}")
                if names.count(name) > 1:
                    raise DeclarationError(f"SLO {self.name!r} names {kind} {name!r} twice", "name each once")
        if self.objective is None and (self.queues or self.task_types or self.per_queue):
            raise DeclarationError(
                f"SLO {self.name!r} has no objective, and yet names queues or task types",
                "None leaves it out altogether; for some queues only, give the objective and name them in queues=",
            )
        for queue, _ in self.per_queue:
            if self.queues and queue not in self.queues:
                raise DeclarationError(
                    f"SLO {self.name!r} has an objective for queue {queue!r}, which it is not about",
                    f"it names: {', '.join(self.queues)}",
                )

    @property
    def is_latency(self) -> bool:
        """Whether it is about time rather than success."""
        return not isinstance(self.indicator, Success)

    @property
    def needs_instrumentation(self) -> bool:
        """Whether asynq's own metrics do not suffice."""
        return (
            self.is_latency or bool(self.task_types) or (isinstance(self.indicator, Success) and self.indicator.final)
        )

    def objectives(self) -> tuple[float, ...]:
        """Every objective once, that of the rest first."""
        given = (self.objective, *(objective for _, objective in self.per_queue))
        return tuple(dict.fromkeys(objective for objective in given if objective is not None))

    def check_source(self, instrumentation: bool) -> None:
        """Raise DeclarationError where it reads what nobody exports."""
        if self.needs_instrumentation and not instrumentation:
            raise DeclarationError(
                f"SLO {self.name!r} reads metrics that asynq itself does not export",
                "export them (`asynq-mon instrument`) and say instrumentation=True; Success() of queues needs none",
            )

    def check_window(self) -> None:
        """Raise DeclarationError where the window is shorter than those of the alerts, or longer than anybody keeps."""
        # not where it is made: the lab's world is faster, and so are its windows
        if not _SHORTEST.milliseconds <= self.window.milliseconds <= _LONGEST.milliseconds:
            raise DeclarationError(
                f"the window of SLO {self.name!r} is {self.window}",
                'from "7d" to "92d": "7d", "28d" and "30d" are usual',
            )

    def check_reach(self, burns: Iterable[Burn]) -> None:
        """Raise DeclarationError where even a total outage could not burn fast enough to be critical."""
        for burn in burns:
            if burn.watches(self):
                self._check_reach(burn.windows)

    def _check_reach(self, windows: Iterable[BurnWindow]) -> None:
        needed = min((w.factor(self.window) for w in windows if w.severity is Severity.CRITICAL), default=0.0)
        for objective in self.objectives():
            most = 1 / budget_of(objective)
            if most < needed or math.isclose(most, needed):
                raise DeclarationError(
                    f"SLO {self.name!r}: with an objective of {objective:.6g} a total outage burns the budget of "
                    f"{self.window} only {most:.3g} times as fast as it may, and it would take {needed:.3g} times",
                    "raise the objective, or shorten the window",
                )


def budget_of(objective: float) -> float:
    """What an objective leaves: 0.001 of 0.999, to the digit."""
    return float(1 - Decimal(repr(objective)))
