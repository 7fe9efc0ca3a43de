"""Several services behind one Prometheus: what is common to all, and what each declares of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs
from attrs import evolve, field, frozen

from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.model.alerts import Alert, Alerts
from asynq_mon_codegen.model.conditions import Above, Below
from asynq_mon_codegen.model.groups import RuleGroups
from asynq_mon_codegen.model.kinds import items, typed
from asynq_mon_codegen.model.monitoring import DEFAULT_RECEIVERS, Links, Monitoring, Scrape
from asynq_mon_codegen.model.receivers import Receiver, Route
from asynq_mon_codegen.model.slo import SLO, Burn
from asynq_mon_codegen.model.terms import Severity
from asynq_mon_codegen.promql import Metric

__all__ = ["ConflictError", "Fleet", "merged", "services_of", "slos_of", "tuned"]


class ConflictError(DeclarationError):
    """Declarations of a fleet contradict each other.

    ``services`` are those that do, the one to change first; ``about`` is a text in its declaration that is near the
    contradiction.
    """

    def __init__(self, message: str, hint: str = "", *, services: tuple[Monitoring, ...] = (), about: str = "") -> None:
        super().__init__(message, hint)
        self.services = services
        self.about = about


def _services(value: Iterable[Monitoring] | Monitoring) -> tuple[Monitoring, ...]:
    return items(value)


@frozen(kw_only=True, field_transformer=typed)
class Fleet(Monitoring):
    """What all services have in common, and the ``services`` themselves, each told apart by its ``where``.

    Its own fields hold for series that no service declares; ``service`` may name one identity label, such as
    ``"{namespace}"``, so that those are called by it. One set of rules covers all; a service changes levels,
    labels, receivers, routes and links. ``owners`` is filled in when declarations are put together: the
    alerts that hold for some services only, and for which.

    Raises:
        DeclarationError: queues, task types or ``where`` of the fleet itself.
    """

    services: tuple[Monitoring, ...] = field(default=(), converter=_services)
    owners: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What has been computed from these very values, by what it is: rules are many, and services too."""
        return {}

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for name in ("queues", "task_types", "where"):
            if getattr(self, name):
                raise DeclarationError(
                    f"{name}= belongs to a service, not to the fleet",
                    f"declare it in services=Monitoring(service=..., where=..., {name}=...), or in a file of its own",
                )
        for one in self.services:
            if isinstance(one, Fleet):
                raise DeclarationError(
                    f"service {one.service!r} is a Fleet itself", "a fleet consists of Monitoring(...)"
                )


def services_of(monitoring: Monitoring) -> tuple[Monitoring, ...]:
    """The declared services of a fleet; none of a single declaration."""
    return monitoring.services if isinstance(monitoring, Fleet) else ()


def slos_of(monitoring: Monitoring) -> tuple[tuple[SLO, Monitoring], ...]:
    """Every declared service level with who declares it: the common ones first, then those of the services."""
    return tuple((slo, one) for one in (monitoring, *services_of(monitoring)) for slo in one.slos)


def tuned(monitoring: Monitoring) -> Monitoring:
    """The same with its ``thresholds`` built into its alerts.

    Raises:
        DeclarationError: a threshold that the alert cannot have.
    """
    alerts = monitoring.alerts
    for name, override in monitoring.thresholds:
        alert = alerts[name]
        check_override(alert, monitoring.service, override)
        alerts = alerts.without(name) if override is None else alerts.replace(evolve(alert, when=override))
    return evolve(monitoring, alerts=alerts, thresholds=()) if monitoring.thresholds else monitoring


def check_override(alert: Alert, name: str, override: Above | Below | None) -> None:
    """Raise DeclarationError where a level of ``name`` cannot take the place of the alert's own."""
    if override is None:
        return
    if not isinstance(alert.when, Above | Below):
        raise DeclarationError(f"{alert.name} has no level that {name!r} could change", "None switches it off")
    if not isinstance(override, type(alert.when)):
        want, word = ("Above", "above") if isinstance(alert.when, Above) else ("Below", "below")
        raise DeclarationError(
            f"the threshold of {name!r} for {alert.name} must be {want}(...)",
            f"the alert itself fires {word} a level, and so do all of its thresholds",
        )


def merged(fleet: Fleet) -> Fleet:
    """The fleet with everything of its services that concerns all outputs: alerts, routes, metrics.

    Raises:
        ConflictError: two services contradict each other, or one contradicts the fleet.
        DeclarationError: a threshold that an alert cannot have.
    """
    identity = _identity(fleet)
    levels = tuned(fleet)
    fleet = evolve(fleet, alerts=levels.alerts, thresholds=(), identity=identity)
    _check_names(fleet)
    for one in fleet.services:
        _check_where(one, identity)
        _check_common(fleet, one)
        _check_thresholds(fleet, one)
        _check_slos(fleet, one)
    _check_overlap(fleet.services)
    _check_receivers(fleet)
    alerts, owners = _alerts(fleet)
    some = tuple(s.service for s in fleet.services if s.instrumentation)
    if not fleet.instrumentation and some:
        owned = dict(owners)
        mine = {a.name: tuple(n for n in owned.get(a.name, some) if n in some) for a in alerts if a.needs}
        owners = tuple({**owned, **mine}.items())
    metrics = _metrics(fleet)
    return evolve(
        fleet,
        alerts=alerts,
        owners=owners,
        metrics=tuple(metrics.values()),
        instrumentation=fleet.instrumentation or bool(some),
        services=tuple(_normal(fleet, s) for s in fleet.services),
        routes=(*fleet.routes, *_routes(fleet)),
    )


def _identity(fleet: Fleet) -> tuple[str, ...]:
    """The identity of all: the fleet's own, or that on which the services agree."""
    found = fleet.identity
    first: Monitoring = fleet
    for one in fleet.services:
        if one.identity and not found:
            found, first = one.identity, one
        elif one.identity and one.identity != found:
            raise ConflictError(
                f"service {one.service!r} has identity={one.identity!r}, but {_called(first)} has {found!r}",
                "identity labels are the same for all: write them once, in fleet.py",
                services=(one, first),
                about="identity",
            )
    if not found and fleet.services:
        raise ConflictError(
            "nothing tells the series of the services apart: there are no identity labels",
            'write them once, in fleet.py: monitoring = Fleet(identity=("namespace",), ...)',
            services=fleet.services[:1],
        )
    return found


def _called(one: Monitoring) -> str:
    return "the fleet" if isinstance(one, Fleet) else f"service {one.service!r}"


def _check_names(fleet: Fleet) -> None:
    seen: dict[str, Monitoring] = {}
    for one in fleet.services:
        if one.service in seen:
            raise ConflictError(
                f"two services are named {one.service!r}",
                'a service of several places is declared once: where={"namespace": ("orders", "orders-jobs")}',
                services=(one, seen[one.service]),
                about=one.service,
            )
        seen[one.service] = one


def _check_where(one: Monitoring, identity: tuple[str, ...]) -> None:
    if not one.where:
        raise ConflictError(
            f"service {one.service!r} does not say which series are its own",
            f'say it by identity labels: where={{"{identity[-1]}": "{one.service}"}}',
            services=(one,),
        )
    for label, _ in one.where:
        if label not in identity:
            raise ConflictError(
                f"where= of service {one.service!r} names {label!r}, which is no identity label",
                did_you_mean(label, identity),
                services=(one,),
                about=label,
            )


def _check_thresholds(fleet: Fleet, one: Monitoring) -> None:
    owners = [(one.service, one.thresholds)]
    owners += [(q.name, q.thresholds) for q in one.queues] + [(t.name, t.thresholds) for t in one.task_types]
    for name, thresholds in owners:
        for alert, override in thresholds:
            try:
                check_override(one.alerts[alert], name, override)
            except DeclarationError as error:
                raise ConflictError(error.message, error.hint, services=(one,), about=name) from None


def _check_common(fleet: Fleet, one: Monitoring) -> None:
    """What all have in common may be left out or said again, but not differ."""
    for name, default in _COMMON.items():
        if getattr(one, name) not in (getattr(fleet, name), default):
            raise ConflictError(
                f"{name}= of service {one.service!r} differs from the fleet's",
                "one set of rules covers all services: say it in fleet.py",
                services=(one,),
                about=name,
            )


def _check_slos(fleet: Fleet, one: Monitoring) -> None:
    """One of a common name is the common one, with other objectives or for other queues; None leaves it out."""
    common = {slo.name: slo for slo in fleet.slos}
    for slo in one.slos:
        try:
            if slo.objective is None:
                if slo.name not in common:
                    raise DeclarationError(
                        f"service {one.service!r} leaves out SLO {slo.name!r}, which the fleet does not declare",
                        did_you_mean(slo.name, common) or "give it an objective, or delete it",
                    )
                continue
            if slo.name in common:
                _check_same(one, slo, common[slo.name])
            slo.check_source(fleet.instrumentation or one.instrumentation)
            slo.check_window()
            slo.check_reach(a.when for a in fleet.alerts if isinstance(a.when, Burn))
        except DeclarationError as error:
            raise ConflictError(error.message, error.hint, services=(one,), about=slo.name) from None


def _check_same(one: Monitoring, own: SLO, common: SLO) -> None:
    for what, mine, theirs in (
        ("indicator", own.indicator, common.indicator),
        ("window", own.window, common.window),
    ):
        if mine != theirs:
            raise DeclarationError(
                f"service {one.service!r} gives SLO {own.name!r} the {what} {mine}, but the fleet has {theirs}",
                f"give it another name, or the {what} of fleet.py: objective, queues and task types may differ",
            )


_COMMON: Mapping[str, object] = {
    "scrape": Scrape(),
    "evaluation_interval": attrs.fields(Monitoring).evaluation_interval.default,
    "groups": RuleGroups(),
}
"""What a service leaves to the fleet, and what it is where it is left out."""


def _check_overlap(services: tuple[Monitoring, ...]) -> None:
    """Two services must not select the same series: some label must have no value in common."""
    by_labels: dict[tuple[str, ...], list[Monitoring]] = {}
    for one in services:
        by_labels.setdefault(tuple(sorted(dict(one.where))), []).append(one)
    kinds = list(by_labels)
    for i, labels in enumerate(kinds):
        for others in kinds[i:]:
            common = tuple(label for label in labels if label in others)
            seen: dict[tuple[str, ...], Monitoring] = {}
            for one in by_labels[labels]:
                for values in _values(one, common):
                    if labels == others and values in seen:
                        raise _same_series(one, seen[values])
                    seen.setdefault(values, one)
            for other in by_labels[others] if labels != others else ():
                for values in _values(other, common):
                    if values in seen:
                        raise _same_series(other, seen[values])


def _values(one: Monitoring, labels: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    where = dict(one.where)
    return itertools.product(*(where[label] for label in labels))


def _same_series(one: Monitoring, other: Monitoring) -> ConflictError:
    return ConflictError(
        f"services {other.service!r} and {one.service!r} select the same series",
        "give one of them another value of an identity label in where=",
        services=(one, other),
        about="where",
    )


def _check_receivers(fleet: Fleet) -> None:
    seen: dict[str, tuple[Receiver, Monitoring]] = {}
    everybody: tuple[Monitoring, ...] = (fleet, *fleet.services)
    for one in everybody:
        if one is not fleet and _default_receivers(one):
            named: Iterable[Receiver] = (r for route in one.routes for r in route.to)
        else:
            named = one.all_receivers()
        for receiver in named:
            known, by = seen.setdefault(receiver.name, (receiver, one))
            if known != receiver:
                raise ConflictError(
                    f"receiver {receiver.name!r} of service {one.service!r} differs in its settings from that of "
                    f"{_called(by)}",
                    "give each its own name, or import one value from a file beside them whose name begins with _",
                    services=(one, by),
                    about=receiver.name,
                )


def _metrics(fleet: Fleet) -> dict[str, Metric]:
    found = {m.name: m for m in fleet.metrics}
    for one in fleet.services:
        for metric in one.metrics:
            if found.setdefault(metric.name, metric) != metric:
                raise ConflictError(
                    f"service {one.service!r} declares metric {metric.name} in another way than others do",
                    "import one value from a file beside them whose name begins with _",
                    services=(one,),
                    about=metric.name,
                )
    return found


def _default_receivers(one: Monitoring) -> bool:
    return one.receivers == tuple(DEFAULT_RECEIVERS.items())


def _alerts(fleet: Fleet) -> tuple[Alerts, tuple[tuple[str, tuple[str, ...]], ...]]:
    """Every alert, and those that only some services have."""
    common = {a.name: a for a in fleet.alerts}
    own: dict[str, tuple[Alert, list[Monitoring]]] = {}
    for one in fleet.services:
        if one.alerts is fleet.alerts:
            continue
        for alert in one.alerts:
            if common.get(alert.name, alert) != alert:
                raise ConflictError(
                    f"service {one.service!r} changes alert {alert.name}, which is one rule for all services",
                    "change it in fleet.py for all; a level of its own is thresholds={...: Above(...)}",
                    services=(one,),
                    about=alert.name,
                )
            if alert.name in common:
                continue
            known, by = own.setdefault(alert.name, (alert, []))
            if known != alert:
                raise ConflictError(
                    f"services {by[0].service!r} and {one.service!r} declare different alerts named {alert.name}",
                    "rename one, or import one value from a file beside them whose name begins with _",
                    services=(one, by[0]),
                    about=alert.name,
                )
            by.append(one)
    added = tuple(alert for alert, _ in own.values())
    owners = tuple((name, tuple(s.service for s in by)) for name, (_, by) in own.items())
    return fleet.alerts.add(*added), owners


def _normal(fleet: Fleet, one: Monitoring) -> Monitoring:
    """The service with what it leaves out taken from the fleet, and what it leaves out of the alerts switched off."""
    links = Links(**{name: _link(name, fleet.links, one.links) for name in _LINKS})
    if one.alerts is not fleet.alerts:
        names, common = frozenset(one.alerts.names()), frozenset(fleet.alerts.names())
        off = tuple((name, None) for name in fleet.alerts.names() if name not in names)
        alerts = fleet.alerts.add(*(a for a in one.alerts if a.name not in common))
        one = evolve(one, thresholds=(*one.thresholds, *off), alerts=alerts)
    return one if one.links == links else evolve(one, links=links)


_LINKS = tuple(a.name for a in attrs.fields(Links))


def _link(name: str, common: Links, own: Links) -> str | None:
    """A base that the service leaves as it is by default is the fleet's."""
    value: str | None = getattr(own, name)
    default: str | None = getattr(Links(), name)
    inherited: str | None = getattr(common, name)
    return inherited if value == default else value


def _routes(fleet: Fleet) -> Iterator[Route]:
    """The routes of the services, then their receivers; services that are told alike share a route."""
    for one in fleet.services:
        for route in one.routes:
            yield evolve(route, services=(one.service,))
    for severity in (s for s in Severity if s is not Severity.NONE):
        alike: dict[tuple[Receiver, ...], list[str]] = {}
        for one in fleet.services:
            to = one.receivers_for(severity)
            if to and not _default_receivers(one) and to != fleet.receivers_for(severity):
                alike.setdefault(to, []).append(one.service)
        for to, names in alike.items():
            yield Route(to=to, severities=severity, services=names)
