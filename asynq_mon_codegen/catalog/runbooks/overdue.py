"""What to do when due tasks or groups are not handed out."""

from __future__ import annotations

from asynq_mon_codegen.catalog.queue_flow import AGGREGATING, DUE_FALLS
from asynq_mon_codegen.catalog.records import PROCESSED, SCHEDULED
from asynq_mon_codegen.catalog.runbooks.stalls import SERVERS
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

__all__ = ["AGGREGATION_STUCK", "SCHEDULED_OVERDUE"]

SCHEDULED_OVERDUE = Runbook(
    meaning="The scheduled or the retry set of the queue (label `state`) shrank at least five times in every quarter "
    "of an hour, and now it has not shrunk for fifteen minutes though it is not empty, and no attempt of the queue "
    "finishes. Due tasks are moved to pending by the workers of the queue themselves, every 5 seconds: nobody does it.",
    impact="Reminders, delayed jobs and retries of queue {queue} are overdue. They do not show as pending, so that "
    "backlog and waiting time look perfect.",
    causes=(
        Cause(
            "No server of this queue runs any more",
            "`asynq server ls` does not name the queue. If it has direct tasks as well, AsynqQueueStalled fires; a "
            "queue of scheduled tasks only is reported here alone.",
            (SERVERS, promql_query(PROCESSED, "attempts per second: 0 all the time")),
        ),
        Cause(
            "The queue was dropped from the workers' configuration while the producer goes on",
            "Servers run and serve other queues, and the scheduled set grows.",
            promql_query(SCHEDULED, "rises only"),
        ),
        Cause(
            "The forwarder of the workers fails",
            "Servers of the queue are listed; their log says `Failed to forward scheduled tasks` (a read-only Redis "
            "replica, a script forbidden by an ACL, memory full).",
            (
                shell("kubectl logs deployment/WORKER --since=30m | grep -i 'forward'"),
                redis_cli("redis-cli info replication | grep -E 'role|master_link_status'", "must say role:master"),
            ),
        ),
        Cause(
            "All that is left is due later",
            "The first task of the set is due in the future. Nothing is wrong: traffic ended abruptly.",
            redis_cli(
                'redis-cli zrange "asynq:{{queue}}:{state}" 0 0 withscores', "id and due time (unix) of the next task"
            ),
        ),
    ),
    actions=(
        Step(
            "Is anything overdue? Count the tasks whose time has come; 0 means a false alarm.",
            redis_cli('redis-cli zcount "asynq:{{queue}}:{state}" -inf "$(date +%s)"', "overdue tasks"),
        ),
        Step("Is there a server for the queue?", SERVERS),
        Step(
            "Bring back workers that list the queue. They move what is due within 5 seconds, all of it: expect a wave "
            "as large as the count above.",
            shell("kubectl rollout status deployment/WORKER"),
        ),
        Step(
            "Only if servers are there and do not forward: move them by hand. `runall` takes everything in that state, "
            "also what is due next month; single tasks are safer.",
            (
                asynq_cli(
                    "asynq task ls --queue={queue} --state={state} --page=1 --size=30", "the earliest come first"
                ),
                asynq_cli("asynq task run --queue={queue} --id=TASK_ID", "one task"),
                asynq_cli("asynq task runall --queue={queue} --state={state}", "all of them, due or not"),
            ),
        ),
        Step("See that the set moves again.", promql_query(DUE_FALLS, "how often it shrank in 15 minutes: above 0")),
    ),
    tuning="A queue that legitimately stops at closing time and keeps adding tasks for the next day: "
    '`Queue("reminders", thresholds={"AsynqScheduledOverdue": None})`.',
    lies="The exporter does not show due times, so this is a guess from habits: it needs an hour and a half of steady "
    "movement before, is blind for sets that move less often than every three minutes, and ends by itself after an "
    "hour even if nothing was mended.",
)

_GROUPS = asynq_cli("asynq group ls --queue={queue}", "the groups of the queue that hold tasks")

AGGREGATION_STUCK = Runbook(
    meaning="Tasks enqueued with `asynq.Group(...)` wait in groups, some have done so for an hour, and in this hour "
    "their number never fell: no group was combined and handed to a worker. asynq shows no such state; it is the "
    "queue's size minus all states that it does show.",
    impact="What is meant to be sent as one (digests, bulk writes) is not sent at all. The tasks are in no other "
    "gauge, so no backlog shows them.",
    causes=(
        Cause(
            "No server of this queue has a GroupAggregator",
            "Servers list the queue and process its other tasks, but `asynq.Config.GroupAggregator` is nil there: such "
            "a server leaves groups alone. Typical after splitting workers in two deployments.",
            (SERVERS, shell("grep -rn 'GroupAggregator' --include='*.go' .", "in the worker's source")),
        ),
        Cause(
            "A group that never becomes quiet",
            "A group is flushed when nothing has joined for `GroupGracePeriod` (1 minute), at `GroupMaxSize`, or at "
            "`GroupMaxDelay`. The last two are unlimited by default: with a task every few seconds it grows for ever.",
            promql_query(AGGREGATING, "grows in a straight line"),
        ),
        Cause(
            "No worker runs",
            "Nothing else of the queue is processed either, and `asynq server ls` does not name it.",
            promql_query(PROCESSED, "attempts per second: 0 all the time"),
        ),
        Cause(
            "The aggregation panics or its result cannot be enqueued",
            "The worker's log has an error with `aggregate` in it every few seconds.",
            shell("kubectl logs deployment/WORKER --since=15m | grep -iE 'aggregat'"),
        ),
    ),
    actions=(
        Step("Which groups, and how large?", (_GROUPS, redis_cli('redis-cli scard "asynq:{{queue}}:groups"'))),
        Step(
            "When did the oldest task join? The lowest score is a unix time; take a group from the list.",
            redis_cli('redis-cli zrange "asynq:{{queue}}:g:GROUP" 0 0 withscores'),
        ),
        Step(
            "Deploy workers whose configuration has the aggregator, and set `GroupMaxDelay` and `GroupMaxSize`: with "
            "both a busy group cannot wait for ever.",
        ),
        Step(
            "To get them done at once, run the tasks of a group one by one, without combining them. The handler must "
            "know the single type; try one task first.",
            (
                asynq_cli("asynq task ls --queue={queue} --state=aggregating --group=GROUP --page=1 --size=30"),
                asynq_cli("asynq task run --queue={queue} --id=TASK_ID", "try one"),
                asynq_cli(
                    "asynq task runall --queue={queue} --state=aggregating --group=GROUP", "then all of the group"
                ),
            ),
        ),
    ),
    tuning="Groups that are meant to wait longer than an hour (`GroupMaxDelay` of a day): "
    '`Queue("digests", thresholds={"AsynqAggregationStuck": None})`.',
    lies="A queue is taken as a whole: while one of its groups is flushed, another one that is stuck stays unseen. "
    "Tasks that are being combined at the moment are in no gauge at all. A group deleted by hand counts as flushed.",
)
