"""What to do when a declared queue is not there."""

from __future__ import annotations

from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

__all__ = ["MISSING", "OPTIONAL_MISSING"]

_DECLARED = asynq_cli("asynq queue ls", "the queues that this Redis knows; compare letter by letter")


MISSING = Runbook(
    meaning="The declaration names this queue, but the exporter shows no series of it, while it shows other queues of "
    "the same deployment. asynq knows a queue from its first task on, and forgets it only when it is removed.",
    impact="Every alert about queue {queue} is blind: waiting, failures and stall of it cannot be seen. Whether its "
    "tasks are processed is unknown.",
    causes=(
        Cause(
            "It has never been used in this environment",
            "The queue was never there in the whole retention of Prometheus; no producer has run here yet.",
            promql_query(
                'count_over_time(asynq_queue_size{queue="{queue}"}[30d])', "empty: it has not existed for 30 days"
            ),
        ),
        Cause(
            "The name differs: a typo, other case, a prefix per environment",
            "`asynq queue ls` shows a name that is nearly the same.",
            _DECLARED,
        ),
        Cause(
            "Somebody removed it",
            "Its series end at one moment while those of other queues go on. If producers still run, they do not "
            "announce it again: they remember having done so, and tasks flow unseen until they are restarted.",
            (
                redis_cli('redis-cli sismember asynq:queues "{queue}"', "0: not announced"),
                redis_cli('redis-cli exists "asynq:{{queue}}:pending" "asynq:{{queue}}:active"', "1 or 2: but used"),
            ),
        ),
        Cause(
            "The exporter looks at another Redis, or another database of it",
            "Several declared queues are missing at once, and those that are there are not yours.",
            (
                shell(
                    "kubectl get deployment/EXPORTER -o jsonpath='{.spec.template.spec.containers[*].args}'",
                    "--redis-addr and --redis-db of the exporter, to compare with the workers' options",
                ),
                redis_cli("redis-cli info keyspace", "which databases hold keys"),
            ),
        ),
        Cause(
            "Redis was emptied, or replaced by an empty one",
            "All queues vanished at one moment and only some came back: those whose producers were restarted.",
            redis_cli("redis-cli info server | grep -E 'run_id|uptime_in_seconds'", "a short uptime"),
        ),
    ),
    actions=(
        Step("What does Redis know?", (_DECLARED, redis_cli("redis-cli smembers asynq:queues"))),
        Step(
            "Used but not announced: restart the producers; their next enqueue announces the queue. At once, and "
            "without a restart, it can be announced by hand; a client does no more.",
            redis_cli('redis-cli sadd asynq:queues "{queue}"'),
        ),
        Step("A wrong name: correct the declaration or the producer, whichever is wrong, and generate again."),
        Step("Not used yet, or only sometimes: declare it as optional, and the warning becomes a note."),
    ),
    tuning='`Queue("yearly-invoices", optional=True)` makes it an info (AsynqOptionalQueueMissing); '
    '`thresholds={"AsynqQueueMissing": None}` switches it off. With identity labels every deployment must have every '
    "declared queue.",
    lies="It is silent when the exporter shows no queue at all, for then AsynqQueueMetricsMissing speaks. It compares "
    "names only: a queue that exists but that no worker serves is not its business.",
)

OPTIONAL_MISSING = Runbook(
    meaning="A queue that the declaration calls optional has no series at present, while other queues have. That is "
    "expected where it is only used now and then; this note exists so that you can tell `never used` from `quiet`.",
    impact="None while nothing is enqueued there. As soon as something is, the queue appears with all its alerts.",
    causes=(
        Cause(
            "Nothing has been enqueued yet",
            "No sample in the last month, and `asynq queue ls` does not list it.",
            (
                promql_query('count_over_time(asynq_queue_size{queue="{queue}"}[30d])', "empty: not used for 30 days"),
                _DECLARED,
            ),
        ),
        Cause(
            "It was used and has been removed since",
            "Samples exist and end at one moment: somebody ran `asynq queue rm`. Producers that still run would "
            "enqueue into it unseen.",
            redis_cli('redis-cli exists "asynq:{{queue}}:pending"', "1: tasks are there that no series shows"),
        ),
    ),
    actions=(
        Step("Nothing, if its job is not due. Otherwise look whether the producer ran.", _DECLARED),
        Step(
            "If tasks are there unseen, announce the queue by hand; it appears with the next scrape.",
            redis_cli('redis-cli sadd asynq:queues "{queue}"'),
        ),
        Step("If the queue is used daily by now, drop `optional=True`, so that its loss is a warning."),
    ),
    tuning='`Queue("yearly-invoices", optional=True, thresholds={"AsynqOptionalQueueMissing": None})` ends the note '
    "and keeps its thresholds for the day on which it appears.",
    lies="It cannot know when the queue should be used; for a job with a timetable, declare the task type with "
    "`every=...` and let AsynqPeriodicTaskMissing watch it.",
)
