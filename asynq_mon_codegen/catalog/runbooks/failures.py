"""What to do when attempts fail, of one task type or of all, and when retries pile up."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.records import FAILED, PROCESSED, RETRY, SUCCEEDED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_BY_TYPE = TASK_OUTCOMES.where(outcome=("retried", "archived")).rate("5m").sum(by=("queue", "task_type"))
_BY_OUTCOME = TASK_OUTCOMES.rate("5m").sum(by=("queue", "task_type", "outcome"))
_LAST_ERRORS = asynq_cli(
    "asynq task ls --queue={queue} --state=retry --page=1 --size=30",
    "the column Last Error says why each task failed; Retried and Max Retry how often it did and may",
)
_ONE_TASK = asynq_cli(
    "asynq task inspect --queue={queue} --id=TASK_ID", "one task's last error in full, and its next run"
)
_WORKER_HISTORY = (
    shell("kubectl rollout history deployment/asynq-worker", "did the failures begin with a release?"),
    shell("kubectl rollout undo deployment/asynq-worker", "back to the release before"),
)

FAILURE_RATIO = Runbook(
    meaning="Of the attempts that handlers of queue {queue} made, more than the threshold returned an error, both over "
    "5 minutes and over the last 2. It counts attempts, not tasks: a task that fails 3 times and then succeeds is 3 "
    "failures of 4. asynq puts a failed task back with a growing delay (about 30 s, 45 s, 75 s, 2.5 min … 2 h for the "
    "tenth) and by default gives it up after 25 retries, some 20 days later.",
    impact="Nothing is lost yet: users get what these tasks do late, by the delays above. Each retry costs a slot, so "
    "other tasks of the same workers slow down too.",
    causes=(
        Cause(
            "A release broke a handler, or its payload changed between producer and worker",
            "One or two task types carry all failures, and they began at the minute of a deploy. The last error is a "
            "nil pointer (`panic [file:line]`), a decoding error, or `handler not found for task` if workers without "
            "the handler still take the queue.",
            (promql_query(_BY_TYPE, "failures per second by task type (instrumented workers)"), _LAST_ERRORS),
        ),
        Cause(
            "Something that some tasks need is slow or refuses",
            "Last errors name a host, a status code or `context deadline exceeded`, in task types that share it. With "
            "all attempts failing AsynqDependencyOutage fires in place of this alert.",
            _LAST_ERRORS,
        ),
        Cause(
            "Workers are killed in the middle of tasks",
            "The last error is `asynq: task lease expired`: no handler returned it, asynq's recoverer wrote it for a "
            "task whose worker vanished. Failures come in steps, 60 to 120 seconds after each death.",
            (
                _LAST_ERRORS,
                shell("kubectl get pods -A -l app=asynq-worker", "RESTARTS that climb, OOMKilled (use your own label)"),
            ),
        ),
        Cause(
            "A burst of tasks that can never succeed",
            "Many tasks with the same error about their own input (not found, invalid address), while fresh tasks of "
            "the same type succeed.",
            _ONE_TASK,
        ),
    ),
    actions=(
        Step(
            "See how many attempts fail and whether it still grows.",
            (promql_query(FAILED, "failed attempts per second"), promql_query(PROCESSED, "all attempts per second")),
        ),
        Step("Read the last errors; sort them into one cause or several.", _LAST_ERRORS),
        Step(
            "If a release of the workers began it, roll it back. Tasks in retry then succeed by themselves.",
            _WORKER_HISTORY,
        ),
        Step(
            "If each attempt does damage (mails sent twice, a partner's limit), stop the queue. Enqueueing goes on and "
            "pending grows until you resume.",
            (asynq_cli("asynq queue pause {queue}"), asynq_cli("asynq queue unpause {queue}")),
        ),
        Step(
            "Take single hopeless tasks out of the cycle: archived ones can be run again for 90 days. `deleteall` "
            "cannot be undone, and `--state=retry` takes the healthy ones with it.",
            asynq_cli("asynq task archive --queue={queue} --id=TASK_ID"),
        ),
        Step(
            "After the fix, let retries come due by themselves. If they must go now, run all of them at once only if "
            "whatever failed can take that load.",
            (
                redis_cli('redis-cli ZCARD "asynq:{{queue}}:retry"', "so many tasks would start at the same moment"),
                asynq_cli("asynq task runall --queue={queue} --state=retry"),
            ),
        ),
    ),
    tuning="A queue whose tasks fail by nature, such as webhooks to customers, gets levels of its own; the floor of 10 "
    "failed attempts can be raised for all.\n\n"
    "```python\n"
    'Queue("webhooks", thresholds={"AsynqTaskFailureRatioHigh": Above(warning="30%", critical="70%")})\n'
    'alerts = asynq.ALERTS.replace(asynq.ALERTS["AsynqTaskFailureRatioHigh"].with_floor(50))\n'
    "```\n\n"
    "Errors that are no failure of yours (a rate limit) belong into `Config.IsFailure`: asynq then counts neither.",
    lies="Fewer than 10 failed attempts within 5 minutes never fire: a queue with a task an hour can fail for ever "
    "unheard, see AsynqPeriodicTaskMissing and AsynqTasksArchived. Handlers that swallow their errors look healthy. A "
    "Redis failover to an older replica resets the counters, and for 5 minutes the ratio is that of the queue's whole "
    "life.",
)

TASK_TYPE_FAILING = Runbook(
    meaning="Attempts of one task type, {task_type}, end in `retried` or `archived` more often than the threshold, "
    "over 5 minutes and over the last 2. The workers count this themselves, so it sees a rare type that drowns in a "
    "busy queue's own ratio. Revoked and skipped attempts count neither as failures nor as successes.",
    impact="Whatever {task_type} does happens late or not at all; other types of queue {queue} are fine unless "
    "AsynqTaskFailureRatioHigh says otherwise.",
    causes=(
        Cause(
            "Its handler or its payload changed",
            "Retried rose in one step at a deploy of the workers or of the service that enqueues it. Compare the time; "
            "a producer's release breaks it just as well.",
            (promql_query(_BY_OUTCOME, "its attempts per second by outcome"), *_WORKER_HISTORY[:1]),
        ),
        Cause(
            "The one service that this type calls is failing",
            "The errors name one host, and other types that call the same host fail too. Types that do not, do not.",
            (_LAST_ERRORS, promql_query(_BY_TYPE.sum(by="task_type"), "which other types fail")),
        ),
        Cause(
            "It runs into its timeout",
            "Last error `context deadline exceeded`, and its 95th percentile lies at the timeout (30 minutes by "
            "default).",
            _LAST_ERRORS,
        ),
        Cause(
            "It is archived at once",
            "`archived` grows without `retried`: the handler returns `SkipRetry`, or the producer enqueues with "
            "`MaxRetry(0)`. Then tasks are given up at the first error and AsynqTasksArchived fires with this alert.",
            asynq_cli("asynq task ls --queue={queue} --state=archived --page=1 --size=30"),
        ),
    ),
    actions=(
        Step("List failing tasks; those of other types in the list are not your concern.", _LAST_ERRORS),
        Step("Open one of them: error, number of retries, next attempt.", _ONE_TASK),
        Step(
            "Try one after a change before you trust it with all: it runs immediately and, if it fails, uses up one of "
            "its retries.",
            asynq_cli("asynq task run --queue={queue} --id=TASK_ID"),
        ),
        Step("Roll back the worker or the producer, whichever changed.", _WORKER_HISTORY),
        Step(
            "Stopping a single type is not possible in asynq, only the whole queue. If it does harm, deploy a handler "
            "for it that returns an error wrapped in `asynq.SkipRetry`: its tasks go to the archive, where they keep "
            "for 90 days and can be run later, up to 9,999 of them.",
        ),
    ),
    tuning="Levels per task type win over those of its queue; None switches it off.\n\n"
    "```python\n"
    'TaskType("webhook:deliver", thresholds={"AsynqTaskTypeFailing": Above(warning="30%", critical="70%")})\n'
    'TaskType("probe:flaky", thresholds={"AsynqTaskTypeFailing": None})\n'
    "```",
    lies="Only middleware counts: a task whose worker was killed (`asynq: task lease expired`) is missing here, and "
    "one that outlived its timeout is counted by what its handler returned later. Task types that carry ids in their "
    "name are all below the floor of 10 failed attempts and never fire.",
)

DEPENDENCY_OUTAGE = Runbook(
    meaning="More than 90 % of the attempts of queue {queue} failed within the last 2 minutes, at least 20 failed "
    "within 5 minutes, and at least 20 tasks wait for a retry. Handlers of different tasks do not break "
    "together: what they share is gone, a database, an API, DNS, a credential.",
    impact="The queue does no useful work. Tasks are not lost: each fails quickly and waits longer each time, so "
    "backlog and waiting time look fine while users wait for everything. After the outage all of it comes back as a "
    "wave.",
    causes=(
        Cause(
            "A database or an internal service is down",
            "Nearly all last errors are the same: `connection refused`, `i/o timeout`, `no such host`, `502`, `503`.",
            (
                asynq_cli("asynq task ls --queue={queue} --state=retry --page=1 --size=100", "one error or many?"),
                shell("kubectl exec deployment/asynq-worker -- nc -vz HOST PORT", "from where the handlers run"),
            ),
        ),
        Cause(
            "A credential or certificate ended",
            "Errors say `401`, `403`, `x509: certificate has expired` or `NOAUTH`, and began at a full hour or "
            "midnight, not at a deploy.",
        ),
        Cause(
            "A release broke every handler",
            "It began with the workers' deploy, errors are panics or missing configuration, and the service that is "
            "said to be down answers others.",
            _WORKER_HISTORY,
        ),
        Cause(
            "The partner limits you",
            "Errors are `429` or `quota`, and successes trickle through. Retries make it worse, for they add attempts.",
            promql_query(SUCCEEDED, "above 0: limited, not down"),
        ),
    ),
    actions=(
        Step("Name the dependency from the last errors, and open its own dashboard or status page.", _LAST_ERRORS),
        Step(
            "See which queues share the fate; those that do not, do not need it.",
            promql_query(FAILED.sum(by="queue") / PROCESSED.sum(by="queue"), "1 is all attempts"),
        ),
        Step(
            "If the outage will last, pause the queue: tasks then wait at full strength in place of burning retries. "
            "With a small MaxRetry this is what keeps them out of the archive. Remember to resume.",
            (asynq_cli("asynq queue pause {queue}"), asynq_cli("asynq queue unpause {queue}")),
        ),
        Step(
            "When it is back, do nothing at first: tasks of the last minutes return by themselves within a minute or "
            "two. Those that failed often wait for hours; move them only if the dependency stands the wave.",
            (
                promql_query(RETRY, "what is still to come"),
                asynq_cli("asynq task runall --queue={queue} --state=retry", "all at once, in one storm"),
            ),
        ),
        Step(
            "Look at what was given up meanwhile and run that again.",
            (
                asynq_cli("asynq task ls --queue={queue} --state=archived --page=1 --size=30"),
                asynq_cli("asynq task runall --queue={queue} --state=archived", "old dead letters run again too"),
            ),
        ),
    ),
    tuning="The floor holds for the failed attempts and for the retry set; a small queue that matters can have a lower "
    "one.\n\n"
    "```python\n"
    'alerts = asynq.ALERTS.replace(asynq.ALERTS["AsynqDependencyOutage"].with_floor(5))\n'
    'Queue("best-effort", thresholds={"AsynqDependencyOutage": None})\n'
    "```",
    lies="It is silent for tasks that are archived at their first error (SkipRetry, MaxRetry(0)), for nothing then "
    "waits for a retry: AsynqTaskFailureRatioHigh fires after 5 minutes. It resolves when producers stop and retries "
    "are hours apart, though the dependency is still gone. A queue that gets nothing new and holds hundreds of "
    "hopeless tasks can look like an outage.",
)

RETRY_BACKLOG = Runbook(
    meaning="The tasks of queue {queue} that failed and wait for another attempt would keep the workers busy for "
    "longer than the threshold, at the pace of successes of the last 30 minutes, and there are at least 10 % more of "
    "them than 30 minutes ago. They are in Redis' sorted set `retry`, ordered by their next attempt, not in the "
    "backlog of pending.",
    impact="Users of these tasks wait through delays that grow with each failure, to hours and days. When the retries "
    "come due they compete with fresh work for the same slots.",
    causes=(
        Cause(
            "Failures go on",
            "AsynqTaskFailureRatioHigh or AsynqTaskTypeFailing fires too; begin there, this is its sum.",
            promql_query(FAILED, "failed attempts per second; clearly above 0 means that it goes on"),
        ),
        Cause(
            "A wave that is past its outage",
            "Failures are near 0 now, and next attempts lie within the next minutes. The set falls by itself.",
            (
                redis_cli(
                    'redis-cli ZRANGE "asynq:{{queue}}:retry" 0 0 WITHSCORES',
                    "the next due task and its time (seconds since 1970)",
                ),
                redis_cli(
                    'redis-cli ZCOUNT "asynq:{{queue}}:retry" -inf $(($(date +%s) + 600))', "due within 10 minutes"
                ),
            ),
        ),
        Cause(
            "Due retries are not taken",
            "The lowest score lies in the past by more than 10 seconds: no running server forwards this queue "
            "(AsynqScheduledOverdue).",
            (
                redis_cli(
                    'redis-cli ZCOUNT "asynq:{{queue}}:retry" -inf $(date +%s)', "overdue tasks, near 0 in health"
                ),
                asynq_cli("asynq server ls", "is the queue in anybody's list?"),
            ),
        ),
        Cause(
            "`IsFailure` says that errors are none",
            "The set grows while failed attempts stay 0: such errors return to retry without being counted and without "
            "using up a retry, for ever.",
            promql_query(_BY_OUTCOME, "outcome `skipped` is this"),
        ),
    ),
    actions=(
        Step("See size and direction.", (promql_query(RETRY), promql_query(RETRY.deriv("10m"), "tasks per second"))),
        Step("Find the error that most of them share.", _LAST_ERRORS),
        Step(
            "After the cause is fixed, let them come or bring them forward. All at once is a storm: with thousands, "
            "first try a few by id.",
            (
                asynq_cli("asynq task run --queue={queue} --id=TASK_ID"),
                asynq_cli("asynq task runall --queue={queue} --state=retry"),
            ),
        ),
        Step(
            "If they are worthless by now, archive them (undo: `runall --state=archived`); the archive keeps 9,999 and "
            "silently drops the oldest beyond. Do not use `deleteall` here: nothing brings its tasks back.",
            asynq_cli("asynq task archiveall --queue={queue} --state=retry"),
        ),
    ),
    tuning="Levels are durations of work; the floor is the number of tasks.\n\n"
    "```python\n"
    'Queue("imports", thresholds={"AsynqRetryBacklogHigh": Above(warning="30m", critical="4h")})\n'
    'alerts = asynq.ALERTS.replace(asynq.ALERTS["AsynqRetryBacklogHigh"].with_floor(1000))\n'
    "```\n\n"
    "Fewer retries in the code (`asynq.MaxRetry(5)`) or a shorter `RetryDelayFunc` keep hopeless tasks from waiting 20 "
    "days.",
    lies="A queue without a single success within 30 minutes has infinitely much work here. Silent for a new queue and "
    "for 30 minutes after metrics were missing, since growth has nothing to compare with. A plateau of thousands of "
    "old tasks is silent on purpose.",
)
