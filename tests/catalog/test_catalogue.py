"""What holds for every alert of the catalogue, whoever adds one."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from asynq_mon_codegen import SLO, Alert, Monitoring, Severity, StartedWithin, asynq
from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.generators.rule_tests import cases
from asynq_mon_codegen.model import Burn
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.plan.texts import placeholders
from asynq_mon_codegen.promql import Expr

EXPECTED = frozenset(
    """
AsynqQueueWaitHigh AsynqQueueBacklogNotDraining AsynqQueueStalled AsynqQueueStarved AsynqQueuePaused AsynqQueueSurge
AsynqTrafficStopped AsynqQueueMissing AsynqScheduledOverdue AsynqAggregationStuck AsynqTaskFailureRatioHigh
AsynqTaskTypeFailing
AsynqErrorBudgetBurn AsynqLatencyBudgetBurn
AsynqDependencyOutage AsynqRetryBacklogHigh AsynqTasksArchived AsynqArchiveNearlyFull AsynqTaskDurationHigh
AsynqTaskStuck AsynqWorkersDown AsynqWorkerDown AsynqWorkerRestarting AsynqWorkersSaturated AsynqWorkerCPUHigh
AsynqWorkerMemoryHigh AsynqWorkerMemoryGrowing AsynqWorkerFileDescriptorsHigh AsynqWorkerGoroutinesGrowing
AsynqHostCPUHigh AsynqHostMemoryLow AsynqHostNetworkSaturated AsynqHostDiskFilling AsynqWorkerThrottled
AsynqWorkerOOMKilled AsynqRedisDown AsynqRedisMemoryHigh AsynqRedisRejectingConnections AsynqRedisEvictingKeys
AsynqRedisPersistenceFailing AsynqRedisEvictionPolicyUnsafe AsynqPeriodicTaskMissing AsynqSchedulerEnqueueErrors
AsynqEnqueueErrors AsynqExporterDown AsynqQueueMetricsMissing AsynqInstrumentationMissing AsynqScrapeSlow
AsynqRuleEvaluationFailing AsynqAlertmanagerUnreachable AsynqNotificationsFailing AsynqWatchdog
""".split()  # noqa: SIM905
)

SLOS = (SLO("succeeds", objective="99.9%"), SLO("starts", objective="99%", indicator=StartedWithin("10s")))
PLAN = resolve(Monitoring(alerts=asynq.ALERTS, instrumentation=True, slos=SLOS))
every_alert = pytest.mark.parametrize("alert", list(asynq.ALERTS), ids=lambda alert: alert.name)


def prose(alert: Alert) -> list[str]:
    book = alert.runbook
    texts = [book.meaning, book.impact, book.tuning, book.lies]
    texts += [t for c in book.causes for t in (c.title, c.tell)] + [s.text for s in book.actions]
    return [s.strip() for text in texts for s in re.split(r"(?<=[.:;])\s+", text) if len(s.strip()) > 25]


def test_the_catalogue_is_whole() -> None:
    """Every alert that the project promises exists."""
    assert sorted(EXPECTED - set(asynq.ALERTS.names())) == []


@every_alert
def test_it_can_be_named(alert: Alert) -> None:
    """Each alert is a constant of the catalogue, so that a declaration can refer to it."""
    assert alert in vars(asynq).values()


@every_alert
def test_it_has_a_runbook_for_three_in_the_morning(alert: Alert) -> None:
    """Meaning, impact, causes that can be told apart, actions with commands, tuning, and when it lies."""
    book = alert.runbook

    assert len(book.meaning) > 80
    assert book.impact
    assert book.tuning
    assert book.lies
    assert len(book.causes) >= 2 or alert.name == "AsynqWatchdog"
    assert all(c.tell or c.commands for c in book.causes)
    assert len(book.actions) >= 2
    commands = [*(x for c in book.causes for x in c.commands), *(x for s in book.actions for x in s.commands)]
    assert len(commands) >= 3


def test_no_sentence_stands_in_two_runbooks() -> None:
    """A sentence that fits two alerts says little about either."""
    counted = Counter(s for alert in asynq.ALERTS for s in set(prose(alert)))

    assert [s for s, n in counted.items() if n > 1] == []


@every_alert
def test_texts_name_only_labels_that_the_alert_has(alert: Alert) -> None:
    """A placeholder that the expression has aggregated away would be empty in the message."""
    labels = alert.signal.expr.labels or frozenset()
    known = {"value", "threshold", "hold"} | labels

    assert placeholders(alert.summary) == ()
    assert set(placeholders(alert.description)) <= known


@every_alert
def test_its_dashboard_exists(alert: Alert) -> None:
    """The link in the message opens something."""
    assert alert.dashboard in {board.uid for board in DASHBOARDS}


@every_alert
def test_every_guard_has_a_case_that_only_it_keeps_quiet(alert: Alert) -> None:
    """Otherwise nobody would notice if the guard went."""
    if isinstance(alert.when, Burn):
        return  # tests/catalog/test_slo.py
    assert alert.probe is not None
    quiet = {text for text, _ in alert.probe.quiet}

    assert {g.text for g in alert.guards} <= quiet


@every_alert
def test_it_fires_and_is_silent_in_its_tests(alert: Alert) -> None:
    """Each rule has a check where it fires and, but for the watchdog, one where it must not."""
    rules = PLAN.rules_of(alert)
    checks = [check for case in cases(PLAN, alert) for check in case.checks]
    fired = {f.rule.severity for check in checks for f in check.firing}

    assert {r.severity for r in rules} <= fired
    if alert.when.level(Severity.NONE) is None and rules and rules[0].severity is not Severity.NONE:
        assert any(not check.firing for check in checks)


@every_alert
def test_what_it_inhibits_exists(alert: Alert) -> None:
    """A wrong name would silently inhibit nothing."""
    assert set(alert.inhibits) <= set(asynq.ALERTS.names()) - {alert.name, "AsynqWatchdog"}


def test_expressions_of_commands_are_ours() -> None:
    """Queries in runbooks are expressions where they name recorded series, so that identity labels are right."""
    wrong = [
        (alert.name, x.text)
        for alert in asynq.ALERTS
        for x in (
            *(x for c in alert.runbook.causes for x in c.commands),
            *(x for s in alert.runbook.actions for x in s.commands),
        )
        if x.kind == "promql" and not isinstance(x.text, Expr) and re.search(r"\b\w+:\w+:\w+", str(x.text))
    ]

    assert wrong == []


def test_links_choose_only_what_the_dashboard_can_show() -> None:
    """Each variable in an alert's link is one of the dashboard that it opens."""
    known = {board.uid: {v.name for v in board.variables} for board in DASHBOARDS}
    for rule in PLAN.alerts:
        (base,) = [link.base for link in rule.links if link.name == "dashboard_url"]
        assert set(re.findall(r"var-(\w+)=", base)) <= known[rule.alert.dashboard], rule.name
