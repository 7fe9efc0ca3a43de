"""What to do when a flood of tasks comes in, or none at all."""

from __future__ import annotations

from asynq_mon_codegen.catalog.queue_flow import ARRIVED, THROUGHPUT, UNFINISHED
from asynq_mon_codegen.catalog.records import PROCESSED, SCHEDULED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell
from asynq_mon_codegen.promql import Recorded

__all__ = ["SURGE", "TRAFFIC_STOPPED"]

USUAL_ARRIVALS = Recorded(metric=ARRIVED.metric, operations=f"{ARRIVED.operations}_high_usual_or_recent", by="queue")
USUAL_THROUGHPUT = Recorded(
    metric=THROUGHPUT.metric, operations=f"{THROUGHPUT.operations}_low_usual_or_recent", by="queue"
)
_NEXT_IN_LINE = asynq_cli(
    "asynq task ls --queue={queue} --state=pending --page=1 --size=30", "type and payload of the tasks that are next"
)
_CRON = asynq_cli("asynq cron ls", "entries of every live scheduler, with their next and previous run")
_PRODUCER = shell(
    "kubectl logs deployment/PRODUCER --since=1h | grep -iE 'enqueue|redis|dial tcp|OOM command|conflict|exists'",
    "errors of Enqueue: refused connections, `OOM command not allowed`, `task already exists`",
)

SURGE = Runbook(
    meaning="For five minutes the queue has taken in more than twice (critical: four times) the highest rate that is "
    "usual at this hour on other days, more than its workers finish, and the backlog grows. Slow workers alone do not "
    "do this: with them arrivals stay as they are. asynq counts no enqueues: arrivals are estimated from what "
    "succeeded and from how fast unfinished tasks grow.",
    impact="The wait grows by the surplus: at three times the pace, two seconds with every second. Redis fills with "
    "payloads, and with its memory full every queue of that Redis fails to enqueue. With `StrictPriority` the queues "
    "below this one get nothing.",
    causes=(
        Cause(
            "A producer loops, or enqueues what it has already enqueued",
            "Nearly all pending tasks are of one type, with equal or consecutive payloads, and the start coincides "
            "with the deploy of a producer.",
            (
                _NEXT_IN_LINE,
                promql_query(ARRIVED, "when it began, to the minute"),
            ),
        ),
        Cause(
            "A bulk job: an import, a campaign, a backfill, or archived tasks set to run again",
            "Same single type, but payloads that differ, and somebody who knows about it. After `asynq task runall` "
            "the archived or retry count fell by as much as pending rose.",
            promql_query(
                "max by (queue, state) (asynq_tasks_enqueued_total"
                '{queue="{queue}", state=~"archived|retry|scheduled|pending"})',
                "one state falls as pending rises",
            ),
        ),
        Cause(
            "Users, or an attacker, send more requests",
            "Types are mixed as usual, and the rate of requests at the edge rose at the same minute. One account, key "
            "or address that stands out in the payloads means abuse.",
            asynq_cli("asynq task inspect --queue={queue} --id=TASK_ID", "one pending task, for the account behind it"),
        ),
        Cause(
            "Handlers enqueue more tasks than they finish",
            "Arrivals follow the processed rate of this or another queue up and down: a task fans out into several, "
            "and each of those again.",
            (
                promql_query(PROCESSED, "attempts per second of this queue"),
                promql_query(
                    "max by (queue) (rate(asynq_tasks_processed_total[5m]))", "and of all, to find the source"
                ),
            ),
        ),
    ),
    actions=(
        Step(
            "How large is it? Arrivals now, their usual highest at this hour, and how many tasks are unfinished.",
            (
                promql_query(ARRIVED, "estimated arrivals per second"),
                promql_query(USUAL_ARRIVALS, "their usual highest at this hour"),
                promql_query(UNFINISHED, "tasks that still have to run"),
            ),
        ),
        Step(
            "How long does Redis last? If memory grows towards `maxmemory`, stop the producer before all else.",
            redis_cli("redis-cli info memory | grep -E 'used_memory_human|maxmemory_human|maxmemory_policy'"),
        ),
        Step("Find the type that floods, and whose it is.", _NEXT_IN_LINE),
        Step(
            "Stop it at the source: switch the producer off, roll it back, or limit the account. Pausing the queue "
            "does not help against a flood: a paused queue goes on taking tasks in, and works none off.",
        ),
        Step(
            "If the flood starves other queues, pause this one for the time being; that gives the slots to the others. "
            "Note the time, and unpause it.",
            (asynq_cli("asynq queue pause {queue}"), asynq_cli("asynq queue unpause {queue}")),
        ),
        Step(
            "Get rid of duplicates only when the producer stands still. Deleting is for ever and hits good tasks of "
            "the queue as well; take the list first.",
            (
                redis_cli(
                    'redis-cli --raw lrange "asynq:{{queue}}:pending" 0 -1 > pending-ids.txt',
                    "the ids of all pending tasks",
                ),
                asynq_cli("asynq task delete --queue={queue} --id=TASK_ID", "one task"),
                asynq_cli("asynq task deleteall --queue={queue} --state=pending", "all of them: irreversible"),
            ),
        ),
        Step(
            "Prevent the next one: `asynq.Unique(ttl)` or `asynq.TaskID(id)` in the producer makes a duplicate an "
            "error, and bulk jobs belong into a queue of their own.",
        ),
    ),
    tuning="An import that comes every night is no surprise: "
    '`Queue("nightly", batch=BatchWindow("01:00", "03:00"))`. A queue that takes in more at any time: '
    '`thresholds={"AsynqQueueSurge": Above(warning=Band(5, young="2h"), critical=Band(20, young="2h"))}`, a fixed rate '
    "`Above(warning=200)` in tasks per second, or `None`. The floor of 500 pending tasks is changed for all: "
    '`asynq.ALERTS.replace(asynq.ALERTS["AsynqQueueSurge"].with_floor(5_000))`.',
    lies="Tasks that workers archive are missing from the estimate, and tasks deleted by hand lower it for five "
    "minutes. A queue less than two days old is held against its last hour or two: its first busy morning may look "
    "like a flood, and a flood becomes usual after half an hour. On an older queue a flood becomes usual after "
    "twelve hours; AsynqQueueWaitHigh and AsynqQueueBacklogNotDraining go on. A first bulk job that takes longer than "
    "five minutes to enqueue is a flood as far as this alert can tell. Bursts worked off within minutes are not.",
)

TRAFFIC_STOPPED = Runbook(
    meaning="On other days every quarter of an hour about now brings attempts (a queue less than two days old: every "
    "one of the last two hours did). The last one brought less than a tenth of that, and no task is pending. Workers "
    "have nothing to do: whoever enqueues has stopped, or enqueues elsewhere. Every other graph is green, for an empty "
    "queue has no wait, no backlog and no failures.",
    impact="What users or schedules ask of {queue} is not even written down. Unlike a backlog it is not made up for "
    "when the cause is mended: a request that failed to enqueue is lost unless its sender tries again, and a "
    "scheduler does not run missed ticks later.",
    causes=(
        Cause(
            "The producer is down, or a deploy of it dropped the call",
            "Arrivals end within one scrape, to the minute of a deploy or crash of the producer. Other queues that the "
            "same program fills end with it.",
            (
                promql_query(THROUGHPUT, "when it ended"),
                promql_query(
                    "max by (queue) (rate(asynq_tasks_processed_total[15m]))", "and which other queues ended with it"
                ),
                shell("kubectl rollout history deployment/PRODUCER", "compare with the minute at which it ended"),
            ),
        ),
        Cause(
            "The producer runs, but cannot enqueue",
            "Its log has errors of `Enqueue` from that minute on. `OOM command not allowed` is Redis at its maxmemory, "
            "`task already exists` or `task ID conflicts` is an old task, perhaps an archived one, that holds the lock "
            "of `Unique` or `TaskID`.",
            (
                _PRODUCER,
                asynq_cli("asynq queue inspect {queue}", "archived and completed tasks, which may hold task IDs"),
                redis_cli("redis-cli info memory | grep -E 'used_memory_human|maxmemory_human|maxmemory_policy'"),
            ),
        ),
        Cause(
            "The scheduler is gone",
            "`asynq cron ls` says `No scheduler entries` although this queue is fed by periodic tasks: entries vanish "
            "20 seconds after their scheduler.",
            _CRON,
        ),
        Cause(
            "Tasks go to another queue or another Redis",
            "A queue with a similar name begins where this one ends (a renamed queue, a typo in `asynq.Queue`), or "
            "the producer has a new Redis address or database number and workers and exporter have the old one.",
            (
                asynq_cli("asynq queue ls", "every queue of this Redis"),
                shell(
                    "kubectl exec deployment/PRODUCER -- env | grep -i redis", "address and database of the producer"
                ),
            ),
        ),
        Cause(
            "Everything is scheduled for later",
            "Scheduled tasks grow as fast as the queue used to be processed: a `ProcessIn` with the wrong unit, or a "
            "producer whose clock is ahead.",
            (
                promql_query(SCHEDULED, "a straight line upwards"),
                asynq_cli("asynq task ls --queue={queue} --state=scheduled --page=1 --size=30", "when they are due"),
            ),
        ),
        Cause(
            "There is really nothing to do",
            "A holiday, a feature switched off, a customer gone: the requests at the edge ended with the tasks.",
        ),
    ),
    actions=(
        Step(
            "Make sure that nothing comes: next to no attempts, and none pending.",
            (
                promql_query(PROCESSED, "attempts per second of the last 5 minutes"),
                promql_query(USUAL_THROUGHPUT, "the least that is usual at this hour"),
                asynq_cli("asynq queue inspect {queue}", "counts by state"),
            ),
        ),
        Step(
            "Enqueue a harmless task by hand from a producer's pod, if it has a command for that. If the task runs, "
            "Redis and workers are well and the producer is not.",
        ),
        Step("Read the producer's errors.", _PRODUCER),
        Step("Is a scheduler alive, and when does it run next?", _CRON),
        Step(
            "Bring back what used to enqueue: roll the producer back, or restart the scheduler.",
            (
                shell("kubectl rollout undo deployment/PRODUCER"),
                shell(
                    "kubectl rollout restart deployment/SCHEDULER", "exactly one replica: two enqueue everything twice"
                ),
            ),
        ),
        Step(
            "Make up for what is missing: neither asynq nor the scheduler does. Run the missed periodic tasks once by "
            "hand, and ask the owner of the producer which requests of that time failed.",
        ),
    ),
    tuning="A queue that may fall silent at any time: "
    '`Queue("campaigns", thresholds={"AsynqTrafficStopped": None})`; one that may do so at certain times: '
    '`Queue("imports", batch=BatchWindow("01:00", "03:00"))`. A queue with a minimum that you know: '
    '`thresholds={"AsynqTrafficStopped": Below(warning=0.1)}` in attempts per second.',
    lies="Blind for queues that bring fewer than nine attempts in their least quarter of an hour: periodic tasks are "
    "guarded by AsynqPeriodicTaskMissing. On a holiday it is right that nothing comes, and wrong that this is a fault. "
    "It fires when a job of more than two and a half hours ends on a queue that knows no other day yet. After half "
    "a day of silence, silence is usual and the alert ends. A trickle of retries or of another producer above a "
    "tenth of the usual least keeps it silent.",
)
