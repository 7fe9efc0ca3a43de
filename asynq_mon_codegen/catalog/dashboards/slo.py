"""Service levels: the budgets of those declared, and how good each queue was whether anything was declared or not."""

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
from asynq_mon_codegen.catalog.slo import (
    BUDGET_1H,
    BURN_1D,
    BURN_1H,
    BURN_3D,
    BURN_5M,
    BURN_6H,
    ERRORS_1H,
    GROUP,
    OBJECTIVE,
    REMAINING,
)
from asynq_mon_codegen.promql import RANGE, Expr

__all__ = ["SERVICE_LEVELS", "success_over"]

_WAIT = "AsynqQueueWaitHigh"
_TILE = "5m"
_GOOD = Steps("red", ((0.9, "orange"), (0.99, "green")))


def success_over(window: str) -> Expr:
    """Successful over all attempts of the window; recorded rates are averaged, so a reset costs 5 minutes of it."""
    # a rate over 5 minutes that is looked at every 5 counts each attempt once; all samples of days would be 10 times
    # as many to read
    return 1 - FAILED.avg_over(window, _TILE) / PROCESSED.avg_over(window, _TILE)


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

_LEFT = Steps("red", ((0.0, "orange"), (0.25, "green")))
_BURNS = Steps("green", ((1.0, "orange"), (6.0, "red")))
_NAMED = "{{slo}} {{queue}} {{task_type}}"

_BUDGETS = Table(
    key="table",
    title="Error budgets",
    text="Every declared service level and queue, the emptiest budget first. Left: share of the error budget of the "
    "whole window; below 0 more went wrong than was allowed. Burn: how many times as fast as it may the budget is "
    "being used up; at 1 it just lasts. Empty: no traffic. A Prometheus that is younger than the window, or keeps "
    "less, counts what it has.",
    lines=(
        Line(REMAINING),
        Line(OBJECTIVE),
        Line(BURN_5M),
        Line(BURN_1H),
        Line(BURN_6H),
        Line(BURN_1D),
        Line(BURN_3D),
        Line(ERRORS_1H),
    ),
    unit="percentunit",
    h=8,
    columns=(
        LabelColumn(label="slo", title="Service level"),
        LabelColumn(label="queue", title="Queue", opens="asynq-queue"),
        LabelColumn(label="task_type", title="Task type", opens="asynq-tasks"),
        ValueColumn(line=0, title="Budget left", unit="percentunit", decimals=1, steps=_LEFT),
        ValueColumn(line=1, title="Objective", unit="percentunit", decimals=3),
        ValueColumn(line=2, title="Burn, 5 m", unit="none", decimals=1, steps=_BURNS, no_value="idle"),
        ValueColumn(line=3, title="Burn, 1 h", unit="none", decimals=1, steps=_BURNS, no_value="idle"),
        ValueColumn(line=4, title="Burn, 6 h", unit="none", decimals=1, steps=_BURNS, no_value="idle"),
        ValueColumn(line=5, title="Burn, 1 d", unit="none", decimals=1, steps=_BURNS, no_value="idle"),
        ValueColumn(line=6, title="Burn, 3 d", unit="none", decimals=1, steps=_BURNS, no_value="idle"),
        ValueColumn(line=7, title="Errors, 1 h", unit="short", decimals=0),
    ),
    sort_by="Errors, 1 h",
)

_BUDGET = Row(
    key="budget",
    title="Error budgets",
    group=GROUP,
    panels=(
        _BUDGETS,
        Graph(
            key="left",
            title="Error budget left",
            text="What is left of each budget over its window. It falls while errors come faster than they may, and "
            "rises again as old errors leave the window. Below 0 the promise is broken.",
            lines=Line(REMAINING, _NAMED),
            unit="percentunit",
            maximum=1,
            w=12,
        ),
        Graph(
            key="burn",
            title="Burn rate, last hour",
            text="Errors of the hour before each moment over those allowed. 14.4 and 6 page over one and six hours in "
            "a window of 30 days; at 1 the budget just lasts. Gaps are hours without traffic.",
            lines=Line(top(15, BURN_1H), _NAMED),
            unit="none",
            minimum=0,
            soft_maximum=2,
            w=12,
        ),
        Graph(
            key="errors",
            title="Errors of the last hour",
            text="What was not good, as a count. Fewer than 10 never page, whatever share of a quiet queue they are.",
            lines=Line(top(15, ERRORS_1H), _NAMED),
            unit="short",
            minimum=0,
            w=12,
        ),
        Graph(
            key="allowed",
            title="Errors that may be, last hour",
            text="All events of the hour times what the objective leaves: the budget that this traffic earned.",
            lines=Line(top(15, BUDGET_1H), _NAMED),
            unit="short",
            minimum=0,
            w=12,
        ),
    ),
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
    rows=(_BUDGET, Row(key="now", title="Service levels", panels=(_TABLE,)), _HISTORY),
    time_from="now-24h",
)
