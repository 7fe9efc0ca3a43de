"""Attempts fail: of a queue, of a task type, all of them at once, and what piles up for a retry."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.asynq import TASKS_FAILED, TASKS_PROCESSED
from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.probes import failures as probes
from asynq_mon_codegen.catalog.records import FAILED, PAUSED, PROCESSED, RETRY, SUCCEEDED
from asynq_mon_codegen.catalog.runbooks import failures as runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, floor, only, unless
from asynq_mon_codegen.promql import Expr, Record, seconds

GROUP = "failures"
_TASK = ("queue", "task_type")
_FAILURES = ("retried", "archived")
# revoked and skipped attempts (RevokeTask, IsFailure == false) are neither a success nor a failure:
# a task type that is rate-limited by skipping would otherwise hide its failures behind them
_DECIDED = ("succeeded", *_FAILURES)

# -- recorded series -----------------------------------------------------------------------------

FAILURE_RATIO_5M = Record(
    metric="asynq_tasks_failed",
    operations="ratio_rate5m",
    by="queue",
    expr=FAILED / PROCESSED,
    help="Failed attempts of the last 5 minutes over all; NaN while nothing is attempted.",
)
FAILURE_RATIO_2M = Record(
    metric="asynq_tasks_failed",
    operations="ratio_rate2m",
    by="queue",
    expr=TASKS_FAILED.rate("2m").max(by="queue") / TASKS_PROCESSED.rate("2m").max(by="queue"),
    help="Failed attempts of the last 2 minutes over all; NaN while nothing is attempted.",
)


def _attempts(window: str, outcomes: tuple[str, ...]) -> Expr:
    return TASK_OUTCOMES.where(outcome=outcomes).rate(window).sum(by=_TASK)


TASK_FAILED = Record(
    metric="asynq_task_failed",
    operations="rate5m",
    by=_TASK,
    expr=_attempts("5m", _FAILURES),
    help="Failed attempts per second of a task type.",
)
TASK_ATTEMPTS = Record(
    metric="asynq_task_attempts",
    operations="rate5m",
    by=_TASK,
    expr=_attempts("5m", _DECIDED),
    help="Attempts per second of a task type that succeeded or failed.",
)
TASK_FAILURE_RATIO_5M = Record(
    metric="asynq_task_failed",
    operations="ratio_rate5m",
    by=_TASK,
    expr=TASK_FAILED / TASK_ATTEMPTS,
    help="Failed attempts of a task type in the last 5 minutes over all.",
)
TASK_FAILURE_RATIO_2M = Record(
    metric="asynq_task_failed",
    operations="ratio_rate2m",
    by=_TASK,
    expr=_attempts("2m", _FAILURES) / _attempts("2m", _DECIDED),
    help="Failed attempts of a task type in the last 2 minutes over all.",
)
SUCCEEDED_30M = Record(
    metric="asynq_tasks_succeeded",
    operations="avg30m",
    by="queue",
    expr=SUCCEEDED.avg_over("30m"),
    help="Successful attempts per second, as a mean over 30 minutes.",
)

# -- signals -------------------------------------------------------------------------------------

# The lower of two windows: the long one needs a fault that lasts, the short one ends the alert as soon as
# the fault is over. With the long one alone, an outage of a minute would outlive the hold time in the window
# and notify when all is well again. A queue that is idle for 2 minutes (0/0) is judged by the long one.
FAILURE_RATIO = Signal(
    title="Failure ratio",
    expr=FAILURE_RATIO_5M.lower_of(FAILURE_RATIO_2M),
    unit=Unit.RATIO,
    description="Failed attempts over all attempts, the lower of the last 2 and 5 minutes. Every retry counts again.",
)
TASK_FAILURE_RATIO = Signal(
    title="Failure ratio of a task type",
    expr=TASK_FAILURE_RATIO_5M.lower_of(TASK_FAILURE_RATIO_2M),
    unit=Unit.RATIO,
    description="Retried and archived attempts over those that succeeded or failed, the lower of the last 2 and "
    "5 minutes.",
)
RECENT_FAILURE_RATIO = Signal(
    title="Failure ratio of the last 2 minutes",
    expr=FAILURE_RATIO_2M,
    unit=Unit.RATIO,
    description="Failed attempts over all attempts; near 100 % when something that every task needs is gone.",
)
RETRY_WORK = Signal(
    title="Retries as time of work",
    # 30 minutes as in the guard below, so that a batch leaves both windows together: a queue that idles after
    # its batch is measured by the pace of the batch for as long as the batch's failures count as growth
    expr=RETRY / SUCCEEDED_30M.clamp_min(0),
    unit=Unit.SECONDS,
    description="Tasks waiting for a retry over successful tasks per second of the last 30 minutes: how long the "
    "workers would need for them alone.",
)
RETRIES_PER_SECOND = Signal(
    title="Retries of a task type",
    expr=TASK_OUTCOMES.where(outcome="retried").rate("5m").sum(by=_TASK),
    unit=Unit.TASKS_PER_SECOND,
    description="Attempts per second that failed and will be retried.",
)
FAILED_IN_5M = Signal(
    title="Failed attempts in 5 minutes",
    expr=FAILED * seconds("5m"),
    unit=Unit.ATTEMPTS,
    description="One task that always fails makes about 5 of them in its first 5 minutes.",
)
TASK_FAILED_IN_5M = Signal(
    title="Failed attempts of a task type in 5 minutes", expr=TASK_FAILED * seconds("5m"), unit=Unit.ATTEMPTS
)

_FLOOR_TEXT = "at least {minimum} attempts failed within 5 minutes"

# -- alerts --------------------------------------------------------------------------------------

TASK_FAILURE_RATIO_HIGH = Alert(
    name="AsynqTaskFailureRatioHigh",
    group=GROUP,
    threat=Threat.TASK_ERRORS,
    signal=FAILURE_RATIO,
    when=Above(warning="5%", critical="25%"),
    hold="5m",
    guards=(floor(FAILED_IN_5M.expr, 10, _FLOOR_TEXT),),
    summary="Too many attempts fail",
    description="{value} of the attempts of queue {queue} have failed for {hold} (threshold {threshold}); "
    "asynq retries them, so users see delays first and lost tasks later.",
    dashboard="asynq-queue",
    probe=probes.FAILURE_RATIO,
    runbook=runbooks.FAILURE_RATIO,
)

TASK_TYPE_FAILING = Alert(
    name="AsynqTaskTypeFailing",
    group=GROUP,
    threat=Threat.TASK_ERRORS,
    signal=TASK_FAILURE_RATIO,
    when=Above(warning="5%", critical="25%"),
    hold="5m",
    guards=(floor(TASK_FAILED_IN_5M.expr, 10, _FLOOR_TEXT),),
    summary="A task type keeps failing",
    description="{value} of the attempts of task type {task_type} on queue {queue} have failed for {hold} "
    "(threshold {threshold}).",
    dashboard="asynq-tasks",
    # it names the type that makes the queue's ratio what it is
    inhibits=("AsynqTaskFailureRatioHigh",),
    probe=probes.TASK_FAILURE_RATIO,
    runbook=runbooks.TASK_TYPE_FAILING,
)

DEPENDENCY_OUTAGE = Alert(
    name="AsynqDependencyOutage",
    group=GROUP,
    threat=Threat.DEPENDENCY,
    signal=RECENT_FAILURE_RATIO,
    when=Above(critical="90%"),
    hold="2m",
    # a level and no growth: with a small MaxRetry the retry set of a long outage stops growing
    guards=(
        floor(FAILED_IN_5M.expr, 20, _FLOOR_TEXT),
        floor(RETRY, 20, "at least {minimum} tasks wait for a retry"),
    ),
    summary="Nearly every attempt fails: something that all tasks need is down",
    description="{value} of the attempts of queue {queue} failed within 2 minutes (threshold {threshold}) and "
    "they wait for a retry: this looks like an outage of a database, an API or another dependency of the handlers.",
    dashboard="asynq-queue",
    inhibits=(
        "AsynqTaskFailureRatioHigh",
        "AsynqTaskTypeFailing",
        "AsynqErrorBudgetBurn",
        "AsynqRetryBacklogHigh",
        "AsynqTasksArchived",
        "AsynqPeriodicTaskMissing",
    ),
    probe=probes.DEPENDENCY_OUTAGE,
    runbook=runbooks.DEPENDENCY_OUTAGE,
)

RETRY_BACKLOG_HIGH = Alert(
    name="AsynqRetryBacklogHigh",
    group=GROUP,
    threat=Threat.TASK_ERRORS,
    signal=RETRY_WORK,
    when=Above(warning="10m", critical="1h"),
    hold="10m",
    longest_hold="20m",
    guards=(
        floor(RETRY, 100, "at least {minimum} tasks wait for a retry"),
        # old tasks that can never succeed wait up to 20 days for their last attempt: a plateau is no news
        only(RETRY.greater_than(RETRY.offset("30m") * 1.1), "they have grown by more than 10 % within 30 minutes"),
        unless(PAUSED.equals(1), "the queue is paused"),
    ),
    summary="Failed tasks pile up for a retry",
    description="The tasks of queue {queue} that wait for a retry are {value} of work at its usual pace (threshold "
    "{threshold}), and they become more.",
    dashboard="asynq-queue",
    probe=probes.RETRY_BACKLOG,
    runbook=runbooks.RETRY_BACKLOG,
)

ALERTS = (TASK_FAILURE_RATIO_HIGH, TASK_TYPE_FAILING, DEPENDENCY_OUTAGE, RETRY_BACKLOG_HIGH)
RECORDS = (
    FAILURE_RATIO_5M, FAILURE_RATIO_2M, TASK_FAILED, TASK_ATTEMPTS, TASK_FAILURE_RATIO_5M, TASK_FAILURE_RATIO_2M,
)  # fmt: skip
