"""What to do when work stands still, a queue is paused, or due tasks are not handed out."""

from __future__ import annotations

from asynq_mon_codegen.catalog.records import ACTIVE, LATENCY, PENDING, PROCESSED, SIZE
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

__all__ = [
    "PAUSED",
    "SERVERS",
    "STALLED",
    "STARVED",
]

_INSPECT = asynq_cli("asynq queue inspect {queue}", "counts by state, and whether it is paused")
SERVERS = asynq_cli(
    "asynq server ls", "live servers with their queues, weights and busy slots; a dead one is gone after 10 seconds"
)
_ALL_PROCESSED = promql_query(
    "max by (queue) (rate(asynq_tasks_processed_total[5m]))", "attempts per second of every queue of every Redis"
)
_LOGS = shell(
    "kubectl logs deployment/WORKER --since=15m | grep -iE 'asynq: pid=.*(ERROR|FATAL)|panic|dial tcp|OOM'",
    "what workers say: `Dequeue error` means that they cannot reach Redis",
)

STALLED = Runbook(
    meaning="Tasks are pending, they already were five minutes ago, and in these five minutes not one attempt of this "
    "queue has finished, neither well nor badly. The queue is not paused. Tasks shown as active prove nothing: those "
    "of killed workers stay in that state for one to two minutes after a worker returns, and for ever if none does.",
    impact="Nothing of queue {queue} is done at all. Tasks that are scheduled or wait for a retry stay where they are "
    "as well, for workers themselves hand them out.",
    causes=(
        Cause(
            "No worker runs: crashed, out of memory, scaled to zero, or never started after a deploy",
            "`asynq server ls` prints `No running servers`, and no queue of this Redis is processed. The age of the "
            "oldest task may read 0 if the workers were stopped in good order.",
            (
                SERVERS,
                _ALL_PROCESSED,
                shell("kubectl get pods -l app=WORKER -o wide", "pods, restarts and their reasons"),
            ),
        ),
        Cause(
            "Servers run, but none has this queue in its configuration",
            "The column Queues of `asynq server ls` does not name it, and other queues are processed. Typical after a "
            "renamed queue, a new one that only the producer knows, or a weight of 0, which asynq ignores silently.",
            (SERVERS, promql_query(PROCESSED, "0 since the queue exists, or since a deploy")),
        ),
        Cause(
            "All slots are held by handlers that do not return",
            "Servers are listed with Active Workers at its maximum (20/20), active tasks of this queue or of one that "
            "shares the servers do not change, and no attempt fails: a timeout of 30 minutes is far away.",
            (
                asynq_cli("asynq task ls --queue={queue} --state=active --page=1 --size=30", "twice: the same ids"),
                promql_query(ACTIVE, "a flat line at the number of slots"),
                shell(
                    "kubectl exec deployment/WORKER -- kill -QUIT 1",
                    "prints every goroutine to the log, so that you see where handlers hang; it ends the process",
                ),
            ),
        ),
        Cause(
            "A queue of higher priority takes every slot",
            "Servers list this queue with the lowest weight and use StrictPriority, and another queue is processed at "
            "full speed. If that one never becomes empty, [AsynqQueueStarved](AsynqQueueStarved.md) fires instead of "
            "this alert.",
            _ALL_PROCESSED,
        ),
        Cause(
            "Workers cannot reach Redis, though the exporter can",
            "Pods run, but are not listed as servers; their logs repeat `Dequeue error` every three seconds "
            "(network policy, password, TLS, wrong database number).",
            _LOGS,
        ),
    ),
    actions=(
        Step("Make sure that it still stands.", (_INSPECT, promql_query(PROCESSED, "0 means that nothing finishes"))),
        Step("Who should work on it? This one list decides which cause it is.", SERVERS),
        Step(
            "No servers: bring workers back, and read why they went before they go again.",
            (shell("kubectl rollout status deployment/WORKER"), _LOGS),
        ),
        Step(
            "Servers without this queue: add it to `asynq.Config.Queues` and deploy; roll back if a deploy dropped it.",
            shell("kubectl rollout undo deployment/WORKER"),
        ),
        Step(
            "Servers with full slots: mend what handlers wait for, or restart the workers. A restart puts tasks back "
            "after 8 seconds and runs them again from their beginning: be sure that handlers can bear that. A single "
            "task can be cancelled, if its handler heeds its context.",
            (asynq_cli("asynq task cancel TASK_ID"), shell("kubectl rollout restart deployment/WORKER")),
        ),
        Step(
            "Afterwards look whether tasks are left as active that no worker has: their number does not fall to 0 when "
            "the queue is quiet. asynq reclaims them within two minutes as long as they have a lease; one without "
            "stays for ever.",
            (
                redis_cli('redis-cli --raw lrange "asynq:{{queue}}:active" 0 -1', "ids of active tasks"),
                redis_cli('redis-cli --raw zrange "asynq:{{queue}}:lease" 0 -1 withscores', "their leases: unix times"),
            ),
        ),
    ),
    tuning="Switch it off for a queue whose handlers take more than an hour, or that is worked off in a nightly "
    'window: `Queue("reports", thresholds={"AsynqQueueStalled": None})`. AsynqQueueWaitHigh still guards it.',
    lies="Silent for a queue that never finishes three tasks in five minutes and of which some are active, for "
    "handlers of many minutes look the same; when such a queue is really dead, it fires after an hour. Wrong for "
    "handlers of more than an hour. Attempts that fail with an error that `IsFailure` excuses move no counter: a queue "
    "in which every attempt ends so is reported, although workers are busy. Up to seven minutes late by design.",
)

STARVED = Runbook(
    meaning="Tasks wait, no worker holds any task of this queue, and for more than five minutes none has finished, "
    "while another queue of the same Redis is processed that was not empty once in five minutes. The workers are "
    "alive; they do not come to this queue.",
    impact="Queue {queue} is not served at all, however little there is to do in it. Its tasks will wait until the "
    "other queue is empty, or for ever.",
    causes=(
        Cause(
            "StrictPriority, and a queue above always has something pending",
            "`asynq server ls` lists this queue with a lower number than another one that is busy, and the pending "
            "count of that one never reaches 0. With weights (StrictPriority off) a queue gets little, not nothing.",
            (
                SERVERS,
                promql_query(
                    'max by (queue) (asynq_tasks_enqueued_total{state="pending"})',
                    "the queue above that never becomes empty",
                ),
            ),
        ),
        Cause(
            "No server is configured for this queue",
            "`asynq server ls` names it in no row. Then the processed counter has stood still since the queue exists, "
            "or since a deploy of the workers.",
            (
                SERVERS,
                promql_query(PROCESSED.max_over("1d"), "0: it was never served within a day"),
            ),
        ),
        Cause(
            "The servers of this queue are gone, those of others are not",
            "Each group of queues has its own deployment, the one for this queue has no pods, and another deployment "
            "is overloaded, which makes it look like starvation. AsynqWorkerDown names the missing pods.",
            (shell("kubectl get deployments -o wide", "READY 0/n"), SERVERS),
        ),
        Cause(
            "Slow tasks of another queue hold every slot",
            "No StrictPriority, all slots busy, and another queue processed slowly with as many active tasks as there "
            "are slots: a free slot appears too rarely for this queue to be drawn.",
            promql_query('max by (queue) (asynq_tasks_enqueued_total{state="active"})', "who holds the slots"),
        ),
    ),
    actions=(
        Step("Look for the queue in the column Queues: missing, low, or at the mercy of another?", SERVERS),
        Step(
            "Missing: add it to `asynq.Config.Queues` of a worker, or start the workers that had it.",
            shell("kubectl rollout history deployment/WORKER", "when the configuration changed"),
        ),
        Step(
            "At once, under StrictPriority: pause the queue above for as long as its tasks can wait. This one is "
            "served from the next free slot on. Do not forget to unpause; AsynqQueuePaused reminds you after half an "
            "hour. The name to give is that of the queue above.",
            (asynq_cli("asynq queue pause QUEUE_ABOVE"), asynq_cli("asynq queue unpause QUEUE_ABOVE")),
        ),
        Step(
            "For good: a server of its own for this queue, or weights in place of StrictPriority, with enough "
            "`Concurrency` that slow tasks of one queue cannot hold all of it.",
        ),
    ),
    tuning="A queue that may only be served when everything else is done (clean-up, statistics): "
    '`Queue("housekeeping", thresholds={"AsynqQueueStarved": None, "AsynqQueueStalled": None})`.',
    lies="The collector does not know which server serves which queue: with separate deployments on one Redis it says "
    "`starved` where the workers of this queue are dead and those of another are overloaded, and `asynq server "
    "ls` is the only witness. Where the queue above is empty now and then, AsynqQueueStalled fires. A queue that gets "
    "a task through now and then is not reported; AsynqQueueWaitHigh is. One task that is stuck as active without a "
    "lease keeps it silent.",
)

PAUSED = Runbook(
    meaning="Somebody, or a script, has paused the queue with `asynq queue pause`, asynqmon or "
    "`Inspector.PauseQueue`, and has not unpaused it for half an hour. Running tasks were finished; since then workers "
    "skip the queue. The pause is a key in Redis: it survives deploys and restarts, and even deleting the queue.",
    impact="Tasks are still accepted, become due and wait. No other alert about waiting, backlog or stall of this "
    "queue is sent while this one fires: it is the only one you get.",
    causes=(
        Cause(
            "Maintenance that was not ended",
            "Pending grows in a straight line since the pause, and the time fits a migration, a deploy or an incident.",
            (
                redis_cli('redis-cli get "asynq:{{queue}}:paused"', "when it was paused: a unix time"),
                redis_cli('date -d @"$(redis-cli get "asynq:{{queue}}:paused")"', "the same as a date"),
            ),
        ),
        Cause(
            "A deliberate stop: the handlers do damage, or a dependency is to be spared",
            "Before the pause the queue failed at a high rate; somebody of the incident knows.",
            promql_query(
                'max by (queue) (rate(asynq_tasks_failed_total{queue="{queue}"}[5m]))',
                "failures per second before the pause",
            ),
        ),
        Cause(
            "It was recreated as a paused one",
            "The queue had been removed while paused and was used again later: `asynq queue rm` leaves the pause.",
            promql_query(SIZE, "a gap, and then a queue that begins with the first task"),
        ),
    ),
    actions=(
        Step("How much waits behind the pause?", (_INSPECT, promql_query(LATENCY, "age of the oldest pending task"))),
        Step(
            "Ask who paused it before you undo it: look in the channel of the incident and the deploy log at the time "
            "above. asynq does not record who.",
        ),
        Step(
            "Unpause. The whole backlog starts at once, at the speed of all slots: if what handlers call cannot take "
            "that, start with fewer workers, or archive what is outdated first.",
            asynq_cli("asynq queue unpause {queue}"),
        ),
        Step(
            "Watch it drain; the waiting alerts come back by themselves until it has.",
            promql_query(PENDING, "falls from the moment of unpausing"),
        ),
    ),
    tuning="The half hour is its hold time, for all queues: "
    '`asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqQueuePaused"], hold="4h"))`. A queue that is kept paused on '
    'purpose: `Queue("legacy", thresholds={"AsynqQueuePaused": None})`.',
    lies="It does not know whether the pause is planned: put a silence on it for a long maintenance. A pause shorter "
    "than half an hour is never reported, nor one that is lifted and set again within that time.",
)
