"""Holds and floors of single queues and task types: rules of their own, beside that for all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from asynq_mon_codegen import Above, Fleet, Monitoring, Queue, Severity, TaskType, asynq
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.generators.dashboard_queries import rules_with_levels, uniform
from asynq_mon_codegen.model import merged
from asynq_mon_codegen.plan import Plan, PlannedAlert, resolve
from tests.promtool import checked

RATIO = asynq.ALERTS["AsynqTaskFailureRatioHigh"]
PERIODIC = "AsynqPeriodicTaskMissing"


def declared(*queues: Queue, task_types: tuple[TaskType, ...] = ()) -> Monitoring:
    return Monitoring(service="orders", alerts=asynq.ALERTS, queues=queues, task_types=task_types, instrumentation=True)


def rules(plan: Plan, severity: Severity, name: str = RATIO.name) -> dict[str, PlannedAlert]:
    """By the queue or task type that a rule is for; that for all has no name."""
    found = [r for r in plan.alerts if r.name == name and r.severity is severity]
    return {r.classes[0].names[0] if r.own is not None else "": r for r in found}


def test_a_hold_of_its_own_makes_a_rule_of_its_own() -> None:
    found = rules(resolve(declared(Queue("reports", holds={RATIO: "20m"}), Queue("mail"))), Severity.CRITICAL)
    assert {name: str(r.hold) for name, r in found.items()} == {"": "5m", "reports": "20m"}
    assert 'queue!="reports"' in found[""].expr
    assert 'queue="reports"' in found["reports"].expr
    assert {label.name: label.template() for label in found["reports"].labels}["queue"] == "reports"
    assert dict(found["reports"].annotations)["description"].words().count("20m") == 1


def test_a_hold_by_severity_leaves_the_other_severities_alone() -> None:
    plan = resolve(declared(Queue("reports", holds={RATIO: {Severity.CRITICAL: "9m"}})))
    assert set(rules(plan, Severity.CRITICAL)) == {"", "reports"}
    assert set(rules(plan, Severity.WARNING)) == {""}


def test_a_floor_of_its_own_stands_in_its_rule_only() -> None:
    found = rules(resolve(declared(Queue("reports", floors={RATIO: 50}))), Severity.WARNING)
    assert found[""].expr.endswith(">= 10")
    assert found["reports"].expr.endswith(">= 50")
    assert found["reports"].hold == found[""].hold


def test_level_hold_and_floor_together() -> None:
    queue = Queue("reports", thresholds={RATIO: Above(warning="20%", critical="60%")}, holds={RATIO: "7m"})
    found = rules(resolve(declared(queue, Queue("mail", thresholds={RATIO: Above(warning="9%")}))), Severity.WARNING)
    assert found["reports"].default_level == 0.2
    assert found[""].class_for({"queue": "mail"}).level == 0.09
    assert [found[name].covers({"queue": q}) for name in ("", "reports") for q in ("reports", "mail")] == [
        False,
        True,
        True,
        False,
    ]


def test_what_the_alert_has_anyway_makes_no_rule() -> None:
    same = Queue("reports", holds={RATIO: "5m"}, floors={RATIO: 10})
    assert set(rules(resolve(declared(same)), Severity.CRITICAL)) == {""}


def test_a_task_type_comes_before_its_queue() -> None:
    name = "AsynqTaskTypeFailing"
    plan = resolve(
        declared(Queue("reports", holds={name: "20m"}), task_types=(TaskType("mail:send", holds={name: "10m"}),))
    )
    found = rules(plan, Severity.WARNING, name)
    both = {"queue": "reports", "task_type": "mail:send"}
    assert [key for key, rule in found.items() if rule.covers(both)] == ["mail:send"]
    assert [key for key, rule in found.items() if rule.covers({**both, "task_type": "other"})] == ["reports"]


def test_an_alert_that_only_declared_things_have_gets_their_rules_only() -> None:
    plan = resolve(declared(task_types=(TaskType("nightly", every="24h", holds={PERIODIC: "1h"}),)))
    (only,) = plan.rules_of(asynq.ALERTS[PERIODIC])
    assert str(only.hold) == "1h"
    assert only.default_level == 2 * 24 * 3600


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        (Queue("a", holds={"AsynqRedisMemoryHigh": "9m"}), "AsynqRedisMemoryHigh has no label 'queue'"),
        (Queue("a", floors={"AsynqQueueWaitHigh": 9}), "AsynqQueueWaitHigh has no floor that 'a' could change"),
        (Queue("a", holds={"AsynqErrorBudgetBurn": "9m"}), "AsynqErrorBudgetBurn cannot have a hold of its own"),
        (Queue("a", thresholds={RATIO: None}, holds={RATIO: "9m"}), "'a' switches AsynqTaskFailureRatioHigh off"),
    ],
)
def test_what_an_alert_cannot_have_is_refused(queue: Queue, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        resolve(declared(queue))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"holds": {RATIO: 5}}, "hold=5 is not a duration"),
        ({"holds": ["x"]}, "holds=.* is not a mapping"),
        ({"holds": {RATIO: {"critical": "5m"}}}, "holds\\['AsynqTaskFailureRatioHigh'\\] is"),
        ({"floors": {RATIO: "many"}}, "floors\\['AsynqTaskFailureRatioHigh'\\] is 'many'"),
        ({"floors": {RATIO: -1}}, "is -1"),
    ],
)
def test_what_is_no_hold_or_floor_is_refused(fields: Mapping[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        Queue("a", **fields)  # type: ignore[arg-type]


def fleet() -> Fleet:
    orders = Monitoring(
        service="orders",
        where={"namespace": ("orders", "orders-jobs")},
        alerts=asynq.ALERTS,
        thresholds={RATIO: Above(warning="30%", critical="70%")},
        queues=[
            Queue("reports", holds={RATIO: "20m"}, floors={RATIO: 30}),
            Queue("plain", thresholds={RATIO: Above(warning="10%", critical="20%")}),
        ],
    )
    mail = Monitoring(
        service="mail",
        where={"namespace": "mail"},
        alerts=asynq.ALERTS,
        queues=[Queue("reports", holds={RATIO: {Severity.CRITICAL: "9m"}})],
    )
    return merged(Fleet(service="{namespace}", identity=("namespace",), alerts=asynq.ALERTS, services=[orders, mail]))


def test_in_a_fleet_each_place_has_its_own() -> None:
    plan = resolve(fleet())
    holds = {
        (namespace, queue): [
            (str(r.hold), r.class_for({"namespace": namespace, "queue": queue}).level)
            for r in plan.alerts
            if r.name == RATIO.name
            and r.severity is Severity.CRITICAL
            and r.covers({"namespace": namespace, "queue": queue})
        ]
        for namespace in ("orders", "orders-jobs", "mail", "others")
        for queue in ("reports", "plain")
    }
    assert holds == {
        ("orders", "reports"): [("20m", 0.7)],
        ("orders", "plain"): [("5m", 0.2)],
        ("orders-jobs", "reports"): [("20m", 0.7)],
        ("orders-jobs", "plain"): [("5m", 0.2)],
        ("mail", "reports"): [("9m", 0.25)],
        ("mail", "plain"): [("5m", 0.25)],
        ("others", "reports"): [("5m", 0.25)],
        ("others", "plain"): [("5m", 0.25)],
    }
    keys = [(r.name, tuple(sorted((x.name, x.template()) for x in r.labels))) for r in plan.alerts]
    assert len(keys) == len(set(keys))


ALONE = declared(
    Queue("reports", holds={RATIO.name: "20m", "AsynqQueueMissing": "25m"}, floors={RATIO: 30}),
    Queue("mail", thresholds={RATIO: Above(warning="10%", critical="20%")}, holds={RATIO: {Severity.CRITICAL: "1m"}}),
    task_types=(TaskType("nightly", every="24h", holds={PERIODIC: "1h"}),),
)


@pytest.mark.outputs
@pytest.mark.parametrize(
    ("monitoring", "titles"),
    [
        (
            ALONE,
            {
                "AsynqTaskFailureRatioHigh: queue 'reports' has its own hold and floor",
                "AsynqTaskFailureRatioHigh: queue 'reports' has its own hold and floor, silent below it",
                "AsynqTaskFailureRatioHigh: queue 'mail' has its own hold",
                "AsynqPeriodicTaskMissing: task_type 'nightly' has its own hold",
                "AsynqQueueMissing: queue 'reports' has its own hold",
            },
        ),
        (
            fleet(),
            {
                "AsynqTaskFailureRatioHigh: namespace=orders, queue=reports has its own hold and floor",
                "AsynqTaskFailureRatioHigh: namespace=mail, queue=reports has its own hold",
            },
        ),
    ],
    ids=["alone", "fleet"],
)
def test_promtool_holds_them_to_it(tmp_path: Path, monitoring: Monitoring, titles: set[str]) -> None:
    """Each has a test of its own, which fires after its hold and not before; those of all others still pass."""
    plan = resolve(monitoring, dashboard_records(monitoring))
    checked(plan, tmp_path, "failures", "handlers", "missing")
    found = "".join(p.read_text() for p in (tmp_path / "rules" / "tests").glob("*.yaml"))
    assert {t for t in titles if t not in found} == set()


def test_a_panel_draws_one_level_where_only_the_hold_differs() -> None:
    plan = resolve(declared(Queue("reports", holds={RATIO: "20m"}), Queue("mail")))
    joined = rules_with_levels(plan, RATIO.name)
    assert [(r.severity.value, uniform(r)) for r in joined] == [("critical", 0.25), ("warning", 0.05)]
