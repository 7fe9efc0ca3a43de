"""The table panel: instant queries side by side, one row for each set of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, Unpack

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.grafana.fields import Override, Thresholds, ValueMapping, override, threshold_steps
from asynq_mon_codegen.grafana.links import DataLink
from asynq_mon_codegen.grafana.panel import Panel, PanelSettings, finished, head
from asynq_mon_codegen.grafana.targets import Query, as_table, ref_ids

__all__ = ["Cell", "Column", "label_column", "table", "value_column"]

Cell: TypeAlias = Literal["auto", "color-text", "color-background", "gauge"]


@frozen(kw_only=True)
class Column:
    """One column: of the label ``label``, or of the values of the query at position ``query``."""

    title: str
    label: str = ""
    query: int = 0
    overrides: tuple[Override, ...] = ()


def label_column(
    label: str,
    title: str,
    *,
    links: Sequence[DataLink] = (),
    mappings: Sequence[ValueMapping] = (),
    cell: Cell = "auto",
    width: int | None = None,
) -> Column:
    """A column of label values; ``cell`` says how the colours of ``mappings`` show, ``width`` is in pixels."""
    custom: dict[str, Any] = {} if width is None else {"width": width}
    if cell != "auto":
        custom["cellOptions"] = {"type": cell}
    styled = bool(links or mappings or custom)
    style = (override(title, links=links, mappings=mappings, custom=custom),) if styled else ()
    return Column(title=title, label=label, overrides=style)


def value_column(
    query: int,
    title: str,
    unit: str,
    *,
    cell: Cell = "auto",
    steps: Thresholds | None = None,
    links: Sequence[DataLink] = (),
    mappings: Sequence[ValueMapping] = (),
    decimals: int | None = None,
    min: float | None = None,  # noqa: A002
    max: float | None = None,  # noqa: A002
    width: int | None = None,
) -> Column:
    """A column of the values of the target at position ``query``, counted from 0, in ``unit``.

    ``cell`` says how ``steps`` show: as the colour of the text or of the background, or as a bar.
    """
    custom: dict[str, Any] = {} if width is None else {"width": width}
    if cell == "gauge":
        custom["cellOptions"] = {"mode": "gradient", "type": "gauge", "valueDisplayMode": "text"}
    elif cell != "auto":
        custom["cellOptions"] = {"type": cell}
    style = override(
        title,
        unit=unit,
        decimals=decimals,
        min=min,
        max=max,
        steps=steps,
        links=links,
        mappings=mappings,
        custom=custom,
    )
    return Column(title=title, query=query, overrides=(style,))


def table(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    columns: Sequence[Column],
    sort_by: str = "",
    descending: bool = True,
    **settings: Unpack[PanelSettings],
) -> Panel:
    """A row for each set of labels that the targets have in common, in the order of ``columns``.

    The targets are read once, at the end of the range. ``unit`` is that of the columns without
    one of their own. DeclarationError when a column is of no target, a title occurs twice or
    ``sort_by`` is no column's title.
    """
    titles = [column.title for column in columns]
    if not titles or len(set(titles)) != len(titles):
        raise DeclarationError(f"table {title!r}: the columns need titles of their own: {titles}")
    if sort_by and sort_by not in titles:
        raise DeclarationError(f"table {title!r}: no column {sort_by!r} to sort by", did_you_mean(sort_by, titles))
    sources = [_source(column, len(targets), title) for column in columns]
    organize = {
        "excludeByName": {"Time": True},
        "indexByName": {source: position for position, source in enumerate(sources)},
        "renameByName": dict(zip(sources, titles, strict=True)),
    }
    arguments = head(title, description, [as_table(one) for one in targets], settings)
    grid = vendor.Table(
        **arguments,
        sortBy=[vendor.TableSortByField(sort_by, descending)] if sort_by else [],
        transformations=[{"id": "merge", "options": {}}, {"id": "organize", "options": organize}],
    )
    return finished(
        key,
        grid.to_json_data(),
        {**settings, "steps": settings.get("steps") or threshold_steps("green")},
        size=(24, 8),
        unit=unit,
        defaults={
            "color": {"mode": "thresholds"},
            "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False},
        },
        options={"cellHeight": "sm", "frameIndex": 0},
        overrides=[style for column in columns for style in column.overrides],
    )


def _source(column: Column, targets: int, table_title: str) -> str:
    """The field's name before renaming: Grafana calls the values "Value" or, of several queries, "Value #A"."""
    if column.label:
        return column.label
    if not 0 <= column.query < targets:
        raise DeclarationError(
            f"table {table_title!r}: column {column.title!r} is of query {column.query} of {targets}"
        )
    return "Value" if targets == 1 else f"Value #{ref_ids(targets)[column.query]}"
