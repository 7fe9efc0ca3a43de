"""Whether anybody would notice: the exporters, their metrics, the rules and the way of a notification.

A target exports asynq's metrics if its job is called like an exporter, or if it showed queues within the
last half hour: the collector also runs inside workers. One of several exporters down is not blindness.
"""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq, instrumentation, systems
from asynq_mon_codegen.catalog.probes import monitoring as worlds
from asynq_mon_codegen.catalog.runbooks import alerting
from asynq_mon_codegen.catalog.runbooks import monitoring as runbooks
from asynq_mon_codegen.model import Above, Alert, Below, Present, Severity, Signal, Threat, Unit, floor, only
from asynq_mon_codegen.promql import Matcher, Record, vector
from asynq_mon_codegen.simulator import Probe

GROUP = "monitoring"

_TARGET = ("job", "instance")

SHOWS_QUEUES = Record(
    metric="asynq_queue_size",
    operations="group",
    by=_TARGET,
    expr=asynq.QUEUE_SIZE.group(by=_TARGET),
    help="1 for every target that shows at least one queue.",
)
EXPORTER_UP = Record(
    metric="asynq_exporter_up",
    operations="max",
    by=_TARGET,
    expr=asynq.EXPORTER_UP.max(by=_TARGET).or_(
        asynq.TARGET_UP.max(by=_TARGET).and_(SHOWS_QUEUES.last_over("30m")),
    ),
    help="1 for every exporter whose scrapes work, 0 for the others; so is a target that showed queues of late.",
)
EXPORTERS = Record(
    metric="asynq_exporter_up",
    operations="sum",
    by=(),
    expr=EXPORTER_UP.sum(),
    help="Exporters whose scrapes work.",
)

LIVE_EXPORTERS = Signal(
    title="Exporters that answer",
    # the second part keeps exporters that service discovery has lost as 0 for half an hour
    expr=EXPORTERS.or_(EXPORTERS.last_over("30m") * 0),
    unit=Unit.COUNT,
    description="Scraped targets that export asynq's queue metrics.",
)
BLIND_EXPORTERS = Signal(
    title="Exporters without queues",
    expr=EXPORTER_UP.sum(by="job").above(0).unless(SHOWS_QUEUES.group(by="job")),
    unit=Unit.COUNT,
    description="Exporters that answer while no exporter of their job shows a queue.",
)
WORKERS_WITHOUT_METRICS = Signal(
    title="Workers without instrumentation",
    expr=systems.WORKER_UP.sum().above(0).unless(instrumentation.TASK_OUTCOMES.group()),
    unit=Unit.COUNT,
    description="Workers that are up while none of them counts outcomes.",
)
SCRAPE_SECONDS = Signal(
    title="Scrape duration of the exporter",
    expr=asynq.EXPORTER_SCRAPE_DURATION.avg_over("5m").max(by="instance"),
    unit=Unit.SECONDS,
    description="Mean over 5 minutes; asynq asks Redis three times per queue, so it also tells how slow Redis is.",
)
SCRAPE_SAMPLES = Signal(
    title="Samples per scrape of the exporter",
    expr=asynq.EXPORTER_SCRAPE_SAMPLES.max(by="instance"),
    unit=Unit.COUNT,
    description="About 12 per queue.",
)

_OUR_RULES = Matcher("rule_group", "=~", ".*;asynq-.*")
RULE_FAILURES = Signal(
    title="Failed or missed rule evaluations",
    expr=systems.PROMETHEUS_RULE_FAILURES.matching(_OUR_RULES).increase("5m").max(by="rule_group")
    + systems.PROMETHEUS_RULE_MISSED.matching(_OUR_RULES).increase("5m").max(by="rule_group"),
    unit=Unit.COUNT,
    description="Evaluations of asynq's rule groups that failed, and cycles that were left out, in 5 minutes.",
)
UNDELIVERED = Signal(
    title="Alerts that no Alertmanager took",
    # dropped alerts and not errors over sent: versions of Prometheus count those two in different units
    expr=systems.PROMETHEUS_NOTIFICATIONS_DROPPED.increase("3m")
    .min(by="instance")
    .above(0)
    .or_(systems.PROMETHEUS_ALERTMANAGERS.equals(0).group(by="instance")),
    unit=Unit.COUNT,
    description="Alerts dropped in 3 minutes, or 1 where Prometheus knows no Alertmanager at all.",
)
_FAILED_NOTIFICATIONS = systems.ALERTMANAGER_NOTIFICATIONS_FAILED.increase("15m").sum(by="integration")
NOTIFICATION_FAILURES = Signal(
    title="Failed notifications",
    expr=_FAILED_NOTIFICATIONS / systems.ALERTMANAGER_NOTIFICATIONS.increase("15m").sum(by="integration"),
    unit=Unit.RATIO,
    description="Share of the notifications of the last 15 minutes that Alertmanager could not send.",
)

EXPORTER_DOWN = Alert(
    name="AsynqExporterDown",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=LIVE_EXPORTERS,
    when=Below(critical=1),
    hold="2m",
    longest_hold="15m",
    summary="No exporter of asynq's metrics answers",
    description="For {hold} {value} exporters have answered: backlog, stalls, failures and archived tasks of every "
    "queue go unnoticed until one is back. What was firing for a queue has resolved without being over.",
    dashboard="asynq-health",
    # what the lost scrapes themselves show; nothing that a worker or Redis tells is muted
    inhibits=("AsynqScrapeSlow", "AsynqTooManySeries"),
    runbook=runbooks.EXPORTER_DOWN,
    probe=Probe(
        drive=worlds.exporters_left,
        also={
            "service discovery has lost the exporters": worlds.exporters_gone,
            "the workers that showed the queues": worlds.embedded_down,
        },
        quiet={
            "a worker shows the queues, too": worlds.exporters_down_beside_embedded,
            "workers that show the queues have lost Redis": worlds.embedded_blind,
            "the exporters were taken down long ago": worlds.exporters_gone_for_long,
        },
        # long enough that the memory of half an hour is measured from both sides
        before="36m",
        heard="2m30s",
        settle="11m",
        clears="0s",
        lasting="1m",
        after="1m",
        many=False,
    ),
)

QUEUE_METRICS_MISSING = Alert(
    name="AsynqQueueMetricsMissing",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=BLIND_EXPORTERS,
    when=Present(Severity.CRITICAL),
    hold="2m",
    longest_hold="15m",
    summary="The exporter answers, but shows no queues",
    description="For {hold} none of the {value} exporters of job {job} that answer has shown a single queue: asynq's "
    "Redis is unreachable, empty, the wrong one, or one broken task blinds the exporter. No alert of a queue can fire.",
    dashboard="asynq-health",
    runbook=runbooks.QUEUE_METRICS_MISSING,
    probe=Probe(
        drive=worlds.redis_lost,
        also={"workers that show the queues": worlds.embedded_blind},
        quiet={
            "one of two exporters is blind": worlds.one_exporter_blind,
            "the exporters are down": worlds.all_exporters_down,
            "a worker that never showed queues": worlds.plain_worker,
            "the collector was taken out of the workers": worlds.embedded_removed_for_long,
        },
        before="36m",
        heard="2m30s",
        settle="11m",
        clears="0s",
        lasting="1m",
        after="1m",
        many=False,
        value=2,
    ),
)

TASKS_ARE_PROCESSED = only(
    asynq.TASKS_PROCESSED.increase("20m").above(0).group(), "tasks were processed in the last 20 minutes"
)

INSTRUMENTATION_MISSING = Alert(
    name="AsynqInstrumentationMissing",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=WORKERS_WITHOUT_METRICS,
    when=Present(Severity.INFO),
    hold="15m",
    longest_hold="15m",
    guards=(TASKS_ARE_PROCESSED,),
    needs="instrumentation",
    summary="The workers do not count what they do",
    description="{value} workers are up and tasks are processed, but for {hold} no worker has shown "
    "asynq_task_outcomes_total: alerts on task types, durations and stuck tasks cannot fire.",
    dashboard="asynq-health",
    runbook=runbooks.INSTRUMENTATION_MISSING,
    probe=Probe(
        drive=worlds.uninstrumented,
        also={"the last task ran before the fault": worlds.uninstrumented_and_idle},
        quiet={
            TASKS_ARE_PROCESSED.text: worlds.uninstrumented_without_tasks,
            "the last task ran long ago": worlds.uninstrumented_and_idle_for_long,
            "no worker is up": worlds.no_workers,
            "one of two workers counts": worlds.half_instrumented,
        },
        before="30m",
        lasting="1m",
        after="2m",
        many=False,
        value=2,
    ),
)

SCRAPE_SLOW = Alert(
    name="AsynqScrapeSlow",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=SCRAPE_SECONDS,
    # half of Prometheus' default timeout of 10 s, beyond which all metrics of asynq would be gone
    when=Above(warning="5s"),
    # as long as that, because a Redis that hangs makes every scrape take 6 s and has an alert of its own
    hold="10m",
    summary="Reading asynq's metrics takes too long",
    description="Scrapes of exporter {instance} take {value} on average (threshold {threshold}, for {hold}); beyond "
    "the scrape timeout all asynq metrics vanish, and every scrape keeps Redis busy with scripts.",
    dashboard="asynq-health",
    runbook=runbooks.SCRAPE_SLOW,
    probe=Probe(drive=worlds.slow_scrape, settle="5m", lingers="30s"),
)

TOO_MANY_SERIES = Alert(
    name="AsynqTooManySeries",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=SCRAPE_SAMPLES,
    when=Above(warning=50_000),
    hold="10m",
    summary="The exporter shows too many series",
    description="Exporter {instance} shows {value} samples per scrape (threshold {threshold}): about 12 for every "
    "queue, so there are thousands of queues, and reading them costs Redis and Prometheus dearly.",
    dashboard="asynq-health",
    runbook=runbooks.TOO_MANY_SERIES,
    probe=Probe(drive=worlds.many_series),
)

RULE_EVALUATION_FAILING = Alert(
    name="AsynqRuleEvaluationFailing",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=RULE_FAILURES,
    when=Above(warning=0),
    # as long as the window, so that a single failed evaluation is forgotten before it fires
    hold="5m",
    summary="Rules of asynq are not evaluated",
    description="Rule group {rule_group} failed or skipped {value} evaluations in 5 minutes, again and again for "
    "{hold}: its alerts can neither fire nor resolve.",
    dashboard="asynq-health",
    runbook=alerting.RULE_EVALUATION_FAILING,
    probe=Probe(
        drive=worlds.rules_fail,
        also={"cycles are missed": worlds.cycles_missed},
        quiet={
            "a rule group of somebody else": worlds.other_rules_fail,
            "a single failed evaluation": worlds.one_evaluation_fails,
        },
        settle="5m",
        lingers="3m",
    ),
)

EVALUATES_OUR_RULES = only(
    systems.PROMETHEUS_RULE_DURATION.matching(_OUR_RULES).group(by="instance"),
    "this Prometheus evaluates asynq's rules",
)

ALERTMANAGER_UNREACHABLE = Alert(
    name="AsynqAlertmanagerUnreachable",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=UNDELIVERED,
    when=Present(Severity.CRITICAL),
    # firing alerts are sent again every minute, so that a restart of Alertmanager is over in 3 to 4 minutes
    hold="5m",
    guards=(EVALUATES_OUR_RULES,),
    summary="Alerts do not reach Alertmanager",
    description="For {hold} no Alertmanager has taken the alerts of Prometheus {instance}: whatever fires there "
    "notifies nobody.",
    dashboard="asynq-health",
    runbook=alerting.ALERTMANAGER_UNREACHABLE,
    probe=Probe(
        drive=worlds.alerts_dropped,
        also={"no Alertmanager is configured": worlds.no_alertmanager},
        quiet={
            EVALUATES_OUR_RULES.text: worlds.alerts_dropped_elsewhere,
            "one of two Alertmanagers is down": worlds.one_alertmanager_down,
            "Alertmanager restarts": worlds.alertmanager_restarts,
        },
        settle="3m",
        lingers="1m",
    ),
)

NOTIFICATIONS_FAILED = floor(_FAILED_NOTIFICATIONS, 2, "at least {minimum} notifications failed in 15 minutes")

NOTIFICATIONS_FAILING = Alert(
    name="AsynqNotificationsFailing",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=NOTIFICATION_FAILURES,
    when=Above(warning="1%", critical="25%"),
    hold="5m",
    guards=(NOTIFICATIONS_FAILED,),
    summary="Notifications do not reach people",
    description="Alertmanager could not send {value} of its {integration} notifications of the last 15 minutes "
    "(threshold {threshold}): people miss alerts, those of asynq among them.",
    dashboard="asynq-health",
    runbook=alerting.NOTIFICATIONS_FAILING,
    probe=Probe(
        drive=worlds.notifications_fail,
        also={"few notifications, and most of them fail": worlds.few_notifications_fail},
        quiet={
            NOTIFICATIONS_FAILED.text: worlds.one_notification_fails,
            "a burst fails, and then many succeed": worlds.notifications_fail_for_a_moment,
        },
        before="16m",
        ripens="5m",
        settle="16m",
        after="1m",
        lingers="7m",
        exact=False,
        top=1.0,
        floor=2,
    ),
)

WATCHDOG = Alert(
    name="AsynqWatchdog",
    group=GROUP,
    threat=Threat.MONITORING,
    signal=Signal(
        title="Watchdog",
        # without identity labels: it speaks for the Prometheus that evaluates it, not for a queue
        expr=vector(1),
        unit=Unit.COUNT,
        description="Always 1: an alert that must never stop.",
    ),
    when=Present(Severity.NONE),
    longest_hold="0s",
    summary="Alerting works",
    description="This alert always fires. Its silence, which a dead man's switch outside of this system notices, means "
    "that rules, Prometheus, Alertmanager or the network between them no longer work.",
    dashboard="asynq-health",
    runbook=alerting.WATCHDOG,
    probe=Probe(drive=worlds.nothing, always=True, many=False),
)

ALERTS = (
    EXPORTER_DOWN,
    QUEUE_METRICS_MISSING,
    INSTRUMENTATION_MISSING,
    SCRAPE_SLOW,
    TOO_MANY_SERIES,
    RULE_EVALUATION_FAILING,
    ALERTMANAGER_UNREACHABLE,
    NOTIFICATIONS_FAILING,
    WATCHDOG,
)
RECORDS = (SHOWS_QUEUES, EXPORTER_UP, EXPORTERS)
