"""Task types: what the handlers do, from the workers' own instrumentation."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import QUEUE, TASK_TYPE, overall, top
from asynq_mon_codegen.catalog.dashboards.spec import (
    Dashboard,
    Distribution,
    Graph,
    LabelColumn,
    Line,
    Row,
    Table,
    ValueColumn,
)
from asynq_mon_codegen.catalog.failures import TASK_FAILURE_RATIO
from asynq_mon_codegen.catalog.handlers import ENQUEUE_ERROR_RATIO, LAST_SUCCESS, OLDEST_RUNNING
from asynq_mon_codegen.catalog.metrics.instrumentation import (
    CLIENT_ENQUEUES,
    SCHEDULER_ENQUEUE_ERRORS,
    TASK_DURATION,
    TASK_IN_PROGRESS,
    TASK_OUTCOMES,
    TASK_WAIT,
)
from asynq_mon_codegen.catalog.records import PENDING
from asynq_mon_codegen.promql import RATE_INTERVAL, time

__all__ = ["TASKS"]

_TYPE = ("queue", "task_type")
_LEGEND = "{{task_type}} ({{queue}})"
_ATTEMPTS = TASK_OUTCOMES.rate(RATE_INTERVAL)
_COLORS = {"succeeded": "green", "retried": "orange", "archived": "red", "revoked": "purple", "skipped": "blue"}
_RESULTS = {"ok": "green", "duplicate": "blue", "conflict": "purple", "error": "red"}


def _outcome(name: str, *by: str) -> Line:
    return Line(TASK_OUTCOMES.where(outcome=name).rate(RATE_INTERVAL).sum(by=by), _LEGEND)


_TABLE = Table(
    key="table",
    title="Task types",
    text="One line per queue and task type; click a type to see only that one. "
    "Rates are those of the last minutes before the end of the range. Needs the instrumentation.",
    lines=(
        Line(_ATTEMPTS.sum(by=_TYPE)),
        Line(TASK_OUTCOMES.where(outcome="succeeded").rate(RATE_INTERVAL).sum(by=_TYPE) / _ATTEMPTS.sum(by=_TYPE)),
        _outcome("retried", *_TYPE),
        _outcome("archived", *_TYPE),
        Line(TASK_DURATION.quantile(0.95, RATE_INTERVAL, by=_TYPE)),
        Line(TASK_IN_PROGRESS.sum(by=_TYPE)),
    ),
    unit="short",
    columns=(
        LabelColumn(label="queue", title="Queue", opens="asynq-queue"),
        LabelColumn(label="task_type", title="Task type", opens="asynq-tasks"),
        ValueColumn(line=0, title="Attempts/s", unit="ops", decimals=2),
        ValueColumn(line=1, title="Succeeded", unit="percentunit", decimals=1, no_value="idle"),
        ValueColumn(line=2, title="Retried/s", unit="ops", decimals=2),
        ValueColumn(line=3, title="Archived/s", unit="ops", decimals=3),
        ValueColumn(line=4, title="p95", unit="s", no_value="idle"),
        ValueColumn(line=5, title="Running", unit="short"),
    ),
    sort_by="Attempts/s",
)


def _quantile(q: float) -> Graph:
    percent = f"{q * 100:g}"
    return Graph(
        key=f"p{percent}",
        title=f"Duration, p{percent}",
        text=f"{percent} of 100 attempts took at most this long, by task type; exact only to the histogram's bounds. "
        "A handler that hangs is in here only when it returns: see the longest-running handler.",
        lines=Line(TASK_DURATION.quantile(q, RATE_INTERVAL, by=_TYPE), _LEGEND),
        unit="s",
        minimum=0,
        levels="AsynqTaskDurationHigh" if q == 0.95 else "",
    )


_DURATION = Row(
    key="duration",
    title="Duration",
    panels=(
        Distribution(
            key="heatmap",
            title="Duration of attempts",
            text="How many attempts a second took how long, chosen types together. Two bands are two kinds of work; "
            "a band at the timeout is a dependency that does not answer.",
            lines=Line(overall("sum", TASK_DURATION.buckets(RATE_INTERVAL), "le"), "{{le}}"),
            unit="s",
        ),
        Distribution(
            key="wait",
            title="Wait before the start",
            text="How many tasks a second waited how long from enqueueing to the start of their handler. "
            "Only tasks whose enqueue time travels in a header are in it; time in retry counts too.",
            lines=Line(overall("sum", TASK_WAIT.buckets(RATE_INTERVAL), "le"), "{{le}}"),
            unit="s",
        ),
        _quantile(0.5),
        _quantile(0.95),
        _quantile(0.99),
    ),
)

_OUTCOMES = Row(
    key="outcomes",
    title="Outcomes",
    panels=(
        Graph(
            key="all",
            title="Attempts by outcome",
            text="Finished attempts per second by outcome, stacked. Retried: failed with attempts left. Archived: "
            "given up. "
            "Revoked: the handler withdrew the task. Skipped: failed, but declared no failure.",
            lines=tuple(
                Line(
                    overall("sum", TASK_OUTCOMES.where(outcome=name).rate(RATE_INTERVAL)),
                    name,
                    color=color,
                )
                for name, color in _COLORS.items()
            ),
            unit="ops",
            minimum=0,
            w=6,
            stack=True,
        ),
        Graph(
            key="ratio",
            title="Failure ratio by task type",
            text="Retried and archived attempts over those that succeeded or failed, the lower of the last 2 and 5 "
            "minutes, "
            "against its alert levels. Revoked and skipped attempts count as neither.",
            lines=Line(TASK_FAILURE_RATIO.expr.max(by=_TYPE), _LEGEND),
            unit="percentunit",
            minimum=0,
            soft_maximum=0.1,
            w=6,
            levels="AsynqTaskTypeFailing",
        ),
        Graph(
            key="retried",
            title="Retries by task type",
            text="Attempts per second that failed and come again, by task type. One type alone: its code or its data; "
            "all types at once: a dependency that they share.",
            lines=_outcome("retried", *_TYPE),
            unit="ops",
            minimum=0,
            w=6,
        ),
        Graph(
            key="archived",
            title="Archived by task type",
            text="Tasks per second that were given up, by task type. 0 is normal; each one is work that nobody will do "
            "unless somebody runs it again.",
            lines=_outcome("archived", *_TYPE),
            unit="ops",
            minimum=0,
            w=6,
        ),
    ),
)

_RUNNING = Row(
    key="running",
    title="Running",
    panels=(
        Graph(
            key="busy",
            title="Handlers running",
            text="Handlers that run now, by task type, stacked. Samples of a moment: average by eye over minutes.",
            lines=Line(TASK_IN_PROGRESS.sum(by=_TYPE), _LEGEND),
            unit="short",
            minimum=0,
            w=6,
            stack=True,
        ),
        Graph(
            key="oldest",
            title="Longest-running handler",
            text="How long the handler that started first has been running, by task type. A line that rises without "
            "end "
            "is a handler that hangs; it holds its slot until the task's timeout, 30 minutes by default.",
            lines=Line(OLDEST_RUNNING.expr, _LEGEND),
            unit="s",
            minimum=0,
            w=6,
            levels="AsynqTaskStuck",
        ),
        Graph(
            key="enqueues",
            title="Enqueue calls by result",
            text="Calls of Enqueue per second on the producers' side. Duplicate and conflict are refusals by a unique "
            "lock "
            "or a task id that exists; error means that the task was lost unless the producer tries again.",
            lines=tuple(
                Line(overall("sum", CLIENT_ENQUEUES.where(result=name).rate(RATE_INTERVAL)), name, color=color)
                for name, color in _RESULTS.items()
            ),
            unit="ops",
            minimum=0,
            w=6,
            stack=True,
        ),
        Graph(
            key="refused",
            title="Enqueue errors",
            text="Calls of Enqueue that failed over all, the lower of the last 2 and 5 minutes, against its alert "
            "levels. "
            "0 is normal. Duplicates and conflicts are no errors: the task is in the queue already.",
            lines=Line(ENQUEUE_ERROR_RATIO.expr.max(by=_TYPE), _LEGEND),
            unit="percentunit",
            minimum=0,
            soft_maximum=0.05,
            w=6,
            levels="AsynqEnqueueErrors",
        ),
    ),
)

_PERIODIC = Row(
    key="periodic",
    title="Periodic tasks",
    panels=(
        Graph(
            key="success",
            title="Time since the last success",
            text="How long ago a task of this type last succeeded. A periodic task draws teeth as high as its period; "
            "one that keeps rising is no longer enqueued, or fails every time.",
            lines=Line(top(15, time() - LAST_SUCCESS.expr), "{{task_type}}"),
            unit="s",
            minimum=0,
            levels="AsynqPeriodicTaskMissing",
            w=12,
        ),
        Graph(
            key="errors",
            title="Scheduler's enqueue errors",
            text="Periodic tasks per second that the scheduler could not enqueue. 0 is normal; asynq itself logs "
            "nothing.",
            lines=Line(SCHEDULER_ENQUEUE_ERRORS.rate(RATE_INTERVAL).sum(by="task_type"), "{{task_type}}"),
            unit="ops",
            minimum=0,
            w=12,
        ),
    ),
)

TASKS = Dashboard(
    uid="asynq-tasks",
    title="Asynq / Task types",
    text="What the handlers do, by task type: durations, outcomes, waits. Everything here needs the instrumentation.",
    anchor=PENDING,
    variables=(QUEUE, TASK_TYPE),
    rows=(Row(key="now", title="Task types", panels=(_TABLE,)), _DURATION, _OUTCOMES, _RUNNING, _PERIODIC),
)
