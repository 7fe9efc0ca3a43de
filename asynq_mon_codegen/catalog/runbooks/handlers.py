"""What to do about slow and stuck handlers, and workers without a free slot."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import (
    SERVER_BUSY,
    SERVER_CONCURRENCY,
    TASK_DURATION,
    TASK_IN_PROGRESS,
    TASK_OLDEST_START,
    TASK_OUTCOMES,
)
from asynq_mon_codegen.catalog.records import LATENCY, PENDING, RETRY, SCHEDULED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, shell
from asynq_mon_codegen.promql import time

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

TASK_DURATION_HIGH = Runbook(
    meaning="Of the attempts of {task_type} that returned within 5 minutes, one in twenty had run for longer than the "
    "threshold. The number comes from the workers' histogram, so it knows only what has returned.",
    impact="A running handler occupies one of the slots (`Concurrency`) that all queues of a worker share. Slow tasks "
    "of one type make tasks of innocent queues wait, whatever the priorities. Beyond the timeout (30 minutes by "
    "default) asynq counts the attempt as failed and runs the task again.",
    causes=(
        Cause(
            "What the handler calls has become slow",
            "Other task types that use the same database or API are slower too, from the same minute on; the workers' "
            "CPU is idle.",
            promql_query(TASK_DURATION.quantile(0.95, "5m", by="task_type"), "95th percentile by task type: who else?"),
        ),
        Cause(
            "Bigger tasks than usual",
            "Only this type, and only part of it: the median stays, the 95th percentile moves. Look at payloads: an "
            "import of a million rows, a customer of another size.",
            (promql_query(TASK_DURATION.quantile(0.5, "5m", by=_TASK), "the median"), _ACTIVE),
        ),
        Cause(
            "The workers are out of CPU or are throttled",
            "All types became slower together, and AsynqWorkerCPUHigh, AsynqWorkerThrottled or AsynqHostCPUHigh fires.",
            shell("kubectl top pods -A -l app=asynq-worker", "against the limit (use your own label)"),
        ),
        Cause(
            "Handlers wait for each other",
            "CPU is idle, no dependency is slow: a mutex, a connection pool of 5 for 20 slots, a rate limiter. Stacks "
            "show many goroutines of the handler in the same line.",
            _DUMP,
        ),
    ),
    actions=(
        Step(
            "See what it costs: how many run, and whether queues wait.",
            (
                promql_query(TASK_IN_PROGRESS.sum(by=_TASK), "handlers of this type that run now"),
                promql_query(LATENCY, "age of the oldest pending task"),
            ),
        ),
        Step("Look at what runs for long; take one id and its payload to whoever knows the handler.", _ACTIVE),
        Step(
            "If it starves other queues, add workers for those queues alone, or pause this one for a while (its tasks "
            "wait, none is lost).",
            (asynq_cli("asynq queue pause {queue}"), asynq_cli("asynq queue unpause {queue}")),
        ),
        Step(
            "Cancel a single one. It ends only if the handler heeds its context; the attempt then counts as failed and "
            "is retried.",
            asynq_cli("asynq task cancel TASK_ID"),
        ),
    ),
    tuning="5 and 15 minutes are a guess; say what is normal for each type.\n\n"
    "```python\n"
    'TaskType("video:encode", thresholds={"AsynqTaskDurationHigh": Above(warning="40m", critical="2h")})\n'
    'TaskType("email:deliver", thresholds={"AsynqTaskDurationHigh": Above(warning="5s", critical="30s")})\n'
    "```\n\n"
    "The histogram's buckets must reach beyond the highest level: a percentile above the last bucket reads as that "
    "bucket's bound, and the alert could never fire.",
    lies="A handler that hangs is not seen at all until it returns, see AsynqTaskStuck. Fewer than 10 attempts within "
    "30 minutes never fire. The value is interpolated within a bucket and can be off by the bucket's width.",
)

TASK_STUCK = Runbook(
    meaning="One handler of {task_type} has been running for longer than the threshold. By default asynq ends the wait "
    "after 30 minutes and records a failure; but a handler that ignores its context runs on as a goroutine that nobody "
    "waits for, and one enqueued with a longer `Timeout` keeps its slot as well.",
    impact="Each stuck handler that asynq still waits for takes a slot away; when all are taken, nothing is processed "
    "while every worker is up. A handler that asynq gave up runs beside its own retry: the work is done twice.",
    causes=(
        Cause(
            "A call without a timeout",
            "The stack shows the handler in a read from the network (`net.(*conn).Read`, `IO wait`) for many minutes; "
            "its client was built without a deadline or is not given ctx.",
            _DUMP,
        ),
        Cause(
            "It is just long",
            "It makes progress in its own log or data, and did so in the past; the producer gave it a `Timeout` of "
            "hours.",
            promql_query(TASK_DURATION.quantile(0.99, "1d", by=_TASK), "how long such tasks ran within a day"),
        ),
        Cause(
            "A deadlock",
            "The stack shows `sync.(*Mutex).Lock`, `chan receive` or `select` with the same number of minutes in "
            "several goroutines; tasks of this type stopped succeeding altogether.",
            _OUTCOMES,
        ),
        Cause(
            "The worker is frozen",
            "Its clock goes on but no task of it returns: a paused VM, a SIGSTOP, swap. AsynqWorkerDown follows.",
            _SERVERS,
        ),
    ),
    actions=(
        Step(
            "Find the worker: the series with the oldest start names its instance.",
            promql_query(time() - TASK_OLDEST_START.differs_from(0), "seconds, by instance"),
        ),
        Step("See how many slots are left on it.", _SERVERS),
        Step(
            "Find the task and ask it to stop. A handler that heeds its context fails now and is retried.",
            (
                _ACTIVE,
                asynq_cli("asynq task cancel TASK_ID"),
            ),
        ),
        Step("Get the stacks before you restart: afterwards there is nothing left to find the reason in.", _DUMP),
        Step(
            "Restart that worker. Its tasks get 8 seconds to end and are then put back; make sure that running them "
            "again does no harm. If the same task sticks again, archive it while it waits for its retry.",
            (shell("kubectl delete pod POD"), asynq_cli("asynq task archive --queue={queue} --id=TASK_ID")),
        ),
    ),
    tuning="For types that may run for hours:\n\n"
    "```python\n"
    'TaskType("report:yearly", thresholds={"AsynqTaskStuck": Above(warning="3h", critical="6h")})\n'
    "```\n\n"
    "In the code give each task a `asynq.Timeout(...)` and hand ctx to everything that the handler calls.",
    lies="A worker that dies takes its number with it, though its task stays `active` for up to 2 minutes. Clocks of "
    "worker and Prometheus that differ move the value by their difference. Only the oldest handler of a type is seen, "
    "not how many.",
)

WORKERS_SATURATED = Runbook(
    meaning="Averaged over 10 minutes more than the threshold of all handler slots (`Concurrency` of all servers) were "
    "busy, while tasks were pending in queues that are not paused and did not become fewer within 10 minutes. A batch "
    "that is being worked off does not fire.",
    impact="The workers are at their limit: every further task waits, and with weighted priorities low queues wait "
    "longest. With a strict priority they may get nothing at all.",
    causes=(
        Cause(
            "More work than workers",
            "Durations are as usual and processed per second is at its highest; pending grows. More slots help.",
            (
                promql_query(PENDING, "backlog by queue"),
                promql_query(TASK_DURATION.quantile(0.95, "5m", by="task_type")),
            ),
        ),
        Cause(
            "Handlers became slow",
            "Processed per second is lower than usual although every slot is busy, and one type holds most of them. "
            "More slots would press even harder on whatever is slow.",
            promql_query(TASK_IN_PROGRESS.sum(by="task_type"), "who holds the slots"),
        ),
        Cause(
            "Workers are missing",
            "The number of slots fell: fewer servers than usual, or one with a smaller Concurrency since its release.",
            (promql_query(SERVER_CONCURRENCY.max(by="server"), "slots by server"), _SERVERS),
        ),
        Cause(
            "A wave of retries or of scheduled tasks",
            "Pending jumped while retry or scheduled fell by as much; it passes by itself.",
            (promql_query(RETRY), promql_query(SCHEDULED)),
        ),
    ),
    actions=(
        Step(
            "How busy is each server?", promql_query(SERVER_BUSY.max(by="server") / SERVER_CONCURRENCY.max(by="server"))
        ),
        Step(
            "Which task types hold the slots, and are they slower than usual?",
            (
                promql_query(TASK_IN_PROGRESS.sum(by="task_type")),
                promql_query(TASK_DURATION.quantile(0.95, "5m", by="task_type")),
            ),
        ),
        Step(
            "If there is just more work, add workers; watch the database that they share.",
            shell("kubectl scale deployment/asynq-worker --replicas=6"),
        ),
        Step(
            "If one queue's slow tasks take all slots, pause it until the others are through; its tasks wait.",
            (asynq_cli("asynq queue pause QUEUE"), asynq_cli("asynq queue unpause QUEUE")),
        ),
        Step(
            "In the long run give slow types a queue and workers of their own: priorities choose who is asked first "
            "for a free slot, they do not reserve any."
        ),
    ),
    tuning="It has no queue, so it is changed for all:\n\n"
    "```python\n"
    'alerts = asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqWorkersSaturated"], when=Above(warning="97%")))\n'
    "```",
    lies="It adds up all servers: a group of workers for one queue can be full while others idle. A queue that no "
    "server takes counts as waiting. Handlers that asynq gave up (timeout) run on and use CPU without a slot. A server "
    "that died keeps its slots in the average for 10 minutes.",
)
