"""The plan: thresholds per class, texts in three forms, labels and links."""

from __future__ import annotations

import pytest

from asynq_mon_codegen import (
    Above,
    Alert,
    Alerts,
    Below,
    DeclarationError,
    Links,
    Monitoring,
    Queue,
    Runbook,
    Severity,
    Signal,
    TaskType,
    Threat,
    Unit,
    asynq,
    evolve,
    unless,
)
from asynq_mon_codegen.catalog import records
from asynq_mon_codegen.catalog.metrics import instrumentation
from asynq_mon_codegen.plan import Plan, PlannedAlert, resolve

WAIT = asynq.ALERTS["AsynqQueueWaitHigh"]
TASKS = Alert(
    name="TasksRunning",
    threat=Threat.BOTTLENECK,
    signal=Signal(
        title="Running",
        expr=instrumentation.TASK_IN_PROGRESS.sum(by=("queue", "task_type")),
        unit=Unit.TASKS,
    ),
    when=Above(warning=10),
    summary="s",
    description="{task_type} of {queue}: {value}, {threshold}",
    runbook=Runbook(meaning="m", actions=("a",)),
)


def plan(*alerts: Alert, **fields: object) -> Plan:
    return resolve(Monitoring(alerts=Alerts(alerts or (WAIT,)), **fields))  # type: ignore[arg-type]


def rule(planned: Plan, severity: Severity = Severity.WARNING) -> PlannedAlert:
    return next(a for a in planned.alerts if a.severity is severity)


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_one_rule_per_severity_however_many_queues() -> None:
    """Queues that share a level share a class; the rest excludes them all."""
    queues = [Queue(f"q{i}", thresholds={"AsynqQueueWaitHigh": Above(warning=30)}) for i in range(3)]
    planned = plan(queues=[*queues, Queue("slow", thresholds={WAIT: Above(warning=600, critical=900)})])

    assert [a.severity for a in planned.alerts] == [Severity.CRITICAL, Severity.WARNING]
    assert one_line(rule(planned).expr) == (
        '(queue:asynq_queue_latency_seconds:max{queue=~"q0|q1|q2"} > 30 or '
        'queue:asynq_queue_latency_seconds:max{queue="slow"} > 600 or '
        'queue:asynq_queue_latency_seconds:max{queue!~"q0|q1|q2|slow"} > 60) unless queue:asynq_queue_paused:max == 1'
    )


def test_a_level_that_is_left_out_is_off_for_that_queue() -> None:
    """Above(warning=30) alone means: never critical."""
    planned = plan(queues=[Queue("q", thresholds={WAIT: Above(warning=30)})])

    assert 'queue!="q"' in rule(planned, Severity.CRITICAL).expr
    assert 'queue="q"' not in rule(planned, Severity.CRITICAL).expr


def test_none_switches_an_alert_off_for_a_queue() -> None:
    """No comparison is left for it at any severity."""
    planned = plan(queues=[Queue("q", thresholds={WAIT: None})])

    assert all('queue!="q"' in a.expr and '{queue="q"}' not in a.expr for a in planned.alerts)


def test_an_override_that_equals_the_default_makes_no_class() -> None:
    """The rule stays as short as it can be."""
    assert (
        rule(plan(queues=[Queue("q", thresholds={WAIT: Above(warning="1m", critical="5m")})])).expr == rule(plan()).expr
    )


def test_a_task_types_threshold_wins_over_its_queues() -> None:
    """Classes stay disjoint: each series has exactly one level."""
    planned = plan(
        TASKS,
        queues=[Queue("q", thresholds={TASKS: Above(warning=20)})],
        task_types=[TaskType("t", thresholds={TASKS: Above(warning=30)})],
    )

    assert [(c.label, c.names, c.level) for c in rule(planned).classes] == [
        ("task_type", ("t",), 30),
        ("queue", ("q",), 20),
        ("", (), 10),
    ]
    assert one_line(rule(planned).expr).count(" or ") == 2
    labels = {"queue": "q", "task_type": "t"}
    assert rule(planned).expected_annotations(labels, 31)["description"] == "t of q: 31 tasks, 30 tasks"
    assert (
        rule(planned).expected_annotations({**labels, "task_type": "u"}, 31)["description"]
        == "u of q: 31 tasks, 20 tasks"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"queues": [Queue("q", thresholds={WAIT: Below(warning=1)})]}, "must be Above", id="other way round"
        ),
        pytest.param(
            {"task_types": [TaskType("t", thresholds={WAIT: Above(warning=1)})]},
            "has no label 'task_type'",
            id="no such label",
        ),
    ],
)
def test_thresholds_that_do_not_fit_are_refused(fields: dict[str, object], message: str) -> None:
    """The error says which alert and which queue."""
    with pytest.raises(DeclarationError, match=message):
        plan(**fields)


def test_threshold_text_is_chosen_by_the_series_labels() -> None:
    """The annotation shows the level that fired, for any queue."""
    planned = rule(plan(queues=[Queue('a"b', thresholds={WAIT: Above(warning=30, critical=40)})]))
    description = dict(planned.annotations)["description"]

    assert '{{ if eq $labels.queue "a\\"b" }}30s{{ else }}1m{{ end }}' in description.template()
    assert "threshold 30s" in planned.expected_annotations({"queue": 'a"b'}, 35)["description"]
    assert "threshold 1m" in planned.expected_annotations({"queue": "other"}, 65)["description"]
    assert "1m 5s" in planned.expected_annotations({"queue": "other"}, 65)["description"]


def test_texts_of_a_declaration_cannot_steer_the_template() -> None:
    """Braces in names are printed, not run."""
    planned = rule(plan(service="{{ $value }}", labels={"tier": "a{"}))
    labels = {label.name: label.template() for label in planned.labels}

    assert labels["service"] == '{{ "{{" }} $value }}'
    assert labels["tier"] == 'a{{ "{" }}'
    assert planned.expected_labels({"queue": "q"})["service"] == "{{ $value }}"


def test_team_comes_from_the_queue_where_it_has_one() -> None:
    """One rule serves queues of several teams."""
    planned = rule(plan(team="core", queues=[Queue("q", team="mail")]))

    assert planned.expected_labels({"queue": "q"})["team"] == "mail"
    assert planned.expected_labels({"queue": "r"})["team"] == "core"


def test_links_carry_the_labels_escaped() -> None:
    """A dashboard opens with the alert's queue chosen, whatever its name."""
    planned = rule(
        plan(
            identity="cluster",
            links=Links(runbooks="https://r/", grafana="https://g", logs="https://l/{queue}/{task_type}"),
        )
    )
    series = {"cluster": "eu", "queue": "a b&c"}
    found = planned.expected_annotations(series, 61)

    assert found["runbook_url"] == "https://r/AsynqQueueWaitHigh.md"
    assert found["dashboard_url"] == "https://g/d/asynq-queue?var-cluster=eu&var-queue=a+b%26c"
    assert "logs_url" not in found


def test_recorded_series_stand_before_their_readers() -> None:
    """A group evaluates in order: what is made of another record comes after it."""
    names = [r.name for r in plan().records]

    assert names.index("queue:asynq_tasks_processed:rate5m") < names.index("queue:asynq_tasks_succeeded:rate5m")


def test_instrumentation_alerts_need_the_declaration_to_say_so() -> None:
    """An alert on missing instrumentation is no use to those who have none."""
    alert = evolve(TASKS, needs="instrumentation")

    assert plan(alert).alerts == ()
    assert len(plan(alert, instrumentation=True).alerts) == 1


def test_an_alert_without_its_guard_loses_only_the_guard() -> None:
    """evolve makes a changed copy; the catalogue stays as it is."""
    bare = evolve(WAIT, guards=())

    assert rule(plan(bare)).expr == "queue:asynq_queue_latency_seconds:max > 60"
    assert WAIT.guards == (unless(records.PAUSED.equals(1), "the queue is paused"),)
