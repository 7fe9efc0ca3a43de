"""The queues and task types with holds or floors of their own, as their test cases need them."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.generators.fleet_cases import SHOWN, Place
from asynq_mon_codegen.model import Alert, Fleet
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.fleet import sample
from asynq_mon_codegen.plan.own import Own
from asynq_mon_codegen.promql import ForEach

__all__ = ["Thing", "things_of"]


@frozen(kw_only=True)
class Thing:
    """One queue or task type; ``label`` says which, ``rules`` are those that judge it, of all severities.

    ``place`` is the deployment that it is in, where that is not the world's own.
    """

    label: str
    name: str
    words: str
    own: Own
    rules: tuple[PlannedAlert, ...]
    place: Place | None = None


def things_of(plan: Plan, alert: Alert) -> Iterator[Thing]:
    """One of each kind: things that differ in name only are tested once, in a fleet a few of all."""
    fleet = plan.monitoring if isinstance(plan.monitoring, Fleet) else None
    if fleet is not None and any(isinstance(e, ForEach) for e in alert.signal.expr.walk()):
        return
    several = plan.every_rule_of(alert)
    seen: set[object] = set()
    for rule in plan.own_rules_of(alert):
        cls = rule.classes[0]
        fixed = cls.fixed()
        label = next((name for name in ("task_type", "queue") if name in fixed), "")
        identity = {} if fleet is None else sample(fleet, cls.terms)
        series = {**identity, **fixed}
        rules = tuple(r for r in several if r.covers(series))
        kind = tuple((r.severity, r.hold, r.own, r.class_for(series).level) for r in rules)
        if not label or rule.own is None or kind in seen or (fleet is not None and len(seen) >= SHOWN):
            continue
        seen.add(kind)
        name = fixed[label]
        floor = next((r.own.floor for r in rules if r.own is not None and r.own.floor is not None), None)
        hold = next((r.own.hold for r in rules if r.own is not None and r.own.hold is not None), None)
        words = f"{label} {name!r}" if fleet is None else cls.names[0]
        place = None if fleet is None else Place(words=words, identity=identity, label=label, name=name)
        yield Thing(label=label, name=name, words=words, own=Own(hold=hold, floor=floor), rules=rules, place=place)
