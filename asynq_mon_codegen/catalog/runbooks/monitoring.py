"""What to do when the monitoring of asynq itself is blind, slow or mute."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq, systems
from asynq_mon_codegen.catalog.records import PROCESSED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, redis_cli, shell

_EXPORTER = 'Commands read the exporter\'s address from `EXPORTER`: `export EXPORTER="http://asynq-exporter:9876"`.'
_PROMETHEUS = 'Commands read its address from `PROMETHEUS`: `export PROMETHEUS="http://prometheus:9090"`.'
_ALERTMANAGER = 'Commands read its address from `ALERTMANAGER`: `export ALERTMANAGER="http://alertmanager:9093"`.'

EXPORTER_DOWN = Runbook(
    meaning="No target that exports asynq's queue metrics answers Prometheus. Such a target has a job that is called "
    "like "
    f"an exporter (`Scrape(exporter=...)`) or showed queues within the last half hour. {_EXPORTER}",
    impact="Nothing that happens in any queue is noticed, and what was firing has resolved without being over. "
    "Workers, Redis and hosts are still watched, and tasks are processed as before.",
    causes=(
        Cause(
            "The exporter's process died or does not start",
            "Its container restarts or is gone. It survives a Redis that is down, so a crash has another reason: a "
            "wrong flag, a port that is taken, memory.",
            (
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
    f"{_EXPORTER}",
    impact="Every alert on queues is silent, and those that fired have resolved. Whether tasks are processed is not "
    "known from here; instrumented workers and Redis still tell.",
    causes=(
        Cause(
            "Redis is down or unreachable for the exporter",
            "Workers' outcomes have stopped as well, and AsynqRedisDown fires if redis_exporter is there. The exporter "
            "logs `connection refused`, `i/o timeout`, `NOAUTH` or `WRONGPASS`.",
            (
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
    f"{_EXPORTER}",
    impact="Beyond the timeout every asynq metric is gone (AsynqExporterDown). While such a script runs, Redis serves "
    "nobody else: workers and producers wait as well.",
    causes=(
        Cause(
            "Many queues, or a far-away Redis",
            "Time is about queues × 3 × round trip: 1,000 queues at 1 ms are 3 s. It grew with the number of queues.",
            (
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
    f"for ever once something was enqueued into it, so this is about 4,000 queues. {_EXPORTER}",
    impact="Prometheus evaluates every rule for each of them, and Redis is asked three times per queue and scrape. "
    "Slow scrapes and missed rule evaluations come next.",
    causes=(
        Cause(
            "Queue names are made from data",
            "Names hold customers, dates or ids: `orders-2026-03-01`, `tenant-4711`. Most are empty.",
            (
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

RULE_EVALUATION_FAILING = Runbook(
    meaning="Prometheus could not evaluate rules of this group, or left out whole cycles because the one before took "
    "longer "
    f"than the interval, again and again. The label is `file;group`. {_PROMETHEUS}",
    impact="Alerts of the group keep the state that they had: none begins, none ends, and recorded series have gaps "
    "that other groups then read.",
    causes=(
        Cause(
            "Cycles take longer than the interval",
            "Missed cycles, no failures; the last cycle is near 30 s. Thousands of queues, or a Prometheus that does "
            "too much.",
            (
                promql_query(systems.PROMETHEUS_RULE_MISSED.increase("5m").max(by="rule_group"), "missed cycles"),
                promql_query(systems.PROMETHEUS_RULE_DURATION.max(by="rule_group"), "seconds per cycle"),
            ),
        ),
        Cause(
            "Two series where a rule expects one",
            "`found duplicate series for the match group` or `multiple matches for labels`: two deployments without an "
            "`identity` label, or a target with the same labels twice.",
            shell(
                'curl -s "$PROMETHEUS/api/v1/rules" | tr "{" "\\n" | grep -o "\\"lastError\\":\\"[^\\"]*\\"" | sort | '
                "uniq -c",
                "the errors as Prometheus has them",
            ),
        ),
        Cause(
            "A query exceeds a limit",
            "`query processing would load too many samples` or `query timed out`: `--query.max-samples` or "
            "`--query.timeout`.",
            shell("journalctl -u prometheus --since '-30min' | grep -i 'evaluating rule failed' | tail -5"),
        ),
        Cause(
            "The same rules are loaded twice",
            "Two files hold groups of the same name, for example an old copy beside the new one.",
            shell(
                'curl -s "$PROMETHEUS/api/v1/rules" | grep -o "\\"file\\":\\"[^\\"]*\\"" | sort | uniq -c',
                "files that are loaded",
            ),
        ),
    ),
    actions=(
        Step(
            "Which failed: evaluations or cycles?",
            promql_query(systems.PROMETHEUS_RULE_FAILURES.increase("5m").max(by="rule_group"), "failed evaluations"),
        ),
        Step("Read the error of the rule, on the page or in the log.", shell('echo "$PROMETHEUS/rules"')),
        Step(
            "Check the files as they are.",
            shell("promtool check rules /etc/prometheus/rules/*.yaml", "syntax, and duplicates with `--lint=all`"),
        ),
        'Duplicates: declare `identity=("cluster",)`, the label that tells the deployments apart, and generate.',
        'Too slow: `evaluation_interval="1m"` in the declaration, and fewer queues (AsynqTooManySeries).',
    ),
    tuning="`evaluation_interval` of `Monitoring` is the interval of every group.",
    lies="Rules that were never loaded do not fail: after a change that Prometheus rejected, the old ones go on "
    "(`prometheus_config_last_reload_successful` is 0). Rulers other than Prometheus name these counters differently, "
    "and this alert does not see them.",
)

ALERTMANAGER_UNREACHABLE = Runbook(
    meaning="This Prometheus evaluates asynq's rules, and no Alertmanager takes what fires: either it knows none, or "
    "all refuse or do not answer. It reaches you from another Prometheus, from a dashboard, or after the fact; the "
    "silence of "
    f"AsynqWatchdog tells it first. {_PROMETHEUS} {_ALERTMANAGER}",
    impact="Alerts of this Prometheus notify nobody. Those that Alertmanager has already resolve there after 5 minutes "
    "(`resolve_timeout`), which looks like a recovery.",
    causes=(
        Cause(
            "Alertmanager is down",
            "Its health endpoint does not answer. A broken configuration keeps it from starting, not from running.",
            (
                shell('curl -sS -m 5 "$ALERTMANAGER/-/healthy"'),
                shell("amtool check-config /etc/alertmanager/alertmanager.yaml", "why it does not start"),
            ),
        ),
        Cause(
            "Prometheus knows none",
            "Discovered is 0: the `alerting` section is missing, or its service discovery finds nothing.",
            (
                promql_query(systems.PROMETHEUS_ALERTMANAGERS.max(by="instance"), "0: configuration, not network"),
                shell('curl -s "$PROMETHEUS/api/v1/alertmanagers"', "active and dropped ones"),
            ),
        ),
        Cause(
            "Network, TLS or authorization",
            "Alertmanager is healthy, and Prometheus logs `Error sending alert` with a status or a timeout.",
            shell("journalctl -u prometheus --since '-15min' | grep -i 'error sending alert' | tail -5", "the reason"),
        ),
        Cause(
            "Alertmanager rejects the alerts",
            "Status 400: a label or a URL of one alert is invalid, and the whole batch of up to 64 is lost with it.",
            promql_query("increase(alertmanager_alerts_invalid_total[15m])", "above 0"),
        ),
    ),
    actions=(
        Step("Where does Prometheus send?", shell('curl -s "$PROMETHEUS/api/v1/alertmanagers"')),
        Step(
            "Send one by hand, from Prometheus' host.",
            shell('amtool --alertmanager.url="$ALERTMANAGER" alert add asynq_test'),
        ),
        Step(
            "Until it works, look at what fires: nobody else is told.",
            promql_query('ALERTS{alertstate="firing", component="asynq"}', "what people would have been told"),
        ),
        "A rejected batch: find the alert in Alertmanager's log, and take it out of the rules.",
    ),
    tuning="Alerts go elsewhere on purpose (a ruler, Grafana): "
    '`alerts=asynq.ALERTS.without("AsynqAlertmanagerUnreachable")`.',
    lies="Some versions of Prometheus 3 count alerts as dropped that `alert_relabel_configs` drops on purpose. One of "
    "several Alertmanagers down is not reported, for the others still tell. Nothing is counted while nothing fires, "
    "but AsynqWatchdog always does.",
)

NOTIFICATIONS_FAILING = Runbook(
    meaning="Alertmanager gave up on notifications of this integration (`slack`, `pagerduty`, `email`, `webhook`, "
    "...). It counts one as failed after its own retries, and tries again with the next flush of the group, every 5 "
    "minutes. "
    f"{_ALERTMANAGER}",
    impact="People learn of alerts late or never. Where critical alerts go to two receivers, the other one may still "
    "work.",
    causes=(
        Cause(
            "The secret is wrong or expired",
            "Status 401, 403 or 404 (a Slack webhook that was revoked), reason `clientError`, all of them fail.",
            promql_query(
                systems.ALERTMANAGER_NOTIFICATIONS_FAILED.increase("15m").sum(by=("integration", "reason")),
                "failures by reason, which versions before 0.27 do not tell",
            ),
        ),
        Cause(
            "The service is down or limits the rate",
            "Status 5xx or 429, timeouts, reason `serverError`; only some fail. A flood of notifications causes the "
            "429 itself.",
            promql_query(
                systems.ALERTMANAGER_NOTIFICATIONS.increase("15m").sum(by="integration"), "far more than usual: a flood"
            ),
        ),
        Cause(
            "No way out",
            "`dial tcp`, `no such host`, `proxyconnect`: a firewall, DNS or a proxy, and every integration outside "
            "fails.",
            shell(
                "curl -sSI -m 5 https://hooks.slack.com | head -1",
                "any status: the way is open; from Alertmanager's host",
            ),
        ),
        Cause(
            "The message cannot be made",
            "`template:` or `no template` in the log: a template file is missing or does not fit the version.",
            shell("amtool check-config /etc/alertmanager/alertmanager.yaml", "finds missing and broken templates"),
        ),
    ),
    actions=(
        Step(
            "Read the reason; the log names receiver, integration and status.",
            shell("journalctl -u alertmanager --since '-30min' | grep -i 'notify for alerts failed' | tail -5"),
        ),
        Step(
            "See what fires now, and tell those people another way.",
            shell('amtool --alertmanager.url="$ALERTMANAGER" alert query component=asynq'),
        ),
        Step(
            "A new secret: replace the file and reload; Alertmanager reads secret files anew for each notification.",
            shell('curl -X POST "$ALERTMANAGER/-/reload"'),
        ),
        Step(
            "Prove it with a test alert, which notifies the warning receivers.",
            shell(
                'amtool --alertmanager.url="$ALERTMANAGER" alert add asynq_test severity=warning component=asynq',
                "it resolves by itself after 5 minutes",
            ),
        ),
    ),
    tuning="A receiver that often fails: "
    '`alerts=asynq.ALERTS.replace(evolve(asynq.ALERTS["AsynqNotificationsFailing"], when=Above(warning="5%", '
    'critical="50%")))`; the floor is changed by `.with_floor(5)`.',
    lies="An Alertmanager that several teams share counts them together: another team's broken webhook fires this one. "
    "A channel that accepts the message and shows it to nobody does not count. If this integration is the only one, "
    "this alert fails to be sent as well.",
)

WATCHDOG = Runbook(
    meaning="This alert always fires, by design. It travels the whole way, from rule evaluation through Prometheus and "
    "Alertmanager to a dead man's switch outside, which calls somebody when it stops arriving.",
    impact="None while it fires. When it is silent, no other alert of this system can be trusted to arrive.",
    causes=(
        Cause(
            "It fires",
            'All is well. If it reached a person, the route for `severity="none"` is missing.',
            shell(
                "amtool config routes test --config.file=/etc/alertmanager/alertmanager.yaml severity=none "
                "component=asynq alertname=AsynqWatchdog",
                "must name the watchdog's receiver only",
            ),
        ),
        Cause(
            "It is silent: Prometheus or its rules",
            "The query shows nothing: Prometheus is down, or does not load these rules.",
            promql_query('ALERTS{alertname="AsynqWatchdog"}', "one series, if rules are evaluated"),
        ),
        Cause(
            "It is silent: Alertmanager",
            "The query shows it, Alertmanager does not: see AsynqAlertmanagerUnreachable.",
            shell('amtool --alertmanager.url="$ALERTMANAGER" alert query alertname=AsynqWatchdog'),
        ),
        Cause(
            "It is silent: the last metres",
            "Alertmanager has it, and the switch was not called: see AsynqNotificationsFailing for `webhook`, or a "
            "silence that matches too much.",
            shell('amtool --alertmanager.url="$ALERTMANAGER" silence query alertname=AsynqWatchdog'),
        ),
    ),
    actions=(
        f"It fires: nothing to do. {_ALERTMANAGER}",
        "It is silent: go through the causes from Prometheus on; the first that answers no is the broken piece.",
        Step(
            "Meanwhile watch asynq by hand.",
            (asynq_cli("asynq queue ls"), promql_query(PROCESSED, "processed per second, if Prometheus answers")),
        ),
    ),
    tuning='Its receiver is the one for `Severity.NONE`: `receivers={Severity.NONE: Receiver.webhook("deadman", '
    "url=...)}`. "
    "The switch must wait longer than that route's `repeat_interval`.",
    lies="It carries no `identity` labels, for it speaks for the Prometheus that evaluates it, not for a deployment. "
    "It proves that alerts travel, not that Prometheus has data: AsynqExporterDown and AsynqQueueMetricsMissing do "
    "that. Several Prometheus servers send the same alert, so the switch is silent only when all of them are.",
)
