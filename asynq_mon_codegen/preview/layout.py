"""The rows and panels of a dashboard with their places, repeated ones written out for the chosen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from asynq_mon_codegen.preview.variables import Variable, filled_text

__all__ = ["Place", "Placed", "Section", "sections_of"]

_COLUMNS = 24


@frozen
class Place:
    """Left edge and width of 24 columns, top edge within the section and height in Grafana's grid units."""

    x: int
    y: int
    w: int
    h: int


@frozen(kw_only=True)
class Placed:
    """One panel as Grafana's JSON, where it stands, and the variables as they are inside it."""

    panel: Mapping[str, Any]
    place: Place
    variables: tuple[Variable, ...]


@frozen(kw_only=True)
class Section:
    """A row and its panels; without a title the panels above the first row."""

    title: str = ""
    collapsed: bool = False
    panels: tuple[Placed, ...] = field(default=())


def sections_of(board: Mapping[str, Any], variables: Sequence[Variable]) -> tuple[Section, ...]:
    """The dashboard from top to bottom."""
    out: list[Section] = []
    for row, panels in _by_row(board.get("panels", ())):
        for inside in _repeated(row.get("repeat"), variables):
            placed = tuple(_placed(panels, inside))
            if placed or row:
                title = filled_text(row.get("title", ""), inside)
                out.append(Section(title=title, collapsed=bool(row.get("collapsed")), panels=placed))
    return tuple(out)


def _by_row(
    panels: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]:
    """Each row with its panels, which stand inside it when it is collapsed and after it when it is open."""
    row: Mapping[str, Any] = {}
    inside: list[Mapping[str, Any]] = []
    for panel in sorted(panels, key=lambda one: (one["gridPos"]["y"], one["gridPos"]["x"])):
        if panel["type"] != "row":
            inside.append(panel)
            continue
        yield row, inside
        row, inside = panel, list(panel.get("panels") or ())
    yield row, inside


def _repeated(name: str | None, variables: Sequence[Variable]) -> Iterator[tuple[Variable, ...]]:
    """The variables once for each chosen value of ``name``, or once as they are."""
    found = next((one for one in variables if one.name == name), None)
    if found is None or not found.chosen:
        yield tuple(variables)
        return
    for value in found.chosen:
        yield tuple(one.only(value) if one is found else one for one in variables)


def _placed(panels: Sequence[Mapping[str, Any]], variables: Sequence[Variable]) -> Iterator[Placed]:
    """The panels from the section's top on; what a repeated panel adds pushes down what stands below or beside it."""
    top = min((panel["gridPos"]["y"] for panel in panels), default=0)
    pushed = 0
    for number, panel in enumerate(panels):
        spot = panel["gridPos"]
        first = Place(spot["x"], spot["y"] - top + pushed, spot["w"], spot["h"])
        copies = list(_repeated(panel.get("repeat"), variables))
        places = [first] if len(copies) == 1 else _places(panel, first, len(copies))
        beside = any(other["gridPos"]["y"] < spot["y"] + spot["h"] for other in panels[number + 1 :])
        if len(copies) > 1:
            pushed += places[-1].y + places[-1].h - first.y - (0 if beside else first.h)
        for place, inside in zip(places, copies, strict=True):
            yield Placed(panel=panel, place=place, variables=inside)


def _places(panel: Mapping[str, Any], first: Place, count: int) -> list[Place]:
    """Side by side, at most ``maxPerRow`` in a line, or with the direction v below each other."""
    if panel.get("repeatDirection", "h") == "v":
        return [evolve(first, y=first.y + i * first.h) for i in range(count)]
    in_line = min(count, panel.get("maxPerRow") or 4)
    width = _COLUMNS // in_line
    return [Place(i % in_line * width, first.y + i // in_line * first.h, width, first.h) for i in range(count)]
