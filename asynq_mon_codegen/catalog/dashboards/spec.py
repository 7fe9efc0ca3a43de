"""What stands on a dashboard, as frozen values: queries as typed expressions, nothing of Grafana's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from attrs import field, frozen

from asynq_mon_codegen.promql import Expr, Record, Series, Source

__all__ = [
    "Column",
    "Dashboard",
    "Distribution",
    "Graph",
    "LabelColumn",
    "Line",
    "Number",
    "Panel",
    "Row",
    "Shown",
    "States",
    "Steps",
    "Table",
    "TimeWithin",
    "ValueColumn",
    "Variable",
    "records_in",
]


@frozen(kw_only=True)
class TimeWithin:
    """The share of ``window`` in which the signal of ``alert`` kept its warning level, per queue."""

    alert: str
    window: str


@frozen
class Line:
    """One query: ``expr``, Grafana's legend pattern (``{{queue}}``), and a fixed colour where it means something.

    ``dashed`` is for limits, such as a memory limit, drawn beside what they limit.
    """

    expr: Expr | TimeWithin
    legend: str = ""
    color: str = field(default="", kw_only=True)
    dashed: bool = field(default=False, kw_only=True)


@frozen
class Shown:
    """``text`` (and ``color``) in place of the number or label value ``value``."""

    value: float | str
    text: str
    color: str = ""


@frozen
class Steps:
    """The colour below the first step, then (value, colour) steps that rise, in the panel's unit."""

    base: str
    steps: tuple[tuple[float, str], ...] = ()


def _lines(value: Line | Expr | Iterable[Line]) -> tuple[Line, ...]:
    if isinstance(value, Line):
        return (value,)
    return (Line(value),) if isinstance(value, Expr) else tuple(value)


@frozen(kw_only=True)
class Panel:
    """What all panels have: ``key`` names it within its row for good, ``unit`` is Grafana's identifier.

    ``text`` says what it shows, how to read it and what is normal. ``levels`` is the alert whose
    thresholds are drawn; its signal is the panel's first line. ``opens`` is the uid of the
    dashboard that a click on a series opens, with the labels of the series.
    """

    key: str
    title: str
    text: str
    lines: tuple[Line, ...] = field(converter=_lines)
    unit: str
    w: int = 8
    h: int = 8
    levels: str = ""
    steps: Steps | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    opens: str = ""


@frozen(kw_only=True)
class Graph(Panel):
    """Lines over time; ``stack`` adds them up, ``bars`` draws counts of events.

    The axis reaches at least up to ``soft_maximum``, so that noise near 0 looks like noise.
    """

    soft_maximum: float | None = None
    stack: bool = False
    bars: bool = False
    log_scale: bool = False
    legend: Literal["list", "table", "table-right", "hidden"] = "list"


@frozen(kw_only=True)
class Number(Panel):
    """One big number; ``filled`` colours the whole tile, ``shown`` are words for numbers, ``no_value`` for none."""

    w: int = 4
    h: int = 4
    filled: bool = False
    spark: bool = True
    shown: tuple[Shown, ...] = ()
    no_value: str = ""


@frozen(kw_only=True)
class Distribution(Panel):
    """A histogram over time: its one line gives the buckets by ``le``."""

    w: int = 12


@frozen(kw_only=True)
class States(Panel):
    """States over time, one lane a series."""

    w: int = 12
    shown: tuple[Shown, ...] = ()


@frozen(kw_only=True)
class LabelColumn:
    """A column of label values; ``opens`` a dashboard with this value chosen, ``runbook`` the alert's runbook."""

    label: str
    title: str
    opens: str = ""
    runbook: bool = False
    shown: tuple[Shown, ...] = ()


@frozen(kw_only=True)
class ValueColumn:
    """A column of values of the line at position ``line``; ``levels`` colours them by an alert's thresholds.

    ``no_value`` is shown in place of 0 divided by 0.
    """

    line: int
    title: str
    unit: str
    levels: str = ""
    steps: Steps | None = None
    shown: tuple[Shown, ...] = ()
    decimals: int | None = None
    no_value: str = ""


Column = LabelColumn | ValueColumn


@frozen(kw_only=True)
class Table(Panel):
    """A row for each set of labels that the lines have in common, read at the end of the range."""

    w: int = 24
    columns: tuple[Column, ...]
    sort_by: str = ""


@frozen(kw_only=True)
class Row:
    """Panels under a title; ``group`` names the rule group without which the row is left out."""

    key: str
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False
    group: str = ""


@frozen(kw_only=True)
class Variable:
    """A choice of values of ``label``, looked up in ``series``.

    It filters every series with this label; with ``sources``, only metrics of these, for one label
    (``instance``) means something else for a host than for a worker.
    """

    name: str
    title: str
    series: Series
    label: str
    sources: tuple[Source, ...] = ()
    all: bool = True


@frozen(kw_only=True)
class Dashboard:
    """One dashboard: ``anchor`` is a series in which the identity labels are looked up."""

    uid: str
    title: str
    text: str
    anchor: Series
    variables: tuple[Variable, ...] = ()
    rows: tuple[Row, ...]
    time_from: str = "now-6h"

    def rows_for(self, groups: Iterable[str]) -> tuple[Row, ...]:
        """The rows that make sense where these rule groups exist."""
        known = frozenset(groups)
        return tuple(row for row in self.rows if not row.group or row.group in known)

    def panels(self) -> Iterator[Panel]:
        """Every panel in order."""
        for row in self.rows:
            yield from row.panels


def records_in(dashboard: Dashboard, groups: Iterable[str]) -> Iterator[Record]:
    """The recorded series that its queries and variables read, each after those that it is made of."""
    read = [v.series for v in dashboard.variables] + [dashboard.anchor]
    lines = [line.expr for row in dashboard.rows_for(groups) for panel in row.panels for line in panel.lines]
    for expr in (*read, *(e for e in lines if isinstance(e, Expr))):
        for node in reversed(list(expr.walk())):
            if isinstance(node, Record):
                yield node.bare()
