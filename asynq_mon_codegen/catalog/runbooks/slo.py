"""What to do when an error budget burns too fast."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_DURATION, TASK_OUTCOMES, TASK_WAIT
from asynq_mon_codegen.catalog.records import ACTIVE, FAILED, LATENCY, PENDING, PROCESSED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, shell
from asynq_mon_codegen.promql import Record

_BY = ("slo", "queue", "task_type")


def _series(metric: str, operations: str) -> Record:
    """A recorded series of the service levels, by its name; what it is made of stands in ``catalog/slo.py``."""
    return Record(metric=metric, operations=operations, by=_BY, expr=PENDING, help="")


_ERRORS_5M, _BUDGET_5M = _series("asynq_slo_errors", "rate5m"), _series("asynq_slo_budget", "rate5m")
_ERRORS_1H, _BUDGET_1H = _series("asynq_slo_errors", "sum1h"), _series("asynq_slo_budget", "sum1h")
_ERRORS_3D, _BUDGET_3D = _series("asynq_slo_errors", "sum3d"), _series("asynq_slo_budget", "sum3d")
_REMAINING = _series("asynq_slo_budget", "remaining_ratio")
_OBJECTIVE = _series("asynq_slo_objective", "ratio")

_BY_OUTCOME = TASK_OUTCOMES.rate("5m").sum(by=("task_type", "outcome"))
_WAIT = TASK_WAIT.quantile(0.99, "5m", by="task_type")
_DURATION = TASK_DURATION.quantile(0.99, "5m", by="task_type")

ERROR_BUDGET_BURN = Runbook(
    meaning="Service level {slo} promises a share of good work on queue {queue}; what it leaves over is the error "
    "budget of its window, 30 days unless declared otherwise. Errors use that budget up so fast that the promise is "
    "in danger: critical means 2 % of it within an hour or 5 % within six, warning 10 % within one or three days. A "
    "second, shorter window says that it still goes on. The number in the message is the burn rate: at 1 the budget "
    "lasts exactly its window, at 14.4 a 30-day budget is gone in 2 days.",
    impact="By default every failed attempt counts, also one whose retry works: users see delays. For a service level "
    "with `Success(final=True)` only tasks in the archive count, so each error is work that nobody will do.",
    causes=(
        Cause(
            "An incident that another alert already names",
            "AsynqTaskFailureRatioHigh or AsynqTaskTypeFailing fires for the same queue. They say what is broken; this "
            "one says that it costs more than you agreed to. AsynqDependencyOutage silences it altogether.",
            promql_query(FAILED / PROCESSED, "failed attempts over all, now"),
        ),
        Cause(
            "A small share fails all the time",
            "Only the warning fires, the failure ratio lies below the 5 % at which other alerts begin, and the burn "
            "over 3 days is as high as that of the last hour. Usually one task type, or one customer's data.",
            (
                promql_query(_ERRORS_3D / _BUDGET_3D, "burn rate over 3 days"),
                promql_query(_BY_OUTCOME, "attempts by type and outcome (instrumented workers)"),
            ),
        ),
        Cause(
            "Errors that are no fault of yours count as failures",
            "Last errors are a partner's rate limit, a validation of the user's input, a lock that is taken: expected, "
            "and retried by design.",
            asynq_cli("asynq task ls --queue={queue} --state=retry --page=1 --size=30", "read the column Last Error"),
        ),
        Cause(
            "The objective is stricter than the handlers have ever been",
            "The remaining budget has been below 0 for as long as the graph goes back, while nobody complained.",
            (
                promql_query(_REMAINING, "what is left of the budget"),
                promql_query(_OBJECTIVE, "the objective"),
            ),
        ),
    ),
    actions=(
        Step(
            "See whether it still burns, and whether hours or days are left.",
            (
                promql_query(_ERRORS_5M / _BUDGET_5M, "burn rate of the last 5 minutes"),
                promql_query(_ERRORS_1H / _BUDGET_1H, "burn rate of the last hour"),
                promql_query(_REMAINING, "1 is untouched, 0 used up, below 0 overdrawn"),
            ),
        ),
        Step(
            "If the last 5 minutes are below 1, the fault is over: what remains is to write down what it cost. The "
            "critical alert ends by itself, at the latest half an hour after the last error.",
        ),
        Step(
            "Otherwise find the failing type and its error; the runbook of AsynqTaskFailureRatioHigh has every step.",
            (
                asynq_cli("asynq queue inspect {queue}", "failed and processed today"),
                asynq_cli("asynq task ls --queue={queue} --state=archived --page=1 --size=30", "what was given up"),
            ),
        ),
        Step(
            "If a rollout of the workers or of a producer began within the long window, undo it first and search "
            "afterwards: every hour at this rate is budget that no fix brings back.",
            shell("kubectl rollout undo deployment/asynq-worker"),
        ),
        Step(
            "With the budget used up, hold back risky releases for this queue until the window has moved past the "
            "incident; that is what a budget is for.",
        ),
    ),
    tuning="Objective, window and queues are part of the declaration; the floor of 10 errors is the alert's.\n\n"
    "```python\n"
    'SLO("tasks-succeed", objective="99.5%", per_queue={"webhooks": "95%", "experiments": None})\n'
    "alerts = asynq.ALERTS.replace(asynq.ERROR_BUDGET_BURN.with_floor(50))\n"
    "```\n\n"
    "Return expected errors through `Config.IsFailure` as no failure, or count tasks instead of attempts with "
    "`indicator=Success(final=True)` (instrumented workers). `asynq-mon explain AsynqErrorBudgetBurn` shows the rules.",
    lies="A queue with fewer than 10 errors in the long window never fires, whatever their share. If asynq's counters "
    "jump (Redis failed over to an older replica) the errors of the queue's whole life count as those of a moment, and "
    "the burn and the remaining budget are wrong until the windows have passed it. A Prometheus that keeps less than "
    "the window knows only the budget of what it keeps; its default is 15 days. A task that never ran is no error: "
    "see AsynqQueueStalled and AsynqLatencyBudgetBurn.",
)

LATENCY_BUDGET_BURN = Runbook(
    meaning="Service level {slo} promises that tasks of queue {queue} start, or finish, within a time; a small share "
    "may be late. More than that share is: 2 % of the budget within an hour or 5 % within six is critical, 10 % within "
    "one or three days a warning, each confirmed by a shorter window. Workers measure it per task, so unlike the age "
    "of the oldest task it says how many users wait, not how long the unluckiest one does.",
    impact="The tasks are done, but later than promised: mails, webhooks or reports that people already look for.",
    causes=(
        Cause(
            "More comes in than the workers take",
            "Pending grows, and waiting is what got worse: the 99th percentile of the wait has left that of the "
            "duration behind. AsynqQueueBacklogNotDraining or AsynqQueueSurge usually fires too.",
            (
                promql_query(_WAIT, "99th percentile of the wait, by task type"),
                promql_query(PENDING, "tasks that wait"),
            ),
        ),
        Cause(
            "Handlers became slower",
            "The 99th percentile of the duration rose first, all handlers are busy and hardly anything more comes in. "
            "A service level of finishing shows it at once, one of starting when the slots run out.",
            (
                promql_query(_DURATION, "99th percentile of the handlers' duration, by task type"),
                promql_query(ACTIVE, "tasks that workers hold"),
            ),
        ),
        Cause(
            "Another queue of the same workers takes the slots",
            "This queue's own arrivals and durations are as ever, a neighbour has a backlog. Weights decide who is "
            "asked first, not who gets how much; with StrictPriority a lower queue gets nothing at all.",
            asynq_cli("asynq queue ls", "compare the sizes and latencies of the queues"),
        ),
        Cause(
            "Retries and a pause wait too",
            "The wait counts from when a task was due, so a queue that was paused for an hour releases an hour's worth "
            "of late tasks when it goes on; errors then come all at once and end.",
            promql_query(LATENCY, "age of the oldest pending task"),
        ),
    ),
    actions=(
        Step(
            "Look at whether tasks are late this minute, or only were.",
            (
                promql_query(_ERRORS_5M / _BUDGET_5M, "below 1: fewer are late than may be"),
                promql_query(_ERRORS_1H, "late tasks within the last hour"),
            ),
        ),
        Step(
            "Tell waiting from running by the two percentiles above; more workers help against the first only.",
            shell("kubectl scale deployment/asynq-worker --replicas=6", "if what the handlers call can take it"),
        ),
        Step(
            "Slow handlers: find out what they wait for before adding workers, which would only press harder on it.",
            (
                asynq_cli("asynq server ls", "which servers run, with what concurrency"),
                asynq_cli("asynq task ls --queue={queue} --state=active --page=1 --size=30", "which tasks hold slots"),
            ),
        ),
        Step(
            "A neighbour's batch: pause that queue until this one has caught up. It goes on collecting tasks.",
            (asynq_cli("asynq queue pause BATCH_QUEUE"), asynq_cli("asynq queue unpause BATCH_QUEUE")),
        ),
        Step("If lateness is the rule at this hour of the day, give the queue workers of its own.", ()),
    ),
    tuning="The time must be the bound of a bucket that the workers export; `asynq-mon check` names the nearest.\n\n"
    "```python\n"
    'SLO("starts-soon", objective="99%", indicator=StartedWithin("10s"), per_queue={"reports": "90%"})\n'
    'SLO("renders", objective="95%", indicator=FinishedWithin("2m"), queues="reports", task_types="report:render")\n'
    "```\n\n"
    "The floor of 10 late tasks: `asynq.LATENCY_BUDGET_BURN.with_floor(50)`.",
    lies="A task is counted when it starts (or returns), so those that wait for ever are missing: a dead queue looks "
    "punctual, see AsynqQueueStalled. The wait is only known where the producer stamps its tasks. While a release "
    "changes the buckets, workers without the bound are counted as all punctual. Retried attempts count as runs of "
    "their own for finishing, and not at all for starting.",
)
