"""Queue: one queue in depth."""

from __future__ import annotations

from asynq_mon_codegen.catalog.archive import ARCHIVE_GROWTH
from asynq_mon_codegen.catalog.dashboards.parts import QUEUE, overall
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Graph, Line, Number, Row, Shown, States, Steps
from asynq_mon_codegen.catalog.failures import FAILURE_RATIO, FAILURE_RATIO_5M, RETRY_WORK
from asynq_mon_codegen.catalog.metrics.asynq import QUEUE_MEMORY
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_DURATION, TASK_IN_PROGRESS, TASK_OUTCOMES
from asynq_mon_codegen.catalog.queue_flow import AGGREGATING, ARRIVED, COMPLETED, THROUGHPUT
from asynq_mon_codegen.catalog.records import (
    ACTIVE,
    ARCHIVED,
    FAILED,
    LATENCY,
    PAUSED,
    PENDING,
    PROCESSED,
    RETRY,
    SCHEDULED,
    SUCCEEDED,
)
from asynq_mon_codegen.catalog.waiting import TIME_TO_DRAIN
from asynq_mon_codegen.promql import RATE_INTERVAL

__all__ = ["QUEUE_BOARD"]

_PAUSED_WORDS = (Shown(0, "running", "green"), Shown(1, "paused", "blue"))

_NOW = Row(
    key="now",
    title="Now",
    panels=(
        Number(
            key="pending",
            title="Pending",
            text="Tasks of the chosen queue that wait for a worker.",
            lines=Line(PENDING, "{{queue}}"),
            unit="short",
            w=3,
        ),
        Number(
            key="wait",
            title="Oldest wait",
            text="Age of the oldest pending task. Up to 1.5 s is normal. 0 although tasks are pending: "
            "a stopping worker put them back, and asynq no longer knows their age.",
            lines=Line(LATENCY, "{{queue}}"),
            levels="AsynqQueueWaitHigh",
            unit="s",
            w=3,
        ),
        Number(
            key="drain",
            title="Time to drain",
            text="Pending tasks over successes per second. Infinite: nothing succeeds. No data: nothing to do.",
            lines=Line(TIME_TO_DRAIN.expr, "{{queue}}"),
            levels="AsynqQueueBacklogNotDraining",
            unit="s",
            w=3,
            no_value="idle",
        ),
        Number(
            key="processed",
            title="Processed",
            text="Finished attempts per second over 5 minutes, failed ones included.",
            lines=Line(PROCESSED, "{{queue}}"),
            unit="ops",
            w=3,
            decimals=1,
        ),
        Number(
            key="failures",
            title="Failure ratio",
            text="Failed attempts over all attempts of the last 5 minutes. On a quiet queue a single failure reads "
            "50 or 100 %: look at how many attempts there are.",
            lines=Line(FAILURE_RATIO_5M, "{{queue}}"),
            levels="AsynqTaskFailureRatioHigh",
            unit="percentunit",
            w=3,
            decimals=1,
            no_value="idle",
        ),
        Number(
            key="retry",
            title="Retry",
            text="Failed tasks that wait for their next attempt. The delay grows with each failure, up to days.",
            lines=Line(RETRY, "{{queue}}"),
            unit="short",
            w=3,
        ),
        Number(
            key="archived",
            title="Archived",
            text="Dead-letter tasks: given up after their last attempt. Nothing runs them again by itself.",
            lines=Line(ARCHIVED, "{{queue}}"),
            unit="short",
            w=3,
        ),
        Number(
            key="state",
            title="State",
            text="Whether somebody paused the queue. While it is paused tasks still come in, and none is taken.",
            lines=Line(PAUSED, "{{queue}}"),
            unit="none",
            w=3,
            filled=True,
            spark=False,
            shown=_PAUSED_WORDS,
            steps=Steps("green", ((1, "blue"),)),
        ),
    ),
)

_BACKLOG = Row(
    key="backlog",
    title="Backlog",
    panels=(
        Graph(
            key="wait",
            title="Oldest wait",
            text="Age of the oldest pending task against its alert levels. Saw teeth are bursts; a rise of one second "
            "per second means that no worker takes tasks of this queue.",
            lines=Line(LATENCY, "{{queue}}"),
            unit="s",
            minimum=0,
            levels="AsynqQueueWaitHigh",
        ),
        Graph(
            key="states",
            title="Tasks by state",
            text="Tasks by what they wait for, chosen queues together, stacked. Active stays high for up to two "
            "minutes "
            "after a worker crashed. Archived and completed tasks have panels of their own: they are no work to do.",
            lines=(
                Line(overall("sum", PENDING), "pending", color="orange"),
                Line(overall("sum", ACTIVE), "active", color="green"),
                Line(overall("sum", SCHEDULED), "scheduled", color="blue"),
                Line(overall("sum", RETRY), "retry", color="red"),
                Line(overall("sum", AGGREGATING), "aggregating", color="purple"),
            ),
            unit="short",
            minimum=0,
            stack=True,
        ),
        Graph(
            key="drain",
            title="Time to drain",
            text="How long the backlog takes at the present pace of successes if nothing new comes. "
            "Gaps: nothing pending and nothing done. It leaves the graph when nothing succeeds.",
            lines=Line(TIME_TO_DRAIN.expr, "{{queue}}"),
            unit="s",
            minimum=0,
            levels="AsynqQueueBacklogNotDraining",
        ),
    ),
)

_WORK = Row(
    key="work",
    title="Work",
    panels=(
        Graph(
            key="throughput",
            title="Succeeded and failed",
            text="Attempts per second over 5 minutes, chosen queues together, stacked. "
            "Tasks taken out by hand (deleted, archived in the CLI) count as neither.",
            lines=(
                Line(overall("sum", SUCCEEDED), "succeeded", color="green"),
                Line(overall("sum", FAILED), "failed", color="red"),
            ),
            unit="ops",
            minimum=0,
            stack=True,
        ),
        Graph(
            key="arrivals",
            title="Arrivals and processed",
            text="New tasks per second, estimated from successes and the growth of the queue, for asynq counts no "
            "enqueues. Arrivals above processed: the backlog grows. Deleting tasks by hand and the archive's cap "
            "falsify it.",
            lines=(
                Line(overall("sum", ARRIVED), "arrivals (estimate)", color="blue"),
                Line(overall("sum", PROCESSED), "processed", color="green"),
            ),
            unit="ops",
            minimum=0,
        ),
        Graph(
            key="failures",
            title="Failure ratio",
            text="Failed attempts over all, the lower of the last 2 and 5 minutes, against its alert levels. "
            "Gaps: nothing was processed.",
            lines=Line(FAILURE_RATIO.expr.max(by="queue"), "{{queue}}"),
            unit="percentunit",
            minimum=0,
            soft_maximum=0.1,
            levels="AsynqTaskFailureRatioHigh",
        ),
    ),
)

_USUAL = Row(
    key="usual",
    title="Against what is usual",
    panels=(
        Graph(
            key="surge",
            title="Arrivals and their limits",
            text="Estimated new tasks per second of each queue, and the alert's levels: multiples of the highest that "
            "is usual at this hour, learnt from earlier days and weeks. A queue less than two days old is held "
            "against its last hours.",
            lines=Line(ARRIVED, "{{queue}}"),
            unit="ops",
            w=12,
            minimum=0,
            levels="AsynqQueueSurge",
        ),
        Graph(
            key="stopped",
            title="Throughput and its lower limit",
            text="Attempts per second over 15 minutes, and a tenth of the least that is usual at this hour. No limit "
            "is drawn where it is too low to say anything.",
            lines=Line(THROUGHPUT, "{{queue}}"),
            unit="ops",
            w=12,
            minimum=0,
            levels="AsynqTrafficStopped",
        ),
    ),
)

_LEFT = Row(
    key="left",
    title="Left behind",
    panels=(
        Graph(
            key="retry",
            title="Waiting for a retry",
            text="Failed tasks between two attempts. A plateau is a steady rate of errors; a wall that grows is a "
            "dependency that is down, and comes back as a wave of work once it is up.",
            lines=Line(RETRY, "{{queue}}"),
            unit="short",
            minimum=0,
        ),
        Graph(
            key="archived",
            title="Archived",
            text="Dead-letter tasks. At 9,999 asynq drops the oldest for each new one, without a trace: a flat line "
            "there is silent loss. It falls when somebody runs or deletes them, and for those older than 90 days.",
            lines=Line(ARCHIVED, "{{queue}}"),
            unit="short",
            minimum=0,
            soft_maximum=10,
            levels="AsynqArchiveNearlyFull",
        ),
        Graph(
            key="retries",
            title="Retries as time of work",
            text="How long the workers would need for the waiting retries alone, at the pace of successes of the last "
            "30 minutes, against its alert levels. A few tasks on a busy queue are seconds.",
            lines=Line(RETRY_WORK.expr, "{{queue}}"),
            unit="s",
            minimum=0,
            levels="AsynqRetryBacklogHigh",
        ),
        Graph(
            key="given-up",
            title="Archived in 30 minutes",
            text="By how much the archive grew within 30 minutes, against its alert levels. 0 is normal. "
            "At the cap it reads 0 although tasks are given up: see Archived.",
            lines=Line(ARCHIVE_GROWTH, "{{queue}}"),
            unit="short",
            minimum=0,
            soft_maximum=10,
            levels="AsynqTasksArchived",
        ),
        Graph(
            key="kept",
            title="Completed and aggregating",
            text="Completed tasks are kept for their retention, if it has one. Aggregating tasks wait for their group: "
            "a line that never falls to 0 is a group that is never flushed.",
            lines=(Line(COMPLETED, "{{queue}} completed"), Line(AGGREGATING, "{{queue}} aggregating")),
            unit="short",
            minimum=0,
        ),
        Graph(
            key="memory",
            title="Memory in Redis",
            text="Redis memory of the queue, extrapolated by asynq from 20 tasks of each state: noisy where payloads "
            "differ. "
            "Results and unique locks are not in it.",
            lines=Line(QUEUE_MEMORY.max(by="queue"), "{{queue}}"),
            unit="bytes",
            minimum=0,
        ),
        States(
            key="paused",
            title="Paused",
            text="When the queue was paused by somebody, in the CLI, the web UI or by code.",
            lines=Line(PAUSED, "{{queue}}"),
            unit="none",
            w=24,
            h=5,
            shown=_PAUSED_WORDS,
        ),
    ),
)

_TYPES = Row(
    key="types",
    title="By task type (needs the instrumentation)",
    collapsed=True,
    panels=(
        Graph(
            key="outcomes",
            title="Attempts by task type",
            text="Finished attempts per second by task type, from the workers' own counters. Empty without the "
            "instrumentation.",
            lines=Line(overall("sum", TASK_OUTCOMES.rate(RATE_INTERVAL), "task_type"), "{{task_type}}"),
            unit="ops",
            minimum=0,
            stack=True,
            opens="asynq-tasks",
        ),
        Graph(
            key="duration",
            title="Duration, 95th percentile",
            text="95 of 100 attempts took at most this long, by task type. A handler that hangs is in here only when "
            "it returns.",
            lines=Line(TASK_DURATION.quantile(0.95, RATE_INTERVAL, by="task_type"), "{{task_type}}"),
            unit="s",
            minimum=0,
            opens="asynq-tasks",
        ),
        Graph(
            key="busy",
            title="Handlers running",
            text="Handlers of this queue that run now, by task type. All slots at one type: it holds up the others.",
            lines=Line(overall("sum", TASK_IN_PROGRESS, "task_type"), "{{task_type}}"),
            unit="short",
            minimum=0,
            stack=True,
            opens="asynq-tasks",
        ),
    ),
)

QUEUE_BOARD = Dashboard(
    uid="asynq-queue",
    title="Asynq / Queue",
    text="One queue in depth: its backlog and age, the work done, failures, retries, the archive and its state.",
    anchor=PENDING,
    variables=(QUEUE,),
    rows=(_NOW, _BACKLOG, _WORK, _USUAL, _LEFT, _TYPES),
)
