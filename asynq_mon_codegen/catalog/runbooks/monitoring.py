"""What to do when asynq's metrics are missing, slow or too many."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_REDIS = shell('export REDIS_URL="redis://:password@host:6379/0"', "the address of asynq's Redis")
_EXPORTER = shell('export EXPORTER="http://asynq-exporter:9876"', "the exporter's address, for the commands below")

EXPORTER_DOWN = Runbook(
    meaning="No target that exports asynq's queue metrics answers Prometheus. Such a target has a job that is called "
    "like "
    "an exporter (`Scrape(exporter=...)`) or showed queues within the last half hour.",
    impact="Nothing that happens in any queue is noticed, and what was firing has resolved without being over. "
    "Workers, Redis and hosts are still watched, and tasks are processed as before.",
    causes=(
        Cause(
            "The exporter's process died or does not start",
            "Its container restarts or is gone. It survives a Redis that is down, so a crash has another reason: a "
            "wrong flag, a port that is taken, memory.",
            (
                _EXPORTER,
                _REDIS,
                shell("kubectl get pods -A | grep -i asynq | grep -iE 'export|mon|metrics'"),
                shell("kubectl logs deployment/asynq-exporter --previous --tail=30", "its last words"),
            ),
        ),
        Cause(
            "Redis hangs, and the scrape timeout is below 6 s",
            "`up` is 0 and scrapes take exactly the timeout; workers log `Dequeue error` or context deadlines. A Redis "
            "that hangs makes each scrape wait twice 3 s for its answer.",
            (
                promql_query(asynq.EXPORTER_SCRAPE_DURATION.max(by=("job", "instance")), "exactly the timeout: a hang"),
                redis_cli('redis-cli -u "$REDIS_URL" --latency -i 1', "hangs as well"),
            ),
        ),
        Cause(
            "Too many queues or groups for one scrape",
            "It became slower for days and now exceeds the timeout: AsynqScrapeSlow came first.",
            promql_query('max by (instance) (max_over_time(scrape_duration_seconds{job=~".*asynq.*"}[1d]))'),
        ),
        Cause(
            "Prometheus lost the target",
            "`up` has no series at all rather than 0: a label of the pod, the ServiceMonitor or the port's name "
            "changed.",
            (
                promql_query(
                    asynq.EXPORTER_UP.max(by=("job", "instance")), "no series: service discovery, 0: the scrape"
                ),
                shell(
                    'curl -s "$PROMETHEUS/api/v1/targets?state=dropped" | grep -c asynq',
                    "targets that relabelling dropped",
                ),
            ),
        ),
    ),
    actions=(
        Step(
            "Ask the exporter yourself, from inside the network.",
            shell(
                'curl -sS -m 15 "$EXPORTER/metrics" | grep -c "^asynq_queue_size"',
                "the number of queues, or why it fails",
            ),
        ),
        Step(
            "Until it is back, watch asynq by hand; the alerts cannot.",
            (asynq_cli("asynq stats", "tasks per state and per queue"), asynq_cli("asynq server ls")),
        ),
        Step(
            "Restart it. It has no state, so nothing can be lost.",
            shell("kubectl rollout restart deployment/asynq-exporter"),
        ),
        "A hang of Redis: go on with the page of AsynqRedisDown. A timeout: raise `scrape_timeout` of the job to 10 s.",
        "Afterwards see which alerts fire again: what was wrong before has been invisible meanwhile.",
    ),
    tuning="Tell exporters from other targets by `scrape=Scrape(exporter='job=\"my-exporter\"')`. Several replicas are "
    "fine, and the alert waits until the last one is down.",
    lies="A deployment that is taken down for good fires for half an hour: silence it, or remove its rules first. When "
    "targets vanish from service discovery it falls silent after half an hour although nothing is mended. Workers that "
    "run the collector and have been without Redis for that long look like exporters that are gone.",
)

QUEUE_METRICS_MISSING = Runbook(
    meaning="Exporters of this job answer with HTTP 200, but without any queue. asynq's collector hides every error of "
    "Redis that way: it logs one line and shows nothing, and a single broken task is enough to blind it for all "
    "queues. "
    "",
    impact="Every alert on queues is silent, and those that fired have resolved. Whether tasks are processed is not "
    "known from here; instrumented workers and Redis still tell.",
    causes=(
        Cause(
            "Redis is down or unreachable for the exporter",
            "Workers' outcomes have stopped as well, and AsynqRedisDown fires if redis_exporter is there. The exporter "
            "logs `connection refused`, `i/o timeout`, `NOAUTH` or `WRONGPASS`.",
            (
                _EXPORTER,
                _REDIS,
                shell('kubectl logs deployment/asynq-exporter --tail=20 | grep "Failed to collect metrics data"'),
                redis_cli('redis-cli -u "$REDIS_URL" ping', "from the exporter's host, with its user and password"),
            ),
        ),
        Cause(
            "A task id without its task (asynq v0.26.0)",
            "Workers' outcomes still rise, and the exporter logs an error of a Lua script (`attempt to perform "
            "arithmetic on a boolean value`). The task's hash was evicted or deleted by hand. Fixed after v0.26.0.",
            (
                promql_query(
                    "sum(rate(asynq_task_outcomes_total[5m]))", "above 0: asynq works, only the exporter is blind"
                ),
                redis_cli(
                    'for id in $(redis-cli -u "$REDIS_URL" lrange "asynq:{{queue}}:pending" 0 -1; '
                    'redis-cli -u "$REDIS_URL" zrange "asynq:{{queue}}:retry" 0 -1); do '
                    'redis-cli -u "$REDIS_URL" exists "asynq:{{queue}}:t:$id" | grep -q 1 || echo "$id"; done',
                    "ids without a task; do the same for active (a list), scheduled, archived and completed (sorted "
                    "sets)",
                ),
            ),
        ),
        Cause(
            "Redis was flushed or replaced while producers kept running",
            "`asynq:queues` does not exist although task keys do: producers remember that they announced a queue and "
            "do not do it again.",
            (
                redis_cli('redis-cli -u "$REDIS_URL" exists asynq:queues', "0"),
                redis_cli(
                    "redis-cli -u \"$REDIS_URL\" --scan --pattern 'asynq:*:pending' | head",
                    "queues that live all the same",
                ),
            ),
        ),
        Cause(
            "The wrong Redis or the wrong database",
            "After a deploy of the exporter, or a failover that it does not follow: workers are well, and the Redis of "
            "the exporter has no `asynq:` keys.",
            (
                shell("kubectl get deployment asynq-exporter -o yaml | grep -iE -A1 'redis|uri|db'"),
                redis_cli('redis-cli -u "$REDIS_URL" info keyspace', "keys per database"),
            ),
        ),
        Cause(
            "One shard of a cluster, or an ACL",
            "`CLUSTERDOWN` or `NOPERM` in the exporter's log: a single queue that cannot be read hides all of them.",
            redis_cli('redis-cli -u "$REDIS_URL" cluster info | grep cluster_state', "`ok` rules the shard out"),
        ),
    ),
    actions=(
        Step(
            "Is asynq itself alive? Servers with a fresh heartbeat mean that Redis works and only the exporter is "
            "blind.",
            asynq_cli("asynq server ls"),
        ),
        Step(
            "Read the exporter's own reason.",
            shell('kubectl logs deployment/asynq-exporter --tail=20 | grep -i "failed to collect"'),
        ),
        Step(
            "A dangling id: remove it from the list or set in which you found it. The task is lost already; the id is "
            "all that is removed.",
            (
                redis_cli('redis-cli -u "$REDIS_URL" lrem "asynq:{{queue}}:pending" 0 "$ID"', "pending or active"),
                redis_cli(
                    'redis-cli -u "$REDIS_URL" zrem "asynq:{{queue}}:retry" "$ID"',
                    "scheduled, retry, archived, completed",
                ),
            ),
        ),
        Step(
            "`asynq:queues` is missing: restart the producers, or announce each queue by hand, which is harmless.",
            redis_cli('redis-cli -u "$REDIS_URL" sadd asynq:queues {queue}'),
        ),
        Step(
            "See that queues are shown again.",
            shell('curl -s "$EXPORTER/metrics" | grep -c "^asynq_queue_size"', "the number of queues"),
        ),
    ),
    tuning="A deployment that has no queue yet: silence the alert until the first task, or hold it longer: "
    '`alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqQueueMetricsMissing"], hold="1h"))`.',
    lies="A brand-new Redis into which nothing was ever enqueued looks just like this: enqueue one task. One blind "
    "exporter beside a sighted one of the same job is not reported, also where the two read different servers; give "
    "those an `identity` label or jobs of their own. Workers that run the collector are remembered for half an hour "
    "only.",
)

INSTRUMENTATION_MISSING = Runbook(
    meaning="The declaration says `instrumentation=True`, workers are up and asynq processes tasks, but no worker "
    "shows `asynq_task_outcomes_total`.",
    impact="Alerts on task types, durations, stuck and periodic tasks and enqueue errors cannot fire. Those on queues "
    "do.",
    causes=(
        Cause(
            "The middleware is not installed",
            "The worker's /metrics has `go_` series but no `asynq_task_` ones. The generated package must be in "
            "`mux.Use(...)` of every server, before the handlers.",
            shell('curl -s "http://$WORKER/metrics" | grep -c "^asynq_task_"', "0"),
        ),
        Cause(
            "Its metrics are in another registry",
            "The middleware is installed, but /metrics serves a `prometheus.Registry` other than the one it registered "
            "with.",
            shell(
                "grep -rn 'promhttp.Handler' --include='*.go' .",
                "`Handler()` is the default registry, `HandlerFor` its own",
            ),
        ),
        Cause(
            "Relabelling drops them",
            "curl shows the series, Prometheus has none: `metric_relabel_configs`, a sample limit or a write filter.",
            promql_query('count by (job) ({__name__=~"asynq_task_.*"})', "empty in Prometheus"),
        ),
        Cause(
            "The tasks run elsewhere",
            "Another fleet, which this Prometheus does not scrape, processes the queues; those in `up` are idle.",
            asynq_cli("asynq server ls", "hosts and queues of all servers"),
        ),
    ),
    actions=(
        Step(
            "Look at one worker.", shell('curl -s "http://$WORKER/metrics" | grep "^asynq_" | cut -d"{" -f1 | sort -u')
        ),
        "Install the generated middleware and release the workers; the alert ends with the first task that finishes.",
        "If nobody wants it: `instrumentation=False`, and the alerts that need it are no longer generated.",
    ),
    tuning="`Scrape(worker=...)` says which targets are workers, `Scrape(instrumentation=...)` which ones are "
    "instrumented.",
    lies="It sees only the total absence: one uninstrumented fleet beside an instrumented one goes unnoticed. Counters "
    "appear with the first finished task, so a fleet whose tasks all run for longer than 15 minutes looks "
    "uninstrumented.",
)

SCRAPE_SLOW = Runbook(
    meaning="The exporter needs more than half of Prometheus' default timeout to read Redis. For every queue it asks "
    "three times, one after the other, and runs two scripts that look at up to 20 tasks per state and at every "
    "aggregation group. "
    "",
    impact="Beyond the timeout every asynq metric is gone (AsynqExporterDown). While such a script runs, Redis serves "
    "nobody else: workers and producers wait as well.",
    causes=(
        Cause(
            "Many queues, or a far-away Redis",
            "Time is about queues × 3 × round trip: 1,000 queues at 1 ms are 3 s. It grew with the number of queues.",
            (
                _EXPORTER,
                _REDIS,
                promql_query("count by (instance) (asynq_queue_size)", "queues per exporter"),
                redis_cli('redis-cli -u "$REDIS_URL" --latency -i 1', "round trip in ms, from the exporter's host"),
            ),
        ),
        Cause(
            "Redis is slow for everybody",
            "The slow log has other commands than scripts, or one core is at 100 %.",
            (
                redis_cli('redis-cli -u "$REDIS_URL" slowlog get 10', "duration is in microseconds"),
                promql_query(
                    "rate(redis_cpu_user_seconds_total[5m]) + rate(redis_cpu_sys_seconds_total[5m])",
                    "near 1: a full core",
                ),
            ),
        ),
        Cause(
            "Thousands of aggregation groups",
            "A queue's `asynq:{...}:groups` set is large; each group costs a ZCARD in two scripts.",
            (
                asynq_cli("asynq group ls --queue={queue}"),
                redis_cli('redis-cli -u "$REDIS_URL" scard "asynq:{{queue}}:groups"', "above 1,000 is felt"),
            ),
        ),
        Cause(
            "Too many readers",
            "Several exporters, asynqmon and collectors in every worker read the same Redis, each at every scrape.",
            promql_query("group by (job, instance) (asynq_queue_size)", "everybody who reads all queues"),
        ),
    ),
    actions=(
        Step("Measure one scrape.", shell('time curl -s -o /dev/null "$EXPORTER/metrics"')),
        "First relief: scrape every 60 s with a timeout of 30 s, and one exporter instead of many.",
        Step(
            "Remove queues that nobody uses. A queue that still has tasks is refused without `--force`, and with it "
            "**the tasks are gone**.",
            (asynq_cli("asynq queue ls"), asynq_cli("asynq queue rm {queue}")),
        ),
        "Move the exporter next to Redis, where a round trip is 0.2 ms.",
    ),
    tuning='A longer timeout on purpose: `alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqScrapeSlow"], '
    'when=Above(warning="15s")))`.',
    lies="A scrape that fails counts with the whole timeout, so an exporter that is down looks slow too (muted by "
    "AsynqExporterDown). Scrapes of collectors inside workers are not measured.",
)

TOO_MANY_SERIES = Runbook(
    meaning="One scrape of the exporter has more than 50,000 samples. asynq shows 12 series for each queue, and a "
    "queue stays "
    "for ever once something was enqueued into it, so this is about 4,000 queues.",
    impact="Prometheus evaluates every rule for each of them, and Redis is asked three times per queue and scrape. "
    "Slow scrapes and missed rule evaluations come next.",
    causes=(
        Cause(
            "Queue names are made from data",
            "Names hold customers, dates or ids: `orders-2026-03-01`, `tenant-4711`. Most are empty.",
            (
                _EXPORTER,
                _REDIS,
                redis_cli(
                    'redis-cli -u "$REDIS_URL" smembers asynq:queues | sort | head -50', "the pattern is seen at once"
                ),
                promql_query("count(max by (queue) (asynq_queue_size) == 0)", "queues that are empty now"),
            ),
        ),
        Cause(
            "Another program's metrics on the same endpoint",
            "Most samples are not called `asynq_`.",
            shell(
                'curl -s "$EXPORTER/metrics" | grep -v "^#" | cut -d"{" -f1 | cut -d" " -f1 | sort | uniq -c | sort '
                "-rn | head"
            ),
        ),
        Cause(
            "It is meant",
            "Thousands of queues with tasks in them, by design.",
            promql_query("count(max by (queue) (asynq_queue_size) > 0)", "queues with tasks"),
        ),
    ),
    actions=(
        Step(
            "Count the queues.",
            redis_cli('redis-cli -u "$REDIS_URL" scard asynq:queues'),
        ),
        "Stop the source: one queue for all tenants, the tenant in the payload; priorities instead of queues.",
        Step(
            "Remove the empty ones, after producers no longer use them: a producer that runs does not announce a "
            "removed queue again, and its tasks would be invisible.",
            asynq_cli("asynq queue rm {queue}", "refuses while tasks are in it"),
        ),
    ),
    tuning='Meant: `alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqTooManySeries"], '
    "when=Above(warning=150_000)))`.",
    lies="It counts samples before `metric_relabel_configs`, so what Prometheus drops still counts, as it still costs "
    "Redis. Task types of instrumented workers are not in it.",
)
