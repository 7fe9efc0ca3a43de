"""Where the test cases of a fleet take place: in a service that nobody declared, and in declared ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from asynq_mon_codegen.model import Alert, Fleet, Monitoring
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.fleet import declared_names, sample
from asynq_mon_codegen.plan.thresholds import ThresholdClass
from asynq_mon_codegen.plan.where import terms_of
from asynq_mon_codegen.promql import ForEach

__all__ = ["SHOWN", "Home", "Place", "home_of", "places_of"]

SHOWN = 3
"""How many levels of single services an alert is tested with: a thousand services would be a thousand worlds."""


@frozen(kw_only=True)
class Home:
    """The identity of a world, and the names that are declared there."""

    identity: Mapping[str, str]
    declared: Mapping[str, tuple[str, ...]]


@frozen(kw_only=True)
class Place:
    """Something called ``name`` in one deployment; ``label`` is what it is."""

    words: str
    identity: Mapping[str, str]
    label: str
    name: str


def home_of(plan: Plan, alert: Alert, rules: tuple[PlannedAlert, ...]) -> Home:
    """Where the cases of the default levels take place: a service that nobody declared, if the alert holds there."""
    fleet = plan.monitoring
    if not isinstance(fleet, Fleet):
        return Home(identity={label: f"{label}-a" for label in fleet.identity}, declared=dict(plan.scope.names))
    keys = {e.key for e in alert.signal.expr.walk() if isinstance(e, ForEach)}
    for one in fleet.services if keys else ():
        declared = dict(declared_names(one))
        identity = sample(fleet, terms_of(one.where))
        classes = [c for r in rules for c in (*r.classes, *r.apart) if c.names]
        off = any(c.accepts({**identity, "queue": n}) for c in classes for names in declared.values() for n in names)
        if any(declared.get(key) for key in keys) and not off:
            return Home(identity=identity, declared=declared)
    return Home(identity=sample(fleet, rules[0].classes[-1].terms), declared={})


def places_of(plan: Plan, alert: Alert, rules: tuple[PlannedAlert, ...]) -> Iterator[tuple[Place, ...]]:
    """For some classes with a level of their own: a thing of that class, one of the same name in a declared service
    without, and one in a service that nobody declared.
    """
    fleet = plan.monitoring
    if not isinstance(fleet, Fleet) or any(isinstance(e, ForEach) for e in alert.signal.expr.walk()):
        return
    seen: dict[object, ThresholdClass] = {}
    for rule in rules:
        for cls in rule.classes[:-1]:
            if cls.names and cls.terms:
                seen.setdefault(cls.level, cls)
    for cls in list({c.terms: c for c in seen.values()}.values())[:SHOWN]:
        label = next((t.label for t in reversed(cls.terms) if t.label in ("queue", "task_type")), "queue")
        wanted = next((t.values[0] for t in cls.terms if t.label == label and not t.negated), "")
        name = wanted or f"{cls.names[0]} by default"
        own = Place(words=cls.names[0], identity=sample(fleet, cls.terms), label=label, name=name)
        if not all(rule.covers({**own.identity, label: name}) for rule in rules):
            continue
        others = [Place(words="undeclared", identity=sample(fleet), label=label, name=name)]
        plain = _plain(fleet, rules, label, name)
        if plain is not None:
            identity = sample(fleet, terms_of(plain.where))
            others.insert(0, Place(words=plain.service, identity=identity, label=label, name=name))
        yield (own, *(o for o in others if o.identity != own.identity))


def _plain(fleet: Fleet, rules: tuple[PlannedAlert, ...], label: str, name: str) -> Monitoring | None:
    """A declared service in which a thing of this name has no level of its own."""
    for one in fleet.services:
        labels = {**sample(fleet, terms_of(one.where)), label: name}
        if not any(c.names and c.accepts(labels) for rule in rules for c in (*rule.classes, *rule.apart)):
            return one
    return None
