"""Service levels: how good each queue was, over the time range and over fixed spans."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import QUEUE, top
from asynq_mon_codegen.catalog.dashboards.spec import (
    Dashboard,
    Graph,
    LabelColumn,
    Line,
    Row,
    Steps,
    Table,
    TimeWithin,
    ValueColumn,
)
from asynq_mon_codegen.catalog.metrics.asynq import TASKS_FAILED, TASKS_PROCESSED
from asynq_mon_codegen.catalog.records import FAILED, LATENCY, PENDING, PROCESSED
from asynq_mon_codegen.promql import RANGE, Expr

__all__ = ["SERVICE_LEVELS", "success_over"]

_WAIT = "AsynqQueueWaitHigh"
_GOOD = Steps("red", ((0.9, "orange"), (0.99, "green")))


def success_over(window: str) -> Expr:
    """Successful over all attempts of the window; recorded rates are averaged, so a reset costs 5 minutes of it."""
    return 1 - FAILED.avg_over(window) / PROCESSED.avg_over(window)


_RANGE_SUCCESS = 1 - TASKS_FAILED.increase(RANGE).max(by="queue") / TASKS_PROCESSED.increase(RANGE).max(by="queue")

_TABLE = Table(
    key="table",
    title="Success and wait by queue",
    text="Success: attempts without an error over all attempts, retries counted as attempts of their own. "
    "In time: share of the time in which the oldest pending task was younger than the queue's warning level, pauses "
    "included. Empty: nothing was processed. Colours are 99 % and 90 %, not a declared objective.",
    lines=(
        Line(_RANGE_SUCCESS),
        Line(success_over("1h")),
        Line(success_over("1d")),
        Line(success_over("7d")),
        Line(TimeWithin(alert=_WAIT, window=RANGE)),
        Line(TimeWithin(alert=_WAIT, window="1d")),
        Line(TASKS_PROCESSED.increase(RANGE).max(by="queue")),
    ),
    unit="percentunit",
    h=8,
    columns=(
        LabelColumn(label="queue", title="Queue", opens="asynq-queue"),
        ValueColumn(line=0, title="Success, time range", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=1, title="Success, 1 h", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=2, title="Success, 24 h", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=3, title="Success, 7 d", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=4, title="In time, time range", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=5, title="In time, 24 h", unit="percentunit", decimals=2, steps=_GOOD),
        ValueColumn(line=6, title="Attempts, time range", unit="short", decimals=0),
    ),
    sort_by="Attempts, time range",
)

_HISTORY = Row(
    key="history",
    title="History",
    panels=(
        Graph(
            key="hour",
            title="Success ratio, last hour",
            text="Attempts without an error over all attempts, for the hour before each moment: reacts within minutes.",
            lines=Line(top(15, success_over("1h")), "{{queue}}"),
            unit="percentunit",
            maximum=1,
        ),
        Graph(
            key="day",
            title="Success ratio, last 24 hours",
            text="The same for the day before each moment: what remains after bursts have averaged out. "
            "A younger Prometheus averages what it has.",
            lines=Line(top(15, success_over("1d")), "{{queue}}"),
            unit="percentunit",
            maximum=1,
        ),
        Graph(
            key="wait",
            title="Oldest wait against its level",
            text="Age of the oldest pending task with the levels that 'in time' counts against. "
            "It is the worst task of each moment, not a distribution.",
            lines=Line(LATENCY, "{{queue}}"),
            unit="s",
            minimum=0,
            levels=_WAIT,
        ),
    ),
)

SERVICE_LEVELS = Dashboard(
    uid="asynq-slo",
    title="Asynq / Service levels",
    text="How good each queue was: share of attempts that succeeded, share of time in which nobody waited too long.",
    anchor=PENDING,
    variables=(QUEUE,),
    rows=(Row(key="now", title="Service levels", panels=(_TABLE,)), _HISTORY),
    time_from="now-24h",
)
