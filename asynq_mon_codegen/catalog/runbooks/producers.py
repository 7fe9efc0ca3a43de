"""What to do when periodic tasks are missing, and when schedulers or producers cannot enqueue."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import (
    CLIENT_ENQUEUES,
    SCHEDULER_ENQUEUE_ERRORS,
    TASK_LAST_SUCCESS,
    TASK_OUTCOMES,
)
from asynq_mon_codegen.catalog.records import PENDING
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_TASK = ("queue", "task_type")
_ACTIVE = asynq_cli(
    "asynq task ls --queue={queue} --state=active --page=1 --size=100", "ids, types and payloads that run now"
)
_SERVERS = asynq_cli("asynq server ls", "each server with busy/all slots, its queues and when it started")
_DUMP = shell(
    "kubectl exec deployment/asynq-worker -- kill -QUIT 1",
    "Go prints the stack of every goroutine to the log and EXITS; its tasks run again elsewhere. With net/http/pprof "
    "use /debug/pprof/goroutine?debug=2, which kills nothing",
)
_OUTCOMES = promql_query(TASK_OUTCOMES.rate("5m").sum(by=(*_TASK, "outcome")), "its attempts per second by outcome")

PERIODIC_TASK_MISSING = Runbook(
    meaning="The declaration says that {task_type} runs every so often, and for two periods no worker has reported a "
    "success. Nothing in asynq notices this: a scheduler that is dead leaves all queues empty and green.",
    impact="Whatever depends on it is as old as its last success: reports, renewals, clean-ups, invoices.",
    causes=(
        Cause(
            "No scheduler runs",
            "`asynq cron ls` says `No scheduler entries`: a running scheduler refreshes its entries every 10 seconds "
            "and they vanish 20 seconds after its death.",
            (
                asynq_cli("asynq cron ls", "entry, cron spec, type, next and previous run"),
                shell("kubectl get pods -A | grep -i scheduler"),
            ),
        ),
        Cause(
            "It is not registered any more",
            "The list has other entries but not this type: a release renamed it, or a PeriodicTaskConfigProvider "
            "returned less (its errors are only logged, it is asked every 3 minutes).",
            asynq_cli("asynq cron ls"),
        ),
        Cause(
            "It is enqueued and fails",
            "`retried` or `archived` grows in place of `succeeded`. One task a day is far below the floors of the "
            "failure alerts, so this one is how you hear of it.",
            promql_query(
                TASK_OUTCOMES.increase("1d").sum(by=("task_type", "outcome")), "attempts within a day by outcome"
            ),
        ),
        Cause(
            "The scheduler cannot enqueue it",
            "AsynqSchedulerEnqueueErrors fires. With `asynq.Unique`, a copy that was archived blocks every new one "
            "until the lock's TTL ends.",
            (
                promql_query(SCHEDULER_ENQUEUE_ERRORS.increase("1d").sum(by="task_type")),
                asynq_cli("asynq cron history ENTRY_ID", "when it was enqueued, with task ids"),
            ),
        ),
        Cause(
            "It waits in a queue that nobody takes",
            "It is pending: the queue is paused, starved by a strict priority, or in no server's list.",
            (promql_query(PENDING, "backlog by queue"), _SERVERS),
        ),
    ),
    actions=(
        Step("When did it last succeed, and on which worker?", promql_query(TASK_LAST_SUCCESS.differs_from(0))),
        Step("Is it scheduled, when next and when was it last enqueued?", asynq_cli("asynq cron ls")),
        Step(
            "Restart the scheduler if it has no entries. asynq does not catch up on runs that were missed.",
            (shell("kubectl rollout restart deployment/asynq-scheduler"),),
        ),
        Step(
            "Run a missed task now. asynq's command line cannot enqueue; if a failed copy waits in retry or archive, "
            "run that, else use the producer of your service.",
            (
                asynq_cli("asynq task ls --queue=QUEUE --state=retry --page=1 --size=100"),
                asynq_cli("asynq task run --queue=QUEUE --id=TASK_ID"),
            ),
        ),
    ),
    tuning="The level is twice the declared period; give one of your own where a run may be missed.\n\n"
    "```python\n"
    'TaskType("report:daily", every="24h")\n'
    'TaskType("cache:warm", every="5m", thresholds={"AsynqPeriodicTaskMissing": Above(warning="30m", critical="2h")})\n'
    "```",
    lies="A type that has never succeeded since it is watched has no last success and stays silent; so does one whose "
    "last worker with a success left more than 15 days ago. Any success counts, also that of a task enqueued by hand. "
    "For a monthly period the memory of 15 days is too short if workers are deployed in between.",
)

SCHEDULER_FAILS = Runbook(
    meaning="asynq's scheduler wanted to enqueue a run of {task_type} and got an error (`PostEnqueueFunc`). It does "
    "not try again: the next attempt is the next tick of its cron spec. Since v0.24 asynq does not even log this by "
    "itself.",
    impact="That run is lost. For a task of every minute that hardly matters, for a nightly one it is a day.",
    causes=(
        Cause(
            "Redis was away at the tick",
            "Errors of all task types at the same moment, `connection refused` or `i/o timeout`; AsynqRedisDown or "
            "AsynqQueueMetricsMissing around that time.",
            promql_query(SCHEDULER_ENQUEUE_ERRORS.increase("15m").sum(by="task_type"), "one type or all?"),
        ),
        Cause(
            "Redis refuses writes",
            "`OOM command not allowed` (maxmemory with noeviction), `READONLY` (a replica after a failover), `MISCONF` "
            "(it cannot save to disk).",
            (
                redis_cli("redis-cli INFO memory | grep -E '^(used_memory_human|maxmemory_human|maxmemory_policy)'"),
                redis_cli("redis-cli INFO replication | grep '^role'", "must be master"),
                redis_cli("redis-cli INFO persistence | grep -E 'status'"),
            ),
        ),
        Cause(
            "The run before is not finished",
            "`task already exists` or `task ID conflicts`: the entry uses `asynq.Unique` or `asynq.TaskID`, and its "
            "predecessor still runs, waits for a retry or lies in the archive. Instrumentation that counts these as "
            "errors should not.",
            asynq_cli("asynq cron ls", "the column Options shows Unique and TaskID"),
        ),
    ),
    actions=(
        Step(
            "Which tick was it, and what came before?",
            (
                asynq_cli("asynq cron ls"),
                asynq_cli("asynq cron history ENTRY_ID", "the enqueued runs; the gap is the lost one"),
            ),
        ),
        Step(
            "Read the error where your PostEnqueueFunc writes it.",
            shell(
                "kubectl logs deployment/asynq-scheduler --since=30m | grep -iE 'enqueue|OOM|READONLY|refused|conflict'"
            ),
        ),
        Step("See that Redis takes writes now.", redis_cli("redis-cli SET asynq-mon:probe 1 EX 10")),
        Step(
            "Make up for the run if it matters, from your service; the scheduler will not. Check first that no second "
            "scheduler has enqueued it.",
        ),
    ),
    tuning="For types of which a run may be lost:\n\n"
    "```python\n"
    'TaskType("cache:warm", thresholds={"AsynqSchedulerEnqueueErrors": Above(warning=5)})\n'
    'TaskType("stats:flush", thresholds={"AsynqSchedulerEnqueueErrors": None})\n'
    "```",
    lies="A scheduler that is dead has no errors, see AsynqPeriodicTaskMissing. A counter that is not created at 0 "
    "when the scheduler starts hides its first error from `increase()`. It resolves 15 minutes after the error, which "
    "brings no run back.",
)

ENQUEUE_FAILS = Runbook(
    meaning="Producers call `Enqueue` for {task_type} on queue {queue} and more than the threshold of the calls return "
    "an error, over 5 minutes and over the last 2. `ErrDuplicateTask` and `ErrTaskIDConflict` do not count: there the "
    "task is in the queue already.",
    impact="These tasks are not in Redis and nobody will run them. Unless the producer retries or fails its own "
    "request, the work is lost without any other trace.",
    causes=(
        Cause(
            "Redis is unreachable for the producers",
            "Errors of all types and queues from the same producers: `connection refused`, `i/o timeout`, `no such "
            "host`. If workers and exporter are well, it is their network or address, not Redis.",
            promql_query(
                CLIENT_ENQUEUES.where(result="error").rate("5m").sum(by=("task_type", "instance")),
                "which producers, which types",
            ),
        ),
        Cause(
            "Redis refuses writes",
            "`OOM command not allowed when used memory > 'maxmemory'`, `READONLY` or `MISCONF`. Reads go on, so "
            "workers and dashboards look alive.",
            (
                redis_cli("redis-cli INFO memory | grep -E '^(used_memory_human|maxmemory_human|maxmemory_policy)'"),
                redis_cli("redis-cli INFO replication | grep '^role'", "must be master"),
            ),
        ),
        Cause(
            "The connection pool is exhausted",
            "`redis: connection pool timeout` in bursts of traffic, while redis-cli answers at once.",
            redis_cli("redis-cli INFO clients", "against maxclients"),
        ),
        Cause(
            "The producer's own fault",
            "Only this type: an empty type name, a queue name that is blank, a payload that cannot be encoded, a "
            "context that was cancelled before the call. It began with the producer's release.",
            shell("kubectl rollout history deployment/PRODUCER"),
        ),
    ),
    actions=(
        Step(
            "Can anybody write?", redis_cli("redis-cli SET asynq-mon:probe 1 EX 10", "run it where the producers run")
        ),
        Step(
            "Read the error text in the producers' logs.",
            shell(
                "kubectl logs deployment/PRODUCER --since=10m | grep -iE 'enqueue|OOM|READONLY|pool timeout|refused'"
            ),
        ),
        Step(
            "If Redis is full: find what fills it. Retained completed and archived tasks are the first to go; "
            "what `deleteall` removes is gone.",
            (
                redis_cli("redis-cli --bigkeys"),
                asynq_cli(
                    "asynq task deleteall --queue={queue} --state=completed", "only with results that nobody reads"
                ),
            ),
        ),
        Step("Roll back the producer if only its own types fail.", shell("kubectl rollout undo deployment/PRODUCER")),
        Step("Afterwards find what was lost: the producer's log or outbox is the only record; asynq has none."),
    ),
    tuning="A share of failures per queue or task type; the floor is 5 failures within 5 minutes.\n\n"
    "```python\n"
    'TaskType("metrics:push", thresholds={"AsynqEnqueueErrors": Above(warning="5%", critical="50%")})\n'
    'alerts = asynq.ALERTS.replace(asynq.ALERTS["AsynqEnqueueErrors"].with_floor(1))\n'
    "```",
    lies="A call that hangs is counted when it returns, and a producer that crashed counts nothing. An error may come "
    "after Redis took the task (a timeout of the reply): then it is enqueued although counted as failed. A storm of "
    "duplicates because of a lock that an archived task still holds is not an error here.",
)
