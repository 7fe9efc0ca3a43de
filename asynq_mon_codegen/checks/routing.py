"""Whether every alert reaches somebody, and every route some alert.

Names of the findings: ``severity-has-receiver``, ``receiver-name``, ``route-criteria``,
``route-shadowed``, ``mute-time``, ``inhibition``.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping

from asynq_mon_codegen.errors import Problem, did_you_mean
from asynq_mon_codegen.model import Monitoring, MuteTime, Receiver, Route, Severity, services_of
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.routing import NOBODY, applies_to, covers, criteria_of

__all__ = ["check"]


def check(plan: Plan) -> tuple[Problem, ...]:
    """All findings about receivers, routes, mute times and inhibition."""
    m = plan.monitoring
    return (*_unheard(plan), *_receivers(m), *_criteria(m), *_shadowed(m), *_mute_times(m), *_inhibition(plan))


def _unheard(plan: Plan) -> Iterator[Problem]:
    """Alerts of a severity without receivers, but for those that a route takes as a whole."""
    m = plan.monitoring
    for severity in Severity:
        if m.receivers_for(severity):
            continue
        unheard: list[str] = []
        whole = [criteria_of(r) for r in m.routes if applies_to(r, severity, m)]
        for alert in plan.alerts:
            if alert.severity is not severity:
                continue
            # A route for some queues or teams leaves the others unheard.
            same = {n.name: n.value for n in alert.labels if not n.by_queue and n.choice is None}
            fixed = {"alertname": alert.name, **same}
            if any(all(c.label in fixed and c.holds(fixed) for c in criteria) for criteria in whole):
                continue
            unheard.append(alert.name)
        if unheard:
            others = f" and {len(unheard) - 1} more" if len(unheard) > 1 else ""
            yield Problem(
                check="severity-has-receiver",
                where=f"alert {unheard[0]}",
                message=f"{unheard[0]}{others} can fire as {severity.value}, but no receiver takes {severity.value}",
                hint=f"add Severity.{severity.name} to receivers=",
            )


def _receivers(m: Monitoring) -> Iterator[Problem]:
    seen: dict[str, Receiver] = {}
    for receiver in [r for _, to in m.receivers for r in to] + [r for route in m.routes for r in route.to]:
        if receiver.name == NOBODY:
            yield Problem(
                check="receiver-name",
                where=f"receiver {receiver.name}",
                message=f"the name {NOBODY!r} is taken by the receiver that tells nobody",
                hint="choose another name",
            )
        elif seen.setdefault(receiver.name, receiver) != receiver:
            yield Problem(
                check="receiver-name",
                where=f"receiver {receiver.name}",
                message=f"two receivers are named {receiver.name!r} but differ in their settings",
                hint="give each its own name, or use one value for both",
            )
            seen[receiver.name] = receiver


def _criteria(m: Monitoring) -> Iterator[Problem]:
    declared = (m, *services_of(m))
    services = {one.service for one in declared}
    queues = {q.name for one in declared for q in one.queues}
    teams = {one.team for one in declared} | {q.team for one in declared for q in one.queues}
    teams = {t for t in (*teams, *(dict(a.labels).get("team", "") for a in m.alerts)) if t}
    alerts = set(m.alerts.names())
    for i, route in enumerate(m.routes):
        unknown = [("alert", name, alerts) for name in route.alerts if name not in alerts]
        unknown += [("service", name, services) for name in route.services if name not in services]
        unknown += [("team", name, teams) for name in route.teams if name not in teams]
        unknown += [("queue", name, queues) for name in route.queues if queues and name not in queues]
        for kind, name, known in unknown:
            what = {"alert": "an alert that does not exist", "team": "a team that nothing belongs to"}
            yield Problem(
                check="route-criteria",
                where=_place(i, route),
                message=f"the route names {name!r}, {what.get(kind, 'a queue that is not declared')}",
                hint=did_you_mean(name, known) or f"declare the {kind}, or drop it from the route",
            )


def _shadowed(m: Monitoring) -> Iterator[Problem]:
    for i, route in enumerate(m.routes):
        by: list[int] = []
        severities = [s for s in Severity if applies_to(route, s, m)]
        for severity in severities:
            by += [
                k
                for k, earlier in enumerate(m.routes[:i])
                if not earlier.also
                and applies_to(earlier, severity, m)
                and covers(criteria_of(earlier), criteria_of(route))
            ][:1]
        if severities and len(by) == len(severities):
            first = " and ".join(f"routes[{k}]" for k in dict.fromkeys(by))
            yield Problem(
                check="route-shadowed",
                where=_place(i, route),
                message=f"the route never matches: {first} takes everything that it asks for",
                hint=f"put it before {first}, or give {first} also=True",
            )


def _mute_times(m: Monitoring) -> Iterator[Problem]:
    seen: dict[str, MuteTime] = {}
    mutes = [mute for route in m.routes for mute in route.mute]
    zones = zoneinfo.available_timezones() if mutes else set()
    for mute in mutes:
        known = seen.setdefault(mute.name, mute)
        if known != mute:
            yield _mute_problem(
                mute, f"two mute times are named {mute.name!r} but differ", "give each its own name, or use one value"
            )
        if known is not mute:
            continue
        if not mute.name:
            yield _mute_problem(mute, "a mute time has no name", 'name it: MuteTime(name="nights", ...)')
        if zones and mute.location not in zones:
            yield _mute_problem(
                mute, f"{mute.location!r} is not a time zone", did_you_mean(mute.location, zones) or "see tzdata"
            )


def _mute_problem(mute: MuteTime, message: str, hint: str) -> Problem:
    return Problem(check="mute-time", where=f"mute time {mute.name}", message=message, hint=hint)


def _inhibition(plan: Plan) -> Iterator[Problem]:
    """Alerts that mute each other: Alertmanager lets muted alerts mute others, so all of a circle fall silent."""
    m = plan.monitoring
    watchdogs = {a.name for a in plan.alerts if a.severity is Severity.NONE}
    mutes = {a.name: tuple(n for n in a.inhibits if n in m.alerts.names()) for a in m.alerts}
    for name, targets in mutes.items():
        if name in targets or name in _reached(name, mutes):
            yield Problem(
                check="inhibition",
                where=f"alert {name}",
                message=f"{name} inhibits itself, directly or through what it inhibits, so nobody would hear of it",
                hint="take one of the names out of inhibits=",
            )
        if watchdogs & set(targets):
            yield Problem(
                check="inhibition",
                where=f"alert {name}",
                message=f"{name} inhibits the watchdog, so its dead man's switch would go off",
                hint="take it out of inhibits=",
            )


def _reached(start: str, mutes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Every alert that ``start`` mutes, or that one of those mutes, and so on."""
    found: set[str] = set()
    todo = list(mutes.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += mutes.get(name, ())
    return frozenset(found)


def _place(index: int, route: Route) -> str:
    return f"routes[{index}] (to {', '.join(r.name for r in route.to)})"
