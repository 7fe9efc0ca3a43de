"""The routing tree of a declaration as a value, and who it notifies: the same answer as Alertmanager's.

Routes are first divided by severity, since how long to wait and how often to repeat hang on it. Below
a severity stand the declared routes in order, then the receivers of that severity. A route with
several receivers becomes several siblings, all but the last with ``continue``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Monitoring, MuteTime, Receiver, Route, Severity

__all__ = [
    "COMPONENT",
    "NOBODY",
    "Criterion",
    "Node",
    "Timing",
    "applies_to",
    "covers",
    "criteria_of",
    "disjoint",
    "fallback",
    "receivers_for",
    "routing_tree",
    "timing_of",
]

COMPONENT = "asynq"
"""The value of the label ``component`` on every alert of this project."""

NOBODY = "asynq-null"
"""The receiver that tells nobody: for alerts of others, and for those that a receiver has been told of already."""


@frozen
class Criterion:
    """A label that must have one of these values; a label that an alert lacks counts as empty."""

    label: str
    values: tuple[str, ...]

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets it."""
        return labels.get(self.label, "") in self.values


Criteria = tuple[Criterion, ...]


@frozen(kw_only=True)
class Timing:
    """How long a new group of alerts is collected, how long changes of it are, and when it is said again."""

    wait: Duration
    interval: Duration
    repeat: Duration


@frozen(kw_only=True)
class Node:
    """One route: its criteria, whom it notifies, and the routes below it."""

    receiver: str
    criteria: Criteria = ()
    goes_on: bool = False
    group_by: tuple[str, ...] = ()
    timing: Timing | None = None
    mute: tuple[str, ...] = ()
    routes: tuple[Node, ...] = ()

    def matched(self, labels: Mapping[str, str]) -> tuple[Node, ...]:
        """The routes that an alert with these labels ends in, in order; empty where this one does not match."""
        if not all(c.holds(labels) for c in self.criteria):
            return ()
        found: list[Node] = []
        for route in self.routes:
            below = route.matched(labels)
            found += below
            if below and not route.goes_on:
                break
        return tuple(found) or (self,)


@frozen(kw_only=True)
class _Stop:
    """A place in the list below a severity: who is told, of what, and whether the list goes on."""

    criteria: Criteria
    to: tuple[Receiver, ...]
    mute: tuple[MuteTime, ...] = ()
    also: bool = False


def criteria_of(route: Route) -> Criteria:
    """What an alert must have, severity aside."""
    pairs = (
        ("service", route.services),
        ("team", route.teams),
        ("queue", route.queues),
        ("threat", tuple(t.value for t in route.threats)),
        ("alertname", route.alerts),
    )
    return tuple(Criterion(label, tuple(dict.fromkeys(values))) for label, values in pairs if values)


def applies_to(route: Route, severity: Severity, monitoring: Monitoring) -> bool:
    """Whether the route takes alerts of this severity.

    The watchdog (severity none) only leaves its own receiver for a route that names it: a route of a
    team must not silence the dead man's switch.
    """
    if severity is Severity.NONE and not route.severities:
        watchdogs = {a.name for a in monitoring.alerts if Severity.NONE in a.severities()}
        return bool(watchdogs & set(route.alerts))
    return not route.severities or severity in route.severities


def fallback(monitoring: Monitoring) -> str:
    """Who hears of an alert that no other route takes (a severity that nobody declared): better heard than lost."""
    for severity in (Severity.WARNING, Severity.CRITICAL, Severity.INFO):
        for receiver in monitoring.receivers_for(severity):
            return receiver.name
    return next((r.name for r in monitoring.all_receivers()), NOBODY)


def routing_tree(monitoring: Monitoring) -> Node:
    """The root route. Everything of this project is below its only child, which can move into another tree."""
    ours = Node(
        receiver=fallback(monitoring),
        criteria=(Criterion("component", (COMPONENT,)),),
        # One notification per incident: see docs/adr/0004-grouping.md.
        group_by=(*monitoring.identity, "service", "team", "threat"),
        timing=timing_of(Severity.WARNING, monitoring),
        routes=tuple(node for severity in Severity if (node := _severity_node(severity, monitoring))),
    )
    return Node(receiver=NOBODY, routes=(ours,))


def receivers_for(monitoring: Monitoring, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those who are notified of an alert with these labels, in Alertmanager's order.

    Empty for alerts without ``component="asynq"``. Mute times are not looked at.
    """
    names = (node.receiver for node in routing_tree(monitoring).matched(labels))
    return tuple(dict.fromkeys(name for name in names if name != NOBODY))


def timing_of(severity: Severity, monitoring: Monitoring) -> Timing:
    """How long notifications of this severity wait for others of their group, and when they are repeated."""
    # One round of rule evaluation brings the symptoms of one cause, and with them the alerts that inhibit
    # others; a notification must not leave before.
    once = max(monitoring.evaluation_interval, Duration(10_000))
    match severity:
        case Severity.CRITICAL:
            return Timing(wait=once, interval=max(once, _minutes(5)), repeat=max(once, _minutes(60)))
        case Severity.WARNING:
            twice = Duration(2 * once.milliseconds)
            return Timing(wait=twice, interval=max(twice, _minutes(5)), repeat=max(twice, _minutes(12 * 60)))
        case Severity.INFO:
            long = max(once, _minutes(5))
            return Timing(wait=long, interval=max(long, _minutes(30)), repeat=max(long, _minutes(24 * 60)))
        case Severity.NONE:
            # The repeat is looked at once per interval: equal values would skip every other heartbeat.
            return Timing(wait=Duration(0), interval=_minutes(1), repeat=_minutes(5))


def _minutes(count: int) -> Duration:
    return Duration(count * 60_000)


def _severity_node(severity: Severity, monitoring: Monitoring) -> Node | None:
    stops = [
        _Stop(criteria=criteria_of(r), to=_once(r.to), mute=r.mute, also=r.also)
        for r in monitoring.routes
        if applies_to(r, severity, monitoring)
    ]
    defaults = _once(monitoring.receivers_for(severity))
    if defaults:
        stops.append(_Stop(criteria=(), to=defaults))
    if not stops:
        return None
    simple = len(stops) == 1 and len(defaults) == 1
    routes = () if simple else tuple(node for i, stop in enumerate(stops) for node in _nodes(stop, tuple(stops[:i])))
    return Node(
        receiver=defaults[0].name if defaults else fallback(monitoring),
        criteria=(Criterion("severity", (severity.value,)),),
        timing=timing_of(severity, monitoring),
        routes=routes,
    )


def _once(receivers: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
    return tuple({r.name: r for r in receivers}.values())


def _nodes(stop: _Stop, before: tuple[_Stop, ...]) -> Iterator[Node]:
    """One route per receiver; where an earlier ``also`` told that receiver already, it is not told twice."""
    out = []
    for receiver in stop.to:
        told = [
            a.criteria
            for a in before
            if a.also and receiver.name in {r.name for r in a.to} and not disjoint(a.criteria, stop.criteria)
        ]
        if any(covers(t, stop.criteria) for t in told):
            continue
        silent = tuple(Node(receiver=NOBODY, criteria=t) for t in dict.fromkeys(told))
        out.append((receiver.name, tuple(m.name for m in stop.mute), silent))
    if not out and not stop.also:
        out.append((NOBODY, (), ()))
    for i, (name, mute, silent) in enumerate(out):
        last = i == len(out) - 1
        yield Node(receiver=name, criteria=stop.criteria, mute=mute, routes=silent, goes_on=stop.also if last else True)


def covers(wide: Criteria, narrow: Criteria) -> bool:
    """Whether every alert that meets ``narrow`` meets ``wide`` too."""
    values = {c.label: set(c.values) for c in narrow}
    return all(c.label in values and values[c.label] <= set(c.values) for c in wide)


def disjoint(one: Criteria, other: Criteria) -> bool:
    """Whether no alert can meet both."""
    values = {c.label: set(c.values) for c in one}
    return any(c.label in values and not values[c.label] & set(c.values) for c in other)
