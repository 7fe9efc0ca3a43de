"""A table of labels and the receivers that they must reach, made from the declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import frozen

from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.routing import Node, routing_tree

__all__ = ["RouteTest", "route_tests"]

_SERVICES = 3

Labels = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class RouteTest:
    """An alert with these labels goes to these receivers, in this order."""

    name: str
    labels: Labels
    receivers: tuple[str, ...]


def route_tests(plan: Plan) -> tuple[RouteTest, ...]:
    """At least one row for each alert and severity, each declared queue, and each route of the tree."""
    tree = routing_tree(plan.monitoring)
    rows = {labels: name for name, labels in reversed((*_by_alert(plan), *_by_queue(plan), *_by_route(plan, tree)))}
    cases = tuple(_case(tree, name, labels) for labels, name in reversed(rows.items()))
    return (*cases, _case(tree, "an alert of others", (("alertname", "NodeDown"), ("severity", "critical"))))


def _case(tree: Node, name: str, labels: Labels) -> RouteTest:
    return RouteTest(name=name, labels=labels, receivers=tuple(n.receiver for n in tree.matched(dict(labels))))


def _labels(alert: PlannedAlert, **series: str) -> Labels:
    return tuple({"alertname": alert.name, **alert.expected_labels(series)}.items())


def _by_alert(plan: Plan) -> Iterator[tuple[str, Labels]]:
    for alert in plan.alerts:
        yield f"{alert.name}, {alert.severity.value}", _labels(alert)


def _by_queue(plan: Plan) -> Iterator[tuple[str, Labels]]:
    """A queue's own alerts, the first of each severity."""
    for queue in plan.monitoring.queues:
        for severity in Severity:
            alert = next((a for a in plan.alerts if a.severity is severity and "queue" in a.label_names), None)
            if alert:
                yield f"queue {queue.name}, {severity.value}", _labels(alert, queue=queue.name)


def _by_route(plan: Plan, tree: Node) -> Iterator[tuple[str, Labels]]:
    """For each route of the tree what it asks for on the way to it, with each value of its criteria."""
    own = {"alertname": "AsynqExample", "service": plan.monitoring.service}
    for criteria in _paths(tree):
        # of a thousand services that are told alike a few will do
        values = {n: found if n != "service" else found[:_SERVICES] for n, found in criteria.items() if found}
        for i in range(max((len(v) for v in values.values()), default=0)):
            labels = {label: v[min(i, len(v) - 1)] for label, v in values.items()}
            words = ", ".join(f"{label}={value}" for label, value in labels.items() if label != "component")
            yield f"route of {words}", tuple({**own, **labels}.items())


def _paths(
    node: Node, above: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> Iterator[dict[str, tuple[str, ...]]]:
    here = dict(above)
    for c in node.criteria:
        here[c.label] = tuple(v for v in here.get(c.label, c.values) if v in c.values)
    if "severity" in here:
        yield here
    for route in node.routes:
        yield from _paths(route, here)
