"""Alerts and monitoring health: what fires, and whether the monitoring itself works."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.parts import (
    BAD,
    FIRING,
    NOTIFYING,
    SEVERITIES,
    UP,
    count_or_zero,
    firing_table,
    overall,
)
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Graph, Line, Number, Row, Shown, States, Steps
from asynq_mon_codegen.catalog.metrics.systems import (
    ALERTMANAGER_NOTIFICATIONS,
    ALERTMANAGER_NOTIFICATIONS_FAILED,
    PROMETHEUS_ALERTMANAGERS,
    PROMETHEUS_NOTIFICATIONS_ERRORS,
    PROMETHEUS_NOTIFICATIONS_SENT,
    PROMETHEUS_RULE_DURATION,
    PROMETHEUS_RULE_FAILURES,
    PROMETHEUS_RULE_MISSED,
)
from asynq_mon_codegen.catalog.monitoring import EXPORTER_UP, EXPORTERS, SCRAPE_SAMPLES, SCRAPE_SECONDS
from asynq_mon_codegen.catalog.records import PENDING
from asynq_mon_codegen.promql import RANGE, RATE_INTERVAL, Expr, Matcher, vector

__all__ = ["HEALTH"]

# Prometheus names a group by its file and its name; ours all begin with asynq-.
_OURS = Matcher("rule_group", "=~", ".*;asynq-.*")
_GROUP = "{{rule_group}}"


def _short(expr: Expr) -> Expr:
    """Named by our group alone."""
    return expr.relabel("rule_group", "$1", "rule_group", ".*;asynq-(.*)")


def _host(expr: Expr) -> Expr:
    """Named by Alertmanager's host instead of its whole address."""
    return expr.relabel("alertmanager", "$1", "alertmanager", "https?://([^/]+)/.*")


_ALERTS = Row(
    key="alerts",
    title="Alerts",
    panels=(
        *(
            Number(
                key=one.text,
                title=f"{one.text.capitalize()} alerts",
                text=f"Alerts of severity {one.text} that fire now. 0 is normal.",
                lines=Line(count_or_zero(NOTIFYING.where(severity=str(one.value)))),
                unit="short",
                w=3,
                filled=True,
                spark=False,
                steps=Steps("green", ((1, one.color),)),
            )
            for one in SEVERITIES
        ),
        Number(
            key="watchdog",
            title="Watchdog",
            text="The alert that always fires, so that a dead man's switch notices when nothing comes any more. "
            "Silent: Prometheus does not evaluate these rules, and no other alert can be trusted.",
            lines=Line(count_or_zero(FIRING.where(alertname="AsynqWatchdog"))),
            unit="none",
            w=3,
            filled=True,
            spark=False,
            shown=(Shown(0, "silent", "red"), Shown(1, "alive", "green")),
            steps=Steps("red", ((1, "green"),)),
        ),
        Number(
            key="exporters",
            title="Exporters up",
            text="Targets with asynq's queue metrics that answered. Two or more report the same numbers, so one is "
            "enough.",
            lines=Line(overall("sum", EXPORTERS)),
            unit="short",
            w=3,
            steps=Steps("red", ((1, "green"),)),
            no_value="none",
        ),
        Number(
            key="queues",
            title="Queues seen",
            text="Queues that have metrics. 0 with exporters up: Redis is unreachable, the wrong database, "
            "or a broken task blinds the exporter.",
            lines=Line(overall("count", PENDING).or_(vector(0))),
            unit="short",
            w=3,
            steps=Steps("red", ((1, "green"),)),
        ),
        Number(
            key="failed",
            title="Rule failures",
            text="Evaluations of asynq's rule groups that failed in the time range. 0 is normal; see Prometheus' "
            "Rules page.",
            lines=Line(overall("sum", PROMETHEUS_RULE_FAILURES.matching(_OURS).increase(RANGE))),
            unit="short",
            w=3,
            decimals=0,
            spark=False,
            steps=BAD,
        ),
        Number(
            key="managers",
            title="Alertmanagers known",
            text="Alertmanagers that Prometheus sends alerts to. 0: alerts fire and nobody hears of it.",
            lines=Line(overall("max", PROMETHEUS_ALERTMANAGERS)),
            unit="short",
            w=3,
            steps=Steps("red", ((1, "green"),)),
        ),
        firing_table("firing"),
        States(
            key="timeline",
            title="Alerts over time",
            text="When each alert fired, one lane per alert and queue, coloured by severity. "
            "Lanes that flicker want a longer hold time or a better threshold.",
            lines=(
                Line(
                    FIRING.where(severity="critical").max(by=("alertname", "queue")) * 2,
                    "{{alertname}} {{queue}} (critical)",
                ),
                Line(
                    FIRING.where(severity="warning").max(by=("alertname", "queue")), "{{alertname}} {{queue}} (warning)"
                ),
            ),
            unit="none",
            w=24,
            h=10,
            shown=(Shown(1, "warning", "orange"), Shown(2, "critical", "red")),
        ),
    ),
)

_EXPORTER = Row(
    key="exporter",
    title="asynq's exporter",
    panels=(
        States(
            key="up",
            title="Exporters up",
            text="Whether each exporter answered its scrapes. An exporter that answers may still be blind: "
            "see the samples beside it.",
            lines=Line(EXPORTER_UP.max(by="instance"), "{{instance}}"),
            unit="none",
            w=8,
            h=8,
            shown=UP,
        ),
        Graph(
            key="duration",
            title="Scrape duration",
            text="How long a scrape takes: three round trips to Redis per queue. Near the scrape timeout, scrapes are "
            "lost.",
            lines=Line(SCRAPE_SECONDS.expr, "{{instance}}"),
            unit="s",
            minimum=0,
            levels="AsynqScrapeSlow",
        ),
        Graph(
            key="samples",
            title="Samples per scrape",
            text="Samples in each scrape: about 12 per queue and some 35 of the exporter's own. "
            "A fall to those 35 is a blind exporter; a rise is new queues.",
            lines=Line(SCRAPE_SAMPLES.expr, "{{instance}}"),
            unit="short",
            minimum=0,
            levels="AsynqTooManySeries",
        ),
    ),
)

_RULES = Row(
    key="rules",
    title="Rules",
    panels=(
        Graph(
            key="duration",
            title="Evaluation time by group",
            text="How long the last cycle of each rule group took. It must stay far below the evaluation interval.",
            lines=Line(_short(PROMETHEUS_RULE_DURATION.matching(_OURS).max(by="rule_group")), _GROUP),
            unit="s",
            minimum=0,
        ),
        Graph(
            key="failures",
            title="Failed evaluations",
            text="Evaluations per second that failed, by group. 0 is normal: a rule that fails can never fire.",
            lines=Line(
                _short(PROMETHEUS_RULE_FAILURES.matching(_OURS).rate(RATE_INTERVAL).max(by="rule_group")), _GROUP
            ),
            unit="ops",
            minimum=0,
        ),
        Graph(
            key="missed",
            title="Missed cycles",
            text="Cycles per second that were left out because the one before took too long, by group. 0 is normal.",
            lines=Line(_short(PROMETHEUS_RULE_MISSED.matching(_OURS).rate(RATE_INTERVAL).max(by="rule_group")), _GROUP),
            unit="ops",
            minimum=0,
        ),
    ),
)

_NOTIFICATIONS = Row(
    key="notifications",
    title="Notifications",
    panels=(
        Graph(
            key="sent",
            title="Prometheus to Alertmanager",
            text="Alerts per second sent to each Alertmanager, and those that could not be. "
            "Firing alerts are sent again and again: a steady rate is normal.",
            lines=(
                Line(
                    _host(PROMETHEUS_NOTIFICATIONS_SENT.rate(RATE_INTERVAL).max(by="alertmanager")),
                    "{{alertmanager}} sent",
                ),
                Line(
                    _host(PROMETHEUS_NOTIFICATIONS_ERRORS.rate(RATE_INTERVAL).max(by="alertmanager")),
                    "{{alertmanager}} failed",
                    color="red",
                ),
            ),
            unit="ops",
            minimum=0,
        ),
        Graph(
            key="notified",
            title="Notifications by receiver type",
            text="Notifications per second that Alertmanager tried to send, of all alerts, not only asynq's.",
            lines=Line(
                overall("sum", ALERTMANAGER_NOTIFICATIONS.rate(RATE_INTERVAL), "integration"), "{{integration}}"
            ),
            unit="ops",
            minimum=0,
        ),
        Graph(
            key="lost",
            title="Failed notifications",
            text="Notifications per second that could not be sent, by receiver type and reason. 0 is normal; "
            "a receiver that always fails is a person who is never called.",
            lines=Line(
                overall("sum", ALERTMANAGER_NOTIFICATIONS_FAILED.rate(RATE_INTERVAL), ("integration", "reason")),
                "{{integration}} {{reason}}",
            ),
            unit="ops",
            minimum=0,
        ),
    ),
)

HEALTH = Dashboard(
    uid="asynq-health",
    title="Asynq / Alerts and monitoring health",
    text="What fires now and what fired before, and whether exporter, rules and notifications work at all.",
    anchor=PENDING,
    rows=(_ALERTS, _EXPORTER, _RULES, _NOTIFICATIONS),
)
