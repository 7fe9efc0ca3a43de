"""What to do when rules, Alertmanager or notifications fail."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.catalog.records import PROCESSED
from asynq_mon_codegen.model import Cause, Runbook, Step, asynq_cli, promql_query, shell

_PROMETHEUS = shell('export PROMETHEUS="http://prometheus:9090"', "the address of Prometheus, for the commands below")
_ALERTMANAGER = shell(
    'export ALERTMANAGER="http://alertmanager:9093"', "the address of Alertmanager, for the commands below"
)

RULE_EVALUATION_FAILING = Runbook(
    meaning="Prometheus could not evaluate rules of this group, or left out whole cycles because the one before took "
    "longer "
    "than the interval, again and again. The label is `file;group`.",
    impact="Alerts of the group keep the state that they had: none begins, none ends, and recorded series have gaps "
    "that other groups then read.",
    causes=(
        Cause(
            "Cycles take longer than the interval",
            "Missed cycles, no failures; the last cycle is near 30 s. Thousands of queues, or a Prometheus that does "
            "too much.",
            (
                _PROMETHEUS,
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
    "AsynqWatchdog tells it first.",
    impact="Alerts of this Prometheus notify nobody. Those that Alertmanager has already resolve there after 5 minutes "
    "(`resolve_timeout`), which looks like a recovery.",
    causes=(
        Cause(
            "Alertmanager is down",
            "Its health endpoint does not answer. A broken configuration keeps it from starting, not from running.",
            (
                _PROMETHEUS,
                _ALERTMANAGER,
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
    "",
    impact="People learn of alerts late or never. Where critical alerts go to two receivers, the other one may still "
    "work.",
    causes=(
        Cause(
            "The secret is wrong or expired",
            "Status 401, 403 or 404 (a Slack webhook that was revoked), reason `clientError`, all of them fail.",
            (
                _ALERTMANAGER,
                promql_query(
                    systems.ALERTMANAGER_NOTIFICATIONS_FAILED.increase("15m").sum(by=("integration", "reason")),
                    "failures by reason, which versions before 0.27 do not tell",
                ),
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
            (
                _ALERTMANAGER,
                shell(
                    "amtool config routes test --config.file=/etc/alertmanager/alertmanager.yaml severity=none "
                    "component=asynq alertname=AsynqWatchdog",
                    "must name the watchdog's receiver only",
                ),
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
        "It fires: nothing to do.",
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
