"""Overview: every queue at a glance, and which one to open."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import (
    BAD,
    NOTIFYING,
    QUEUE,
    count_or_zero,
    firing_table,
    overall,
    top,
)
from asynq_mon_codegen.catalog.dashboards.spec import (
    Dashboard,
    Graph,
    LabelColumn,
    Line,
    Number,
    Row,
    Shown,
    Steps,
    Table,
    ValueColumn,
)
from asynq_mon_codegen.catalog.failures import FAILURE_RATIO_5M
from asynq_mon_codegen.catalog.records import ARCHIVED, FAILED, LATENCY, PAUSED, PENDING, PROCESSED, RETRY, SUCCEEDED
from asynq_mon_codegen.catalog.targets import WORKERS_UP
from asynq_mon_codegen.catalog.waiting import OLDEST_PENDING, TIME_TO_DRAIN

__all__ = ["OVERVIEW"]

_QUEUES_DRAWN = 15

_STATS = Row(
    key="now",
    title="Now",
    panels=(
        Number(
            key="critical",
            title="Critical alerts",
            text="Alerts of severity critical that fire now, for the chosen queues and for what they share. 0 is "
            "normal.",
            lines=Line(count_or_zero(NOTIFYING.where(severity="critical"))),
            unit="short",
            w=3,
            filled=True,
            spark=False,
            steps=BAD,
        ),
        Number(
            key="warning",
            title="Warnings",
            text="Alerts of severity warning that fire now, for the chosen queues and for what they share. 0 is "
            "normal.",
            lines=Line(count_or_zero(NOTIFYING.where(severity="warning"))),
            unit="short",
            w=3,
            filled=True,
            spark=False,
            steps=Steps("green", ((1, "orange"),)),
        ),
        Number(
            key="pending",
            title="Pending",
            text="Tasks that wait for a worker, all chosen queues together. A number alone says little: "
            "1,000 tasks may be a second's work. Read it beside the oldest wait.",
            lines=Line(overall("sum", PENDING)),
            unit="short",
            w=3,
        ),
        Number(
            key="wait",
            title="Oldest wait",
            text="Age of the oldest pending task of the worst queue. Up to 1.5 s is normal: workers poll once a "
            "second. "
            "It reads 0 for tasks that a stopping worker put back, so look at Pending and Processed too.",
            lines=Line(overall("max", LATENCY)),
            levels="AsynqQueueWaitHigh",
            unit="s",
            w=3,
        ),
        Number(
            key="failures",
            title="Failure ratio",
            text="Failed attempts over all attempts of the last 5 minutes, all chosen queues together. "
            "Each retry is an attempt of its own. Small queues vanish in this sum: the table shows each.",
            lines=Line(overall("sum", FAILED) / overall("sum", PROCESSED)),
            levels="AsynqTaskFailureRatioHigh",
            unit="percentunit",
            w=3,
            decimals=1,
            no_value="idle",
        ),
        Number(
            key="processed",
            title="Processed",
            text="Finished attempts per second over the last 5 minutes, failed ones included. "
            "It rises when tasks fail, because retries count again.",
            lines=Line(overall("sum", PROCESSED)),
            unit="ops",
            w=3,
            decimals=1,
        ),
        Number(
            key="workers",
            title="Workers up",
            text="Worker processes that answered the last scrape. It may fall for a minute during a deployment.",
            lines=Line(overall("sum", WORKERS_UP)),
            unit="short",
            w=2,
            steps=Steps("red", ((1, "green"),)),
            opens="asynq-workers",
            no_value="none",
        ),
        Number(
            key="archived",
            title="Archived",
            text="Dead-letter tasks of the chosen queues: given up after their last attempt. "
            "Each queue keeps 9,999 at most, then asynq silently drops the oldest.",
            lines=Line(overall("sum", ARCHIVED)),
            unit="short",
            w=2,
        ),
        Number(
            key="paused",
            title="Paused",
            text="Queues that somebody paused: no worker takes their tasks until they are resumed. 0 is normal.",
            lines=Line(overall("sum", PAUSED)),
            unit="short",
            w=2,
            spark=False,
            steps=Steps("green", ((1, "blue"),)),
        ),
    ),
)

QUEUE_TABLE = Table(
    key="table",
    title="Queues",
    text="One line per queue; click its name for the queue's own dashboard. Alert is the worst severity that fires for "
    "it. Drain is pending over successes per second: how long the backlog takes if nothing new comes; empty when idle, "
    "infinite when nothing succeeds. Where queues have thresholds of their own, only Alert is coloured.",
    lines=(
        Line(PENDING),
        Line(
            (
                NOTIFYING.where(severity="critical")
                .max(by="queue")
                .or_(NOTIFYING.where(severity="warning").max(by="queue") * 0.5)
            ).and_(PENDING)
        ),
        Line(LATENCY),
        Line(PROCESSED),
        Line(FAILURE_RATIO_5M),
        Line(RETRY),
        Line(ARCHIVED),
        Line(PAUSED),
        Line(TIME_TO_DRAIN.expr),
    ),
    unit="short",
    h=8,
    columns=(
        LabelColumn(label="queue", title="Queue", opens="asynq-queue"),
        ValueColumn(
            line=1,
            title="Alert",
            unit="none",
            shown=(Shown(1, "critical", "red"), Shown(0.5, "warning", "orange")),
            steps=Steps("text"),
        ),
        ValueColumn(line=0, title="Pending", unit="short"),
        ValueColumn(line=2, title="Oldest wait", unit="s", levels="AsynqQueueWaitHigh"),
        ValueColumn(line=3, title="Processed/s", unit="ops", decimals=2),
        ValueColumn(
            line=4,
            title="Failure ratio",
            unit="percentunit",
            levels="AsynqTaskFailureRatioHigh",
            decimals=1,
            no_value="idle",
        ),
        ValueColumn(line=5, title="Retry", unit="short"),
        ValueColumn(line=6, title="Archived", unit="short"),
        ValueColumn(line=7, title="State", unit="none", shown=(Shown(0, "running"), Shown(1, "paused", "blue"))),
        ValueColumn(line=8, title="Drain", unit="s", levels="AsynqQueueBacklogNotDraining", no_value="idle"),
    ),
    sort_by="Pending",
)

_GRAPHS = Row(
    key="history",
    title="History",
    panels=(
        Graph(
            key="wait",
            title="Oldest wait by queue",
            text=f"Age of the oldest pending task, the {_QUEUES_DRAWN} worst queues. {OLDEST_PENDING.description} "
            "A straight rise of one second per second means that nobody takes tasks of this queue.",
            lines=Line(top(_QUEUES_DRAWN, LATENCY), "{{queue}}"),
            unit="s",
            minimum=0,
            levels="AsynqQueueWaitHigh",
            opens="asynq-queue",
        ),
        Graph(
            key="pending",
            title="Pending by queue",
            text=f"Tasks that wait for a worker, the {_QUEUES_DRAWN} longest queues. Waves that drain are normal; "
            "a floor that rises from wave to wave is too little capacity.",
            lines=Line(top(_QUEUES_DRAWN, PENDING), "{{queue}}"),
            unit="short",
            minimum=0,
            opens="asynq-queue",
        ),
        Graph(
            key="work",
            title="Succeeded and failed",
            text="Attempts per second over 5 minutes, all chosen queues together, stacked: the top edge is everything "
            "processed. Red that grows with a steady green is retries, not new work.",
            lines=(
                Line(overall("sum", SUCCEEDED), "succeeded", color="green"),
                Line(overall("sum", FAILED), "failed", color="red"),
            ),
            unit="ops",
            minimum=0,
            stack=True,
        ),
    ),
)

OVERVIEW = Dashboard(
    uid="asynq-overview",
    title="Asynq / Overview",
    text="Every asynq queue at a glance: what waits, what fails, what is given up, and which alerts fire.",
    anchor=PENDING,
    variables=(QUEUE,),
    rows=(
        _STATS,
        Row(key="queues", title="Queues", panels=(QUEUE_TABLE,)),
        _GRAPHS,
        Row(key="alerts", title="Alerts", panels=(firing_table("firing", h=6),)),
    ),
)
