"""What to do with dead letters, and before they are dropped."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.records import ARCHIVED, FAILED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_BY_TYPE = promql_query(
    TASK_OUTCOMES.where(outcome="archived").increase("30m").sum(by=("queue", "task_type")),
    "which task types were given up (instrumented workers)",
)
_DEAD = asynq_cli(
    "asynq task ls --queue={queue} --state=archived --page=1 --size=30", "id, type, time and text of the last error"
)
_NEWEST = redis_cli(
    'redis-cli ZREVRANGE "asynq:{{queue}}:archived" 0 9 WITHSCORES',
    "ids of the ten newest and when they were archived (seconds since 1970)",
)
_OLDEST = redis_cli(
    'redis-cli ZRANGE "asynq:{{queue}}:archived" 0 0 WITHSCORES',
    "the oldest task, the next to be dropped, and its time",
)

TASKS_ARCHIVED = Runbook(
    meaning="asynq moved tasks of queue {queue} to its archive, the dead-letter set: they used up their retries (25 by "
    "default, about 20 days) or their handler returned `asynq.SkipRetry`. An archived task is never run again unless a "
    "person does it. The number is the archive's growth within 30 minutes or what the workers counted, whichever is "
    "higher.",
    impact="What these tasks should have done has not happened and will not: a payment not captured, a mail not sent. "
    "They keep for 90 days, and for 9,999 tasks per queue.",
    causes=(
        Cause(
            "The handler gives up at once",
            "The tasks are young: created and archived within seconds, `Retried` 0. Search the handler for SkipRetry, "
            "and the producer for `MaxRetry(0)`.",
            (
                _BY_TYPE,
                asynq_cli(
                    "asynq task inspect --queue={queue} --id=TASK_ID", "Retried: 0/25 is SkipRetry, 0/0 is MaxRetry(0)"
                ),
            ),
        ),
        Cause(
            "Retries of an old fault have run out",
            "`Retried` equals the maximum. Many at a time belong to one bad hour days or weeks ago; count back by the "
            "delays (10 retries take about 4.5 hours, 25 about 20 days).",
            (_DEAD, _NEWEST),
        ),
        Cause(
            "A task kills its worker",
            "Last error `asynq: task lease expired`, and workers restart (AsynqWorkerRestarting). The workers' own "
            "counter does not know of it, the archive does.",
            (_DEAD, shell("kubectl get pods -A -l app=asynq-worker", "RESTARTS and OOMKilled (use your own label)")),
        ),
        Cause(
            "Somebody archived by hand",
            "The gauge rose in one step while no attempts failed at that time: `asynq task archiveall` or the button "
            "in asynqmon.",
            promql_query(FAILED, "failed attempts per second; 0 means by hand"),
        ),
    ),
    actions=(
        Step(
            "Look at the newest ones and their errors. The list shows the newest last; there may be several pages.",
            (_NEWEST, _DEAD),
        ),
        Step(
            "Open one, to see payload type, retries and the whole error.",
            asynq_cli("asynq task inspect --queue={queue} --id=TASK_ID"),
        ),
        Step(
            "Fix the cause first: a task that is run again and fails is archived again after its last retry, at once "
            "if it had none left.",
        ),
        Step(
            "Run one again. If that works, run the others by id, or all, which includes every old dead letter of the "
            "queue: make sure that their work is still wanted and that they are idempotent.",
            (
                asynq_cli("asynq task run --queue={queue} --id=TASK_ID"),
                asynq_cli("asynq task runall --queue={queue} --state=archived"),
            ),
        ),
        Step(
            "Delete what is worthless, by id. `deleteall` takes the whole archive and cannot be undone.",
            asynq_cli("asynq task delete --queue={queue} --id=TASK_ID"),
        ),
    ),
    tuning="Queues whose tasks may die, such as best-effort webhooks, get a higher level.\n\n"
    "```python\n"
    'Queue("webhooks", thresholds={"AsynqTasksArchived": Above(warning=100, critical=1_000)})\n'
    'Queue("scratch", thresholds={"AsynqTasksArchived": None})\n'
    "```",
    lies="It stays on for 30 minutes after the last archived task, and 30 more so that a trickle is one notification. "
    "Without instrumentation it is blind when the archive is full (the gauge stands at 9,999 while the oldest are "
    "dropped) and when as many tasks are removed as arrive. A failover to a Redis that lacks the archive, and back, "
    "looks like growth.",
)

ARCHIVE_NEARLY_FULL = Runbook(
    meaning="The archive of queue {queue} is close to 9,999 tasks, asynq's fixed limit. From then on each newly "
    "archived task makes asynq remove the oldest one, without a log line, an error or a metric: the gauge stands still "
    "at 9,999.",
    impact="Dead letters are lost for good, payload included, the oldest first. Whoever wanted to repair and re-run "
    "them cannot.",
    causes=(
        Cause(
            "Nobody empties it",
            "It has grown by a few a day for weeks. The oldest task is close to 90 days old, the age at which asynq "
            "drops archived tasks when another one arrives.",
            (_OLDEST, promql_query(ARCHIVED.delta("1d"), "growth within a day")),
        ),
        Cause(
            "A mass failure right now",
            "It climbs by dozens a minute and AsynqTasksArchived is critical. At this rate the time left is "
            "(9,999 - archived) over the rate.",
            (promql_query(ARCHIVED.deriv("10m"), "tasks per second"), _BY_TYPE),
        ),
        Cause(
            "It was filled by hand",
            "One step, no failed attempts: `asynq task archiveall` moved a retry set or a backlog here to get it out "
            "of the way.",
            promql_query(FAILED, "failed attempts per second around the step"),
        ),
    ),
    actions=(
        Step("How full, and how old is what would be lost next?", (promql_query(ARCHIVED), _OLDEST)),
        Step(
            "Save it before anything else. Task hashes hold the payload as protobuf; this keeps them all, below a "
            "minute for a full archive.",
            shell(
                'redis-cli --raw ZRANGE "asynq:{{queue}}:archived" 0 -1 | while read -r id; do '
                'redis-cli --no-raw HGET "asynq:{{queue}}:t:$id" msg; done > archived.txt'
            ),
        ),
        Step(
            "Stop the inflow if it is a mass failure; pausing keeps the tasks pending.",
            asynq_cli("asynq queue pause {queue}"),
        ),
        Step(
            "Make room. Run again what is wanted, delete what is not. A full archive that is run at once is 10,000 "
            "tasks on the workers in one storm; `deleteall` cannot be undone.",
            (
                asynq_cli("asynq task runall --queue={queue} --state=archived"),
                asynq_cli("asynq task deleteall --queue={queue} --state=archived"),
            ),
        ),
        Step(
            "Do not trim the sorted set by hand (ZREMRANGEBYRANK): the tasks' hashes then stay in Redis for ever.",
        ),
    ),
    tuning="The levels are 80 % and 95 % of the limit. Above 9,998 the alert could never fire.\n\n"
    "```python\n"
    'Queue("scratch", thresholds={"AsynqArchiveNearlyFull": Above(critical=9_900)})\n'
    "```",
    lies="At the limit the value does not rise any more, so it says nothing of how much is being lost; the archive "
    "rate by task type does. The gauge can fall by hundreds in one step when 90-day-old tasks are dropped: that "
    "resolves this alert and is a loss of its own. Archiving by hand beyond the limit leaves hashes without an entry "
    "in Redis (memory only).",
)
