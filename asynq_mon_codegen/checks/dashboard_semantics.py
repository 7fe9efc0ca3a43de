"""What a JSON Schema cannot say about a dashboard: its parts fit each other, and its queries fit the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from attrs import frozen

from asynq_mon_codegen.checks.dashboard_queries import (
    BUILT_IN_VARIABLES,
    expression_faults,
    lookup_faults,
    variables_in,
)
from asynq_mon_codegen.errors import Problem, did_you_mean

__all__ = ["check_dashboard"]

_COLUMNS = 24
_SHORTEST_DESCRIPTION = 10
_WITHOUT_UNIT = frozenset({"logs", "text"})


@frozen
class _Fault:
    """A finding before it knows its dashboard; ``panel`` is a title, empty for the dashboard itself."""

    panel: str
    message: str
    hint: str = ""


def check_dashboard(dashboard: Mapping[str, Any], known_metrics: frozenset[str]) -> tuple[Problem, ...]:
    """Everything that is wrong with ``dashboard`` in itself and against ``known_metrics``.

    ``known_metrics`` are all series names a query may read: ``_bucket`` and the like and recorded
    series included. Missing or mistyped keys are the schema's matter and are passed over here.
    """
    panels = list(_panels(dashboard.get("panels")))
    faults = [
        *_variable_faults(dashboard, known_metrics),
        *_annotation_faults(dashboard, known_metrics),
        *_id_faults(panels),
        *_grid_faults(dashboard.get("panels")),
        *(fault for panel in panels for fault in _panel_faults(panel, _declared(dashboard), known_metrics)),
    ]
    return tuple(_problem(dashboard, fault) for fault in dict.fromkeys(faults))


def _problem(dashboard: Mapping[str, Any], fault: _Fault) -> Problem:
    place = f"dashboard {dashboard.get('uid', '')}"
    where = f"{place}, panel {fault.panel!r}" if fault.panel else place
    return Problem(check="dashboard-semantics", message=fault.message, where=where, hint=fault.hint)


def _objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where the data has another form."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def _panels(panels: object) -> Iterator[Mapping[str, Any]]:
    for panel in _objects(panels):
        yield panel
        yield from _panels(panel.get("panels"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _strings(item)


def _get(value: object, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _variables(dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _objects(_get(dashboard, "templating", "list"))


def _declared(dashboard: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(variable.get("name")) for variable in _variables(dashboard))


def _undeclared(value: object, declared: frozenset[str], panel: str, place: str = "") -> Iterator[_Fault]:
    used = frozenset(name for text in _strings(value) for name in variables_in(text))
    for name in sorted(used - declared - BUILT_IN_VARIABLES):
        yield _Fault(panel, f"{place}undeclared variable ${name}", did_you_mean(name, declared))


def _repeated(values: Sequence[object]) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]


def _variable_faults(dashboard: Mapping[str, Any], known_metrics: frozenset[str]) -> Iterator[_Fault]:
    variables = _variables(dashboard)
    names = [str(variable.get("name")) for variable in variables]
    if names[:1] != ["prometheus_datasource"]:
        yield _Fault("", "the first variable is not prometheus_datasource, on which the others depend")
    for name in _repeated(names):
        yield _Fault("", f"variable ${name} is declared twice")
    for variable, name in zip(variables, names, strict=True):
        query = _get(variable, "query", "query")
        if isinstance(query, str):
            for message in lookup_faults(query, known_metrics):
                yield _Fault("", f"variable ${name}: {message}")
        others = frozenset(names) - {name}
        yield from _undeclared(variable, others, "", f"variable ${name}: ")


def _annotation_faults(dashboard: Mapping[str, Any], known_metrics: frozenset[str]) -> Iterator[_Fault]:
    for annotation in _objects(_get(dashboard, "annotations", "list")):
        place = f"annotation {annotation.get('name')!r}: "
        expr = _get(annotation, "target", "expr")
        if isinstance(expr, str):
            for message in expression_faults(expr, known_metrics):
                yield _Fault("", place + message)
        yield from _undeclared(annotation, _declared(dashboard), "", place)


def _id_faults(panels: Sequence[Mapping[str, Any]]) -> Iterator[_Fault]:
    for identity in _repeated([panel.get("id") for panel in panels if "id" in panel]):
        titles = ", ".join(repr(panel.get("title")) for panel in panels if panel.get("id") == identity)
        yield _Fault("", f"panel id {identity} belongs to {titles}")


def _grid_faults(panels: object) -> Iterator[_Fault]:
    """Panels inside a collapsed row have a grid of their own, so each list is looked at by itself."""
    placed = [(panel, box) for panel in _objects(panels) if (box := _box(panel))]
    for panel, (x, _, w, _) in placed:
        if x + w > _COLUMNS:
            yield _Fault(str(panel.get("title")), f"leaves the grid: x {x} + w {w} > {_COLUMNS}")
    for (panel, box), (other, other_box) in combinations(placed, 2):
        if _overlap(box, other_box):
            yield _Fault(str(panel.get("title")), f"overlaps panel {other.get('title')!r}")
    for panel in _objects(panels):
        yield from _grid_faults(panel.get("panels"))


def _box(panel: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    x, y, w, h = (_get(panel, "gridPos", key) for key in "xywh")
    whole = isinstance(x, int) and isinstance(y, int) and isinstance(w, int) and isinstance(h, int)
    return (x, y, w, h) if whole else None


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one, other
    return x1 < x2 + w2 and x2 < x1 + w1 and y1 < y2 + h2 and y2 < y1 + h1


def _panel_faults(
    panel: Mapping[str, Any], declared: frozenset[str], known_metrics: frozenset[str]
) -> Iterator[_Fault]:
    title = str(panel.get("title") or f"id {panel.get('id')}")
    own = {key: value for key, value in panel.items() if key != "panels"}
    yield from _undeclared(own, declared, title)
    if (repeat := panel.get("repeat")) and repeat not in declared:
        yield _Fault(title, f"repeats over the undeclared variable ${repeat}", did_you_mean(str(repeat), declared))
    if panel.get("type") == "row":
        if panel.get("panels") and not panel.get("collapsed"):
            yield _Fault(title, "an open row holds panels, which Grafana would not show")
        return
    yield from _text_faults(panel, title)
    yield from _target_faults(panel, title, known_metrics)


def _text_faults(panel: Mapping[str, Any], title: str) -> Iterator[_Fault]:
    if not panel.get("title"):
        yield _Fault(title, "has no title")
    if len(str(panel.get("description") or "")) < _SHORTEST_DESCRIPTION:
        yield _Fault(title, f"has no description of at least {_SHORTEST_DESCRIPTION} characters")
    unit = _get(panel, "fieldConfig", "defaults", "unit") or _get(panel, "options", "yAxis", "unit")
    if not unit and panel.get("type") not in _WITHOUT_UNIT:
        yield _Fault(title, "has no unit")


def _target_faults(panel: Mapping[str, Any], title: str, known_metrics: frozenset[str]) -> Iterator[_Fault]:
    targets = _objects(panel.get("targets"))
    refs = [target.get("refId") for target in targets]
    for ref in _repeated(refs):
        yield _Fault(title, f"refId {ref} is used twice")
    for target in targets:
        expr = target.get("expr")
        if isinstance(expr, str) and _get(target, "datasource", "type") == "prometheus":
            for message in expression_faults(expr, known_metrics):
                yield _Fault(title, f"query {target.get('refId')}: {message}")
    for override in _objects(_get(panel, "fieldConfig", "overrides")):
        matched = _get(override, "matcher", "options")
        if _get(override, "matcher", "id") == "byFrameRefID" and matched not in refs:
            yield _Fault(title, f"an override is for refId {matched}, which no query has")
