"""What workers, producers and schedulers tell of themselves: tasks that are slow, stuck, missing or never enqueued."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import (
    CLIENT_ENQUEUES,
    SCHEDULER_ENQUEUE_ERRORS,
    SERVER_BUSY,
    SERVER_CONCURRENCY,
    TASK_DURATION,
    TASK_LAST_SUCCESS,
    TASK_OLDEST_START,
)
from asynq_mon_codegen.catalog.probes import handlers as probes
from asynq_mon_codegen.catalog.records import PAUSED, PENDING
from asynq_mon_codegen.catalog.runbooks import handlers as runbooks
from asynq_mon_codegen.catalog.runbooks import producers as producer_runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit, floor, only, unless
from asynq_mon_codegen.promql import Expr, Record, seconds, time

GROUP = "handlers"
_TASK = ("queue", "task_type")

# -- recorded series -----------------------------------------------------------------------------

LAST_SUCCESS = Record(
    metric="asynq_task_last_success_timestamp_seconds",
    operations="max",
    by="task_type",
    # 0 is "none yet"; by task type only, for a task type that moved to another queue is not missing
    expr=TASK_LAST_SUCCESS.differs_from(0).max(by="task_type"),
    help="When a task of this type last succeeded, on any worker that runs now.",
)


def _enqueues(window: str, *results: str) -> Expr:
    calls = CLIENT_ENQUEUES.where(result=results) if results else CLIENT_ENQUEUES
    return calls.rate(window).sum(by=_TASK)


ENQUEUE_ERRORS = Record(
    metric="asynq_client_enqueue_errors",
    operations="rate5m",
    by=_TASK,
    # duplicate and conflict are asynq.Unique and asynq.TaskID at work: the task is in the queue already
    expr=_enqueues("5m", "error"),
    help="Calls of Enqueue per second that failed.",
)
ENQUEUES = Record(
    metric="asynq_client_enqueues",
    operations="rate5m",
    by=_TASK,
    expr=_enqueues("5m"),
    help="Calls of Enqueue per second.",
)
ENQUEUE_ERROR_RATIO_5M = Record(
    metric="asynq_client_enqueue_errors",
    operations="ratio_rate5m",
    by=_TASK,
    expr=ENQUEUE_ERRORS / ENQUEUES,
    help="Failed calls of Enqueue in the last 5 minutes over all.",
)
ENQUEUE_ERROR_RATIO_2M = Record(
    metric="asynq_client_enqueue_errors",
    operations="ratio_rate2m",
    by=_TASK,
    expr=_enqueues("2m", "error") / _enqueues("2m"),
    help="Failed calls of Enqueue in the last 2 minutes over all.",
)

# -- signals -------------------------------------------------------------------------------------

TASK_DURATION_P95 = Signal(
    title="Duration of a task, 95th percentile",
    expr=TASK_DURATION.quantile(0.95, "5m", by=_TASK),
    unit=Unit.SECONDS,
    description="How long the handler ran, per attempt. An attempt is seen when it returns, not before.",
)
OLDEST_RUNNING = Signal(
    title="Longest-running handler",
    expr=time() - TASK_OLDEST_START.differs_from(0).min(by=_TASK),
    unit=Unit.SECONDS,
    description="How long the handler that started first has been running.",
)
SINCE_LAST_SUCCESS = Signal(
    title="Time since the last success",
    # the workers remember it, and forget it when they are deployed: 15 days of the recorded series remember it
    # for them (only of the task types that a declaration gives a period, so it costs little)
    expr=time() - LAST_SUCCESS.max_over("15d"),
    unit=Unit.SECONDS,
    description="How long ago a task of this type last succeeded.",
)
SCHEDULER_ERRORS = Signal(
    title="Periodic tasks not enqueued within 15 minutes",
    expr=SCHEDULER_ENQUEUE_ERRORS.increase("15m").sum(by="task_type"),
    unit=Unit.TASKS,
    description="Runs that the scheduler could not enqueue. It does not try again before the next one is due.",
)
ENQUEUE_ERROR_RATIO = Signal(
    title="Failed enqueues",
    # the lower of two windows, so that an outage of a minute does not notify when it is over
    expr=ENQUEUE_ERROR_RATIO_5M.lower_of(ENQUEUE_ERROR_RATIO_2M),
    unit=Unit.RATIO,
    description="Calls of Enqueue that failed over all, the lower of the last 2 and 5 minutes; duplicates and "
    "conflicts are no failures.",
)


def _slots(of: Expr) -> Expr:
    # whoever asks asynq's Inspector sees all servers, so several exporters tell the same of each
    return of.max(by="server").sum()


UTILISATION = Signal(
    title="Busy handlers",
    # polling comes in batches: single scrapes read 95 % at a mean of 74 %, ten minutes do not lie
    expr=_slots(SERVER_BUSY.avg_over("10m")) / _slots(SERVER_CONCURRENCY.avg_over("10m")),
    unit=Unit.RATIO,
    description="Handlers that ran over handlers that may run, on all servers, averaged over 10 minutes.",
)
_IS_PAUSED = PAUSED.equals(1)
_WAITING = PENDING.unless(_IS_PAUSED).sum()
_WAITED = PENDING.offset("10m").unless(_IS_PAUSED).sum()

# -- alerts --------------------------------------------------------------------------------------

TASK_DURATION_HIGH = Alert(
    name="AsynqTaskDurationHigh",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=TASK_DURATION_P95,
    when=Above(warning="5m", critical="15m"),
    # twice the window, so that a single slow run of a quiet task type cannot fire
    hold="10m",
    longest_hold="15m",
    # 30 minutes, for the slower a task type gets, the fewer of its tasks return
    guards=(
        floor(
            TASK_DURATION.observations("30m").sum(by=_TASK) * seconds("30m"),
            10,
            "at least {minimum} attempts returned within 30 minutes",
        ),
    ),
    summary="Tasks take too long",
    description="One in twenty tasks of type {task_type} on queue {queue} ran for {value} or longer (threshold "
    "{threshold}, for {hold}); each holds a slot that other queues of the same workers share.",
    dashboard="asynq-tasks",
    probe=probes.DURATION,
    runbook=runbooks.TASK_DURATION_HIGH,
)

TASK_STUCK = Alert(
    name="AsynqTaskStuck",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=OLDEST_RUNNING,
    # asynq's own timeout is 30 minutes; a handler that is older ignores its context or was given more time
    when=Above(warning="30m", critical="1h"),
    hold="2m",
    longest_hold="45m",
    summary="A handler does not return",
    description="A task of type {task_type} on queue {queue} has been running for {value} (threshold {threshold}).",
    dashboard="asynq-tasks",
    probe=probes.TASK_STUCK,
    runbook=runbooks.TASK_STUCK,
)

PERIODIC_TASK_MISSING = Alert(
    name="AsynqPeriodicTaskMissing",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=SINCE_LAST_SUCCESS,
    # twice TaskType(every=...), see plan/thresholds.py
    when=Above.declared_only(),
    hold="5m",
    summary="A periodic task has not succeeded for two of its periods",
    description="Periodic task {task_type} last succeeded {value} ago (threshold {threshold}): it was not enqueued, "
    "not taken, or keeps failing.",
    dashboard="asynq-tasks",
    probe=probes.PERIODIC_TASK,
    runbook=producer_runbooks.PERIODIC_TASK_MISSING,
)

SCHEDULER_FAILS = Alert(
    name="AsynqSchedulerEnqueueErrors",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=SCHEDULER_ERRORS,
    # a single one is a run that is lost: the scheduler does not catch up
    when=Above(warning=0),
    longest_hold="0s",
    summary="The scheduler could not enqueue a periodic task; that run is lost",
    description="{value} of type {task_type} could not be enqueued by the scheduler within 15 minutes. asynq does not "
    "catch up on missed runs.",
    dashboard="asynq-tasks",
    inhibits=("AsynqPeriodicTaskMissing",),
    probe=probes.SCHEDULER,
    runbook=producer_runbooks.SCHEDULER_FAILS,
)

ENQUEUE_FAILS = Alert(
    name="AsynqEnqueueErrors",
    group=GROUP,
    threat=Threat.AVAILABILITY,
    signal=ENQUEUE_ERROR_RATIO,
    when=Above(warning="1%", critical="10%"),
    hold="5m",
    guards=(floor(ENQUEUE_ERRORS * seconds("5m"), 5, "at least {minimum} enqueues failed within 5 minutes"),),
    summary="Producers cannot enqueue tasks",
    description="{value} of the attempts to enqueue {task_type} on queue {queue} have failed for {hold} (threshold "
    "{threshold}). Unless the producer tries again, this work is lost.",
    dashboard="asynq-tasks",
    probe=probes.ENQUEUES,
    runbook=producer_runbooks.ENQUEUE_FAILS,
)

WORKERS_SATURATED = Alert(
    name="AsynqWorkersSaturated",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=UTILISATION,
    when=Above(warning="90%"),
    hold="5m",
    guards=(
        only(_WAITING.above(0), "tasks are waiting"),
        # workers that are busy with a nightly batch and get through it are what one pays for
        unless(_WAITED.greater_than(_WAITING), "fewer tasks are waiting than 10 minutes ago"),
    ),
    summary="All workers are busy and tasks wait",
    description="{value} of all handler slots were busy over the last 10 minutes (threshold {threshold}) while tasks "
    "wait and do not become fewer: the workers are too few or their handlers too slow.",
    dashboard="asynq-workers",
    probe=probes.WORKERS,
    runbook=runbooks.WORKERS_SATURATED,
)

ALERTS = (
    TASK_DURATION_HIGH, TASK_STUCK, PERIODIC_TASK_MISSING, SCHEDULER_FAILS, ENQUEUE_FAILS, WORKERS_SATURATED,
)  # fmt: skip
RECORDS = (ENQUEUE_ERRORS, ENQUEUE_ERROR_RATIO_5M, ENQUEUE_ERROR_RATIO_2M)
