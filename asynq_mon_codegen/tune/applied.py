"""A declaration with changes, as a value: what the edited file will say, before anything is edited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.engine.rules import RuleSet, rules_of
from asynq_mon_codegen.generators import rules
from asynq_mon_codegen.model import Monitoring, Queue, TaskType
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.tune.changes import AlertChange, Change, OwnChange

__all__ = ["applied", "planned", "rules_from", "sound"]


def applied(monitoring: Monitoring, changes: Iterable[Change]) -> Monitoring:
    """The declaration with these changes; a queue or task type that was not declared becomes an optional one.

    Raises:
        DeclarationError: a change does not fit.
    """
    for change in changes:
        if isinstance(change, AlertChange):
            monitoring = _for_all(monitoring, change)
        elif change.owner == "queue":
            queues = {q.name: q for q in monitoring.queues}
            queue = queues.get(change.name) or Queue(change.name, optional=True)
            queues[change.name] = evolve(queue, **_with(queue, change))
            monitoring = evolve(monitoring, queues=tuple(queues.values()))
        else:
            types = {t.name: t for t in monitoring.task_types}
            kind = types.get(change.name) or TaskType(change.name)
            types[change.name] = evolve(kind, **_with(kind, change))
            monitoring = evolve(monitoring, task_types=tuple(types.values()))
    return monitoring


def planned(monitoring: Monitoring) -> Plan:
    """Everything decided, as `generate` does."""
    return resolve(monitoring, dashboard_records(monitoring))


def rules_from(plan: Plan) -> RuleSet:
    """The rules as their files have them."""
    return rules_of({a.path: a.text for a in rules.generate(plan)})


def sound(plan: Plan) -> bool:
    """Whether no check finds anything: a level beyond what a metric can reach is none to propose."""
    return not registry.run(plan)


def _for_all(monitoring: Monitoring, change: AlertChange) -> Monitoring:
    alert = monitoring.alerts[change.alert]
    if change.hold is not None:
        alert = evolve(alert, hold=change.hold)
    if change.when is not None:
        alert = evolve(alert, when=change.when)
    if change.floor is not None:
        alert = alert.with_floor(change.floor)
    return evolve(monitoring, alerts=monitoring.alerts.replace(alert))


def _with(one: Queue | TaskType, change: OwnChange) -> dict[str, Any]:
    """The argument with the change, which takes the place of what is said of this alert."""
    kept = (pair for pair in getattr(one, change.argument) if pair[0] != change.alert)
    return {change.argument: (*kept, (change.alert, change.value))}
