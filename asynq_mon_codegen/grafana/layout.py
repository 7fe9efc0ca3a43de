"""Rows of panels, their places on Grafana's grid of 24 columns, and ids that stay when others come and go."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana.jsondata import JsonObject, only, plain, present
from asynq_mon_codegen.grafana.panel import Panel

__all__ = ["COLUMNS", "Row", "laid_out", "panel_id", "row"]

COLUMNS = 24
"""Width of a dashboard."""

_ROW_KEYS = ("collapsed", "gridPos", "id", "panels", "title", "type")


@frozen(kw_only=True)
class Row:
    """A row with a title; ``collapsed`` ones load their panels when opened, ``repeat`` names a variable."""

    key: str
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False
    repeat: str = ""


def row(key: str, title: str, *panels: Panel, collapsed: bool = False, repeat: str | None = None) -> Row:
    """A row of panels, wrapped where they do not fit into 24 columns; once for each value of ``repeat``.

    DeclarationError without a title, without panels, or when one is wider than the dashboard.
    """
    if not title.strip() or not panels:
        raise DeclarationError(f"row {key!r} needs a title and at least one panel")
    for panel in panels:
        if not (1 <= panel.w <= COLUMNS and panel.h >= 1):
            raise DeclarationError(f"panel {key}/{panel.key} has the impossible size {panel.w} x {panel.h}")
    return Row(key=key, title=title, panels=panels, collapsed=collapsed, repeat=repeat or "")


def panel_id(path: str) -> int:
    """The id of ``row`` or ``row/panel``: the same for the same keys, whatever stands around it."""
    return zlib.crc32(path.encode()) % 999_983 + 1


def laid_out(rows: Sequence[Row]) -> list[JsonObject]:
    """All rows and panels with ids and places; the panels of collapsed rows stand inside them.

    DeclarationError when two have the same key or, by bad luck, the same id.
    """
    _check_ids(rows)
    result: list[JsonObject] = []
    y = 0
    for one in rows:
        panels, height = _placed(one, y + 1)
        result.append(_row_json(one, y, panels if one.collapsed else []))
        if not one.collapsed:
            result.extend(panels)
        y += 1 if one.collapsed else 1 + height
    return result


def _paths(rows: Iterable[Row]) -> Iterator[str]:
    for one in rows:
        yield one.key
        yield from (f"{one.key}/{panel.key}" for panel in one.panels)


def _check_ids(rows: Iterable[Row]) -> None:
    paths_by_id: dict[int, str] = {}
    for path in _paths(rows):
        other = paths_by_id.setdefault(panel_id(path), path)
        if other == path and list(_paths(rows)).count(path) > 1:
            raise DeclarationError(f"the dashboard has {path!r} twice")
        if other != path:
            raise DeclarationError(f"{path!r} and {other!r} get the same panel id", "rename one of the keys")


def _placed(one: Row, top: int) -> tuple[list[JsonObject], int]:
    """The row's panels from ``top`` down, line by line, and their height."""
    result: list[JsonObject] = []
    x, y, line = 0, top, 0
    for panel in one.panels:
        if x + panel.w > COLUMNS:
            x, y, line = 0, y + line, 0
        place = {"h": panel.h, "w": panel.w, "x": x, "y": y}
        result.append({**panel.body, "gridPos": place, "id": panel_id(f"{one.key}/{panel.key}")})
        x, line = x + panel.w, max(line, panel.h)
    return result, y + line - top


def _row_json(one: Row, y: int, panels: list[JsonObject]) -> JsonObject:
    place = vendor.GridPos(h=1, w=COLUMNS, x=0, y=y)
    bare = vendor.RowPanel(title=one.title, collapsed=one.collapsed, gridPos=place, id=panel_id(one.key))
    return only(_ROW_KEYS, plain(bare)) | {"panels": panels} | present(repeat=one.repeat)
