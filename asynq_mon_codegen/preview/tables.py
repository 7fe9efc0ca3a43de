"""Rows and columns of a table panel: instant answers, merged and organized as the panel's transformations say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

__all__ = ["UNDERSTOOD", "Table", "table_of"]

Cell = str | float | None
UNDERSTOOD = frozenset({"merge", "organize", "sortBy", "labelsToFields"})
"""Transformations that a preview carries out."""


@frozen(kw_only=True)
class Table:
    """Columns by what they are called, and a cell (None where there is nothing) for each in every row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...] = field(default=())


def table_of(answers: Mapping[str, Sequence[Mapping[str, Any]]], transformations: Sequence[Mapping[str, Any]]) -> Table:
    """The table of answers by refId."""
    table = _merged(answers)
    for one in transformations:
        table = _CARRY_OUT.get(one["id"], _unchanged)(table, one.get("options", {}))
    return table


def _merged(answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """A row for each set of labels: Time, the labels in order, a column of values for each query."""
    names = {ref: "Value" if len(answers) == 1 else f"Value #{ref}" for ref in answers}
    rows: dict[tuple[tuple[str, str], ...], dict[str, Cell]] = {}
    for ref, answer in answers.items():
        for one in answer:
            labels = dict(one.get("metric", {}))
            moment, text = one["value"] if "value" in one else one["values"][-1]
            row = rows.setdefault(tuple(sorted(labels.items())), {"Time": float(moment), **labels})
            value = float(text)
            row[names[ref]] = None if math.isnan(value) else value
    others = {name for row in rows.values() for name in row} - {"Time"} - set(names.values())
    columns = ("Time", *sorted(others), *(names[ref] for ref, answer in answers.items() if answer))
    return Table(columns=columns if rows else (), rows=tuple(tuple(map(row.get, columns)) for row in rows.values()))


def _organized(table: Table, options: Mapping[str, Any]) -> Table:
    out = options.get("excludeByName", {})
    order, titles = options.get("indexByName", {}), options.get("renameByName", {})
    kept = [name for name in table.columns if not out.get(name)]
    kept.sort(key=lambda name: order.get(name, len(order)))
    places = [table.columns.index(name) for name in kept]
    return Table(
        columns=tuple(titles.get(name) or name for name in kept),
        rows=tuple(tuple(row[place] for place in places) for row in table.rows),
    )


def _sorted(table: Table, options: Mapping[str, Any]) -> Table:
    rows = list(table.rows)
    for one in reversed(options.get("sort", ())):
        if one.get("field") in table.columns:
            place = table.columns.index(one["field"])
            rows.sort(key=lambda row: _order(row[place]), reverse=bool(one.get("desc")))
    return Table(columns=table.columns, rows=tuple(rows))


def _order(cell: Cell) -> tuple[int, float, str]:
    """Nothing first, then numbers, then texts."""
    if cell is None:
        return (0, 0.0, "")
    return (2, 0.0, cell) if isinstance(cell, str) else (1, cell, "")


def _unchanged(table: Table, _options: Mapping[str, Any]) -> Table:
    return table


_CARRY_OUT: Mapping[str, Callable[[Table, Mapping[str, Any]], Table]] = {"organize": _organized, "sortBy": _sorted}
