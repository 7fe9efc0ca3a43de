"""What to do when tasks wait or pile up."""

from __future__ import annotations

from asynq_mon_codegen.catalog.queue_flow import ARRIVED, UNFINISHED
from asynq_mon_codegen.catalog.records import ACTIVE, FAILED, PENDING, PROCESSED, SUCCEEDED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

__all__ = ["BACKLOG_NOT_DRAINING", "WAIT_HIGH"]

_SERVERS = asynq_cli(
    "asynq server ls",
    "which processes serve the queue (column Queues), and whether their slots are all busy (Active Workers, as 20/20)",
)
_NEXT_IN_LINE = asynq_cli(
    "asynq task ls --queue={queue} --state=pending --page=1 --size=30", "type and payload of the tasks that are next"
)
_HELD = asynq_cli(
    "asynq task ls --queue={queue} --state=active --page=1 --size=30", "which types occupy the slots at this moment"
)

WAIT_HIGH = Runbook(
    meaning="The task that is next in line has been pending for longer than the threshold. Tasks leave the pending "
    "list in order, so everything behind it will wait at least as long. The time in `scheduled` or `retry` is not part "
    "of it: the clock starts when a task becomes pending.",
    impact="Work that a user waits for (mails, receipts, webhooks of queue {queue}) is late by the age shown, and by "
    "one second more every second while nobody takes the head of the list.",
    causes=(
        Cause(
            "Handlers have become slow",
            "The queue is still processed, but at a lower rate than before, while arrivals are as ever; `active` "
            "equals the number of slots all the time. A slow database or API behind the handlers looks like this until "
            "attempts run into their timeout (30 minutes unless the task sets one), so the failure rate tells nothing.",
            (
                promql_query(PROCESSED, "attempts per second: compare with the same time yesterday"),
                promql_query(
                    ACTIVE, "tasks held: flat at the sum of all Concurrency settings when slots are the limit"
                ),
                _HELD,
            ),
        ),
        Cause(
            "Slow tasks of another queue hold the slots",
            "All queues of a server share its `Concurrency`; weights only decide who is asked first for a free slot. "
            "Another queue of the same server has many active tasks, and several queues age together.",
            (
                promql_query(
                    'max by (queue) (asynq_tasks_enqueued_total{state="active"})', "the queue that occupies the slots"
                ),
                _SERVERS,
            ),
        ),
        Cause(
            "More comes in than workers can take",
            "Processed per second is at its highest, and so are arrivals; [AsynqQueueSurge](AsynqQueueSurge.md) fires "
            "if they are far above what is usual.",
            promql_query(ARRIVED, "estimated arrivals per second, to hold against what is processed"),
        ),
        Cause(
            "Nobody takes tasks of this queue",
            "Processed per second is 0: then go on with [AsynqQueueStalled](AsynqQueueStalled.md), which fires after "
            "seven minutes. `asynq server ls` does not name the queue, or prints `No running servers`.",
            _SERVERS,
        ),
        Cause(
            "A batch was enqueued at once",
            "Pending jumped within a minute or two and has fallen evenly since; the age climbs until the batch is "
            "through, and then drops to 0.",
            promql_query(PENDING, "one jump, then a straight line down"),
        ),
    ),
    actions=(
        Step(
            "See what the queue is doing: pending, active, paused, and how many failed today.",
            asynq_cli("asynq queue inspect {queue}"),
        ),
        Step("See what is waiting. One type that fills the page points at its producer or its handler.", _NEXT_IN_LINE),
        Step(
            "Add workers if slots are the limit and whatever the handlers call can take it. Watch that dependency: "
            "twice the workers is twice the load on it.",
            shell("kubectl scale deployment/WORKER --replicas=4", "on Kubernetes"),
        ),
        Step(
            "If other queues hold the slots, give this one workers of its own: a server whose `asynq.Config.Queues` "
            "holds nothing but this queue. That is a deploy, and the only lasting cure.",
        ),
        Step(
            "If a batch that can wait is in front, pause its queue, or archive the tasks that nobody needs any more. "
            "Archiving all pending tasks hits the urgent ones too, and the archive keeps no more than 9,999: the "
            "oldest are deleted for good.",
            asynq_cli("asynq task archive --queue={queue} --id=TASK_ID"),
        ),
    ),
    tuning="The defaults are meant for queues that users wait for. A batch queue wants its own: "
    '`Queue("reports", thresholds={"AsynqQueueWaitHigh": Above(warning="30m", critical="2h")})`; `None` in place of '
    "`Above(...)` switches the alert off for it.",
    lies="Blind after a graceful stop: tasks that a stopping worker puts back, and tasks started by `asynq task run`, "
    "carry no time, so the age reads 0 while they are at the head; AsynqQueueStalled does not depend on it. Off by the "
    "difference between the clocks of producer and exporter. Loud during a nightly batch, which does wait: give that "
    "queue its own threshold.",
)

BACKLOG_NOT_DRAINING = Runbook(
    meaning="Pending tasks divided by the tasks that succeed per second: so long would the queue need if nothing new "
    "came. It has been above the threshold for ten minutes, with at least 100 tasks waiting. `+Inf` means that no task "
    "has succeeded for five minutes.",
    impact="A task enqueued now starts about that much later. Tasks with a deadline shorter than it are bound to fail, "
    "and Redis keeps the payload of every task that waits.",
    causes=(
        Cause(
            "Attempts are made, but they fail",
            "Failed is close to processed: workers are busy with retries, and only successes shorten the backlog. Then "
            "the failure alerts of this queue lead to the cause.",
            (
                promql_query(FAILED, "failed attempts per second; compare with the next query"),
                promql_query(PROCESSED, "all attempts per second"),
                asynq_cli(
                    "asynq task ls --queue={queue} --state=retry --page=1 --size=30",
                    "the last error of each task, in the column Last Error",
                ),
            ),
        ),
        Cause(
            "Workers were taken away",
            "Successes per second fell in a step, at the time of a deploy or of a scale-down, and `asynq server ls` "
            "shows fewer processes than you run.",
            (promql_query(SUCCEEDED, "a step down"), _SERVERS),
        ),
        Cause(
            "The mix has changed to heavier tasks",
            "Successes per second sank slowly, no attempt fails, and the active tasks are mostly of one type.",
            _HELD,
        ),
        Cause(
            "Arrivals have outgrown the workers",
            "Successes are as many as ever, and unfinished tasks have grown for hours rather than minutes.",
            (
                promql_query(UNFINISHED, "grows for hours in a straight line"),
                promql_query(ARRIVED, "arrivals per second, above the successes all the time"),
            ),
        ),
    ),
    actions=(
        Step(
            "Read both halves of the quotient: is pending high, or is the pace low?",
            (promql_query(PENDING, "pending tasks"), promql_query(SUCCEEDED, "successes per second")),
        ),
        Step(
            "Pace low and failures high: mend the dependency first. More workers would only fail faster.",
        ),
        Step(
            "Pace low without failures: add workers, or raise `Concurrency` if the handlers wait for others rather "
            "than for the CPU.",
            _SERVERS,
        ),
        Step(
            "Pace as ever: decide what may be dropped. Look at the oldest tasks; if they are of no use any more, "
            "archive them one by one, or all of them where none of the queue's tasks matters. `archiveall` cannot be "
            "undone in full: beyond 9,999 the archive deletes the oldest.",
            (_NEXT_IN_LINE, asynq_cli("asynq task archiveall --queue={queue} --state=pending", "all pending tasks")),
        ),
        Step(
            "Watch that Redis has the memory to wait: payloads stay there until they are processed.",
            redis_cli("redis-cli info memory | grep -E 'used_memory_human|maxmemory_human|maxmemory_policy'"),
        ),
    ),
    tuning="By queue: "
    '`Queue("reports", thresholds={"AsynqQueueBacklogNotDraining": Above(warning="2h", critical="12h")})`. The floor '
    'is one for all queues: `asynq.ALERTS.replace(asynq.ALERTS["AsynqQueueBacklogNotDraining"].with_floor(1_000))`.',
    lies="It knows nothing of what will come, nor of tasks in `scheduled` and `retry`. Just after workers return, the "
    "pace is a mean over five minutes and shows too little: the drain time falls by itself within that time. Below 100 "
    "pending tasks it is silent however slow the handlers are; AsynqQueueWaitHigh sees those.",
)
