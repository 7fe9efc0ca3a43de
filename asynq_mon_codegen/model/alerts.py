"""An alert: signal, condition, guards, hold times, texts, runbook and the probe that tests it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.model.conditions import Condition, Present
from asynq_mon_codegen.model.kinds import items, pairs, typed
from asynq_mon_codegen.model.runbooks import Runbook
from asynq_mon_codegen.model.slo import Burn
from asynq_mon_codegen.model.terms import Severity, Threat, Unit
from asynq_mon_codegen.promql import Expr
from asynq_mon_codegen.promql.labels import LABEL_NAME
from asynq_mon_codegen.simulator.probe import Probe

__all__ = ["Alert", "Alerts", "Guard", "Hold", "Signal", "floor", "hold_of", "only", "unless"]

_NAME = re.compile(r"[A-Z][a-zA-Z0-9]{2,79}")
_GROUP = re.compile(r"[a-z][a-z0-9_]{0,63}")

RESERVED_LABELS = frozenset({"alertname", "alertstate", "severity", "threat", "component", "service", "team"})
"""Labels that the project itself sets on alerts."""


@frozen(kw_only=True, field_transformer=typed)
class Signal:
    """A number to watch: declared once, shown on panels and compared by alerts."""

    title: str
    expr: Expr
    unit: Unit
    description: str = ""


@frozen(kw_only=True, field_transformer=typed)
class Guard:
    """What must hold beside the condition.

    ``kind`` is ``and`` or ``unless``; a floor has a ``minimum`` that can be tuned, in ``unit`` where
    that is a length of time. ``severities`` empty means all.
    """

    kind: str
    expr: Expr
    text: str
    minimum: float | None = None
    severities: tuple[Severity, ...] = ()
    unit: Unit = Unit.COUNT

    def words(self) -> str:
        """The guard in words, with the number of its floor."""
        return self.text.replace("{minimum}", "" if self.minimum is None else f"{self.minimum:g}")

    def applies_to(self, severity: Severity) -> bool:
        """Whether the guard belongs to the rule of this severity."""
        return not self.severities or severity in self.severities


def only(expr: Expr, text: str, *severities: Severity) -> Guard:
    """Fire only where ``expr`` has a series; ``text`` says it in words ("tasks are waiting")."""
    return Guard(kind="and", expr=expr, text=text, severities=severities)


def unless(expr: Expr, text: str, *severities: Severity) -> Guard:
    """Stay silent where ``expr`` has a series; ``text`` names that case ("the queue is paused")."""
    return Guard(kind="unless", expr=expr, text=text, severities=severities)


def floor(expr: Expr, minimum: float, text: str, *severities: Severity, unit: Unit = Unit.COUNT) -> Guard:
    """Fire only where ``expr`` is at least ``minimum``; ``text`` has ``{minimum}`` in it."""
    return Guard(kind="and", expr=expr, text=text, minimum=float(minimum), severities=severities, unit=unit)


Hold = tuple[tuple[Severity | None, Duration], ...]
"""How long a condition must last, by severity; None stands for those that are not named."""


def hold_of(value: str | Duration | Mapping[Severity, str | Duration] | Hold) -> Hold:
    """A hold as it is written: one length of time, or one per severity.

    Raises:
        DeclarationError: not a length of time.
    """
    if isinstance(value, tuple):
        return value
    if isinstance(value, Mapping):
        return tuple((severity, duration(v, "hold")) for severity, v in value.items())
    return ((None, duration(value, "hold")),)


def _keep(value: str | Duration | None) -> Duration | None:
    return None if value is None else duration(value, "keep_firing_for")


def _longest(value: str | Duration | None) -> Duration | None:
    return None if value is None else duration(value, "longest_hold")


def _guards(value: Iterable[Guard] | Guard) -> tuple[Guard, ...]:
    return items(value)


def _alert_tuple(value: Iterable[Alert]) -> tuple[Alert, ...]:
    return tuple(value)


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return items(value)


def _labels(value: Mapping[str, str] | tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return pairs(value, "labels", 'map names to values: labels={"env": "prod"}')


@frozen(kw_only=True, field_transformer=typed)
class Alert:
    """One alert; rules, tests, panels, routes and its runbook are all made from it.

    ``hold`` is Prometheus' ``for``: one duration, or one per severity. ``summary`` is a headline;
    ``summary`` and ``description`` may name ``{value}``, ``{threshold}``, ``{hold}`` and any label
    of the signal (``{queue}``). ``longest_hold`` is the longest hold that makes sense: its windows forget the fault
    sooner than a longer one, or the tests that are made of its probe do. ``inhibits`` are alerts that
    need not be heard while this one fires for the same queue. ``needs`` is ``"instrumentation"`` for an
    alert that only makes sense once a declaration says that the workers are instrumented. ``dashboard`` is
    the uid of the dashboard to open.

    Raises:
        DeclarationError: a name that is not CamelCase, or no probe and no way to derive one.
    """

    name: str = field()
    threat: Threat
    signal: Signal
    when: Condition | Burn
    hold: Hold = field(converter=hold_of, default=((None, Duration(0)),))
    keep_firing_for: Duration | None = field(converter=_keep, default=None)
    longest_hold: Duration | None = field(converter=_longest, default=None)
    guards: tuple[Guard, ...] = field(converter=_guards, default=())
    summary: str
    description: str
    runbook: Runbook
    dashboard: str = "asynq-overview"
    inhibits: tuple[str, ...] = field(converter=_names, default=())
    probe: Probe | None = None
    group: str = field(default="custom")
    labels: tuple[tuple[str, str], ...] = field(converter=_labels, default=())
    needs: str = ""

    @name.validator
    def _check_name(self, _: object, value: str) -> None:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise DeclarationError(
                f"alert name {value!r} is not CamelCase", "letters and digits, first a capital: OrdersRetryBacklog"
            )

    @group.validator
    def _check_group(self, _: object, value: str) -> None:
        if not isinstance(value, str) or not _GROUP.fullmatch(value):
            raise DeclarationError(
                f"group {value!r} cannot be a file name",
                "lower-case letters, digits and '_': rules/GROUP.yaml is made of it",
            )

    @labels.validator
    def _check_labels(self, _: object, value: tuple[tuple[str, str], ...]) -> None:
        for name, _text in value:
            if not LABEL_NAME.fullmatch(name) or name.startswith("__"):
                raise DeclarationError(f"label {name!r} is not a label name", "letters, digits and _")
            if name in RESERVED_LABELS - {"team"}:
                raise DeclarationError(f"label {name!r} is set by the project itself", "choose another name")

    def hold_for(self, severity: Severity) -> Duration:
        """How long the condition must last before a rule of this severity fires."""
        holds = dict(self.hold)
        return holds.get(severity, holds.get(None, Duration(0)))

    @property
    def has_floor(self) -> bool:
        """Whether a guard of it is a floor, whose number can be changed."""
        return any(g.minimum is not None for g in self.guards)

    def with_floor(self, minimum: float) -> Alert:
        """The same alert with another number in its floor.

        Raises:
            DeclarationError: it has no floor.
        """
        if not self.has_floor:
            raise DeclarationError(f"{self.name} has no floor to change")
        guards = tuple(evolve(g, minimum=float(minimum)) if g.minimum is not None else g for g in self.guards)
        return evolve(self, guards=guards)

    def severities(self) -> tuple[Severity, ...]:
        """The severities that its default condition names, the worst first."""
        if isinstance(self.when, Present):
            return (self.when.severity,)
        return tuple(s for s in Severity if self.when.level(s) is not None)


@frozen
class Alerts:
    """Alerts by name, in order; changed by copies only."""

    alerts: tuple[Alert, ...] = field(converter=_alert_tuple)

    @alerts.validator
    def _check_names(self, _: object, value: tuple[Alert, ...]) -> None:
        seen: set[str] = set()
        for alert in value:
            if not isinstance(alert, Alert):
                raise DeclarationError(f"alerts holds {alert!r}, which is not an Alert")
            if alert.name in seen:
                raise DeclarationError(f"two alerts are named {alert.name!r}", "rename one, or use replace()")
            seen.add(alert.name)

    def __iter__(self) -> Iterator[Alert]:
        return iter(self.alerts)

    def __len__(self) -> int:
        return len(self.alerts)

    def __getitem__(self, name: str) -> Alert:
        for alert in self.alerts:
            if alert.name == name:
                return alert
        raise DeclarationError(f"alert {name!r} does not exist", did_you_mean(name, self.names()))

    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(a.name for a in self.alerts)

    def add(self, *alerts: Alert) -> Alerts:
        """With these alerts too; a name that is taken is an error."""
        return Alerts((*self.alerts, *alerts))

    def replace(self, *alerts: Alert) -> Alerts:
        """With these in place of those of the same names; an unknown name is an error."""
        new = {a.name: a for a in alerts}
        for name in new:
            self[name]
        return Alerts(tuple(new.get(a.name, a) for a in self.alerts))

    def without(self, *names: str | Alert) -> Alerts:
        """Without these; an unknown name is an error."""
        gone = {self[n if isinstance(n, str) else n.name].name for n in names}
        return Alerts(tuple(a for a in self.alerts if a.name not in gone))
