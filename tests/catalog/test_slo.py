"""Service levels: how many rules they make, what is refused, and what their tests look at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from asynq_mon_codegen import (
    SLO,
    Alert,
    DeclarationError,
    FinishedWithin,
    Monitoring,
    Queue,
    StartedWithin,
    Success,
    TaskType,
    asynq,
)
from asynq_mon_codegen.catalog.slo import GROUP, INTERVALS, LONG_GROUP
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.generators.alertmanager_inhibition import inhibit_rules
from asynq_mon_codegen.generators.rule_tests import cases
from asynq_mon_codegen.plan import Plan, resolve

ALERTS = (asynq.ERROR_BUDGET_BURN, asynq.LATENCY_BUDGET_BURN)


def planned(*slos: SLO, **more: object) -> Plan:
    return resolve(Monitoring(alerts=asynq.ALERTS, instrumentation=True, slos=slos, **more))  # type: ignore[arg-type]


def rules_of(plan: Plan) -> list[str]:
    groups = [g for g in plan.groups if g.name in (GROUP, LONG_GROUP)]
    return [*(r.expr for g in groups for r in g.records), *(a.expr for g in groups for a in g.alerts)]


def test_nothing_is_recorded_that_nobody_promised() -> None:
    """No service level, no rule: a default objective would page for a promise that nobody made."""
    assert rules_of(planned()) == []


@pytest.mark.parametrize("queues", [1, 1000])
def test_rules_do_not_multiply_with_queues(queues: int) -> None:
    """Sixteen rules watch one service level of success, however many queues and own objectives there are."""
    own = {f"q{i}": "99%" if i % 2 else "99.5%" for i in range(queues)}
    names = tuple(Queue(q) for q in own)

    assert len(rules_of(planned(SLO("succeeds", objective="99.9%", per_queue=own), queues=names))) == 16


def test_rules_do_not_multiply_with_service_levels() -> None:
    """A hundred of them are the same rules, with longer expressions."""
    many = [SLO(f"succeeds-{i}", objective="99.9%", queues=f"q{i}") for i in range(100)]

    assert len(rules_of(planned(*many))) == 16


def test_tests_of_very_many_service_levels_are_examples() -> None:
    """Of a thousand service levels alike twenty are tested, and beyond them the first of each other kind."""
    alike = [SLO(f"succeeds-{i}", objective="99.9%", queues=f"q{i}") for i in range(1000)]
    other = SLO("final", objective="99.9%", indicator=Success(final=True), queues="q1")
    plan = planned(*alike, other)
    titles = [case.title for case in cases(plan, ALERTS[0]) if case.title.endswith("the message")]
    tested = {title.split(", ")[1].removesuffix(" at 99.9%") for title in titles}

    assert tested == {*(f"succeeds-{i}" for i in range(20)), "final"}


def test_the_budget_of_an_objective_is_exact() -> None:
    """0.001 of 99.9 %, not 0.0010000000000000009."""
    budget = next(r.expr for r in planned(SLO("s", objective="99.9%")).records if r.name.endswith("slo_budget:rate5m"))

    assert " * 0.001, " in budget


@pytest.mark.parametrize(
    ("window", "factors"),
    [
        pytest.param("30d", ("> 14.4", "> 6", "> 3", "> 1"), id="as in the workbook"),
        pytest.param("28d", ("> 13.44", "> 5.6", "> 2.8", "> 1"), id="four weeks, never below 1"),
        pytest.param("90d", ("> 43.2", "> 18", "> 9", "> 3"), id="a quarter"),
        pytest.param("7d", ("> 3.36", "> 1.4", "> 1", "> 1"), id="a week"),
    ],
)
def test_burn_rates_follow_the_window(window: str, factors: tuple[str, ...]) -> None:
    """The shares of the budget stay, so the rates change with its length."""
    plan = planned(SLO("s", objective="99.9%", window=window))
    exprs = [rule.expr for rule in plan.rules_of(asynq.ERROR_BUDGET_BURN)]
    lines = [line for expr in exprs for line in expr.split("\n") if ":sum" in line]
    found = [line.rpartition(" / ")[2].partition(" ")[2] for line in lines if " / " in line]

    assert tuple(dict.fromkeys(found)) == tuple(dict.fromkeys(factors))


def test_pages_are_evaluated_each_minute_and_tickets_every_four() -> None:
    """Days need not be summed up twice a minute; more than 5 minutes apart a series would end in between."""
    plan = planned(SLO("s", objective="99.9%"))

    assert {r.severity.value: r.group for r in plan.rules_of(asynq.ERROR_BUDGET_BURN)} == {
        "critical": GROUP,
        "warning": LONG_GROUP,
    }
    assert {g.name: str(g.interval) for g in plan.groups if g.interval and g.name in INTERVALS} == {
        GROUP: "1m",
        LONG_GROUP: "4m",
    }


def test_a_fast_world_has_fast_windows() -> None:
    """In the lab an hour of the budget passes in a minute and a rate of burning stays what it is."""
    slos = (SLO("s", objective="99.9%"), SLO("w", objective="99%", indicator=StartedWithin("30s")))
    plan = resolve(Monitoring(alerts=asynq.ALERTS, instrumentation=True, slos=slos), time_factor=60)
    texts = {r.name.rpartition("asynq_slo_")[2]: r.expr for r in plan.records}
    (page, _) = plan.rules_of(asynq.ERROR_BUDGET_BURN)

    assert texts["errors:sum1h"].endswith("[1m]) * 1")
    assert texts["budget:sum4m"].endswith("[4s]) * 4")
    assert "[12h]" in texts["budget:remaining_ratio"]
    assert 'le="0.5"' in texts["errors:rate5m"]
    assert "> 14.4" in page.expr
    assert "[30s]" in page.expr


def test_in_a_fast_world_the_workers_know_the_same_bounds() -> None:
    """A twelfth of 2m is a bucket of theirs, a sixtieth is none: refused, for nobody would count it."""
    slo = SLO("w", objective="99%", indicator=StartedWithin("2m"))
    monitoring = Monitoring(alerts=asynq.ALERTS, instrumentation=True, slos=slo)

    assert resolve(monitoring, time_factor=12).rules_of(asynq.LATENCY_BUDGET_BURN)
    with pytest.raises(DeclarationError, match="SLO 'w': 2s is not the bound of a bucket"):
        resolve(monitoring, time_factor=60)


@pytest.mark.outputs
def test_service_levels_that_count_the_same_events(tmp_path: Path) -> None:
    """promtool: each is tested where others fire for the same queue; an objective of many digits is its own."""
    plan = planned(
        SLO("all", objective="99.95%"),
        SLO("some", objective="99%", queues=("x", "y")),
        SLO("soon", objective="99%", indicator=StartedWithin("10s")),
        SLO("sooner", objective="95%", indicator=StartedWithin("5s")),
    )
    for artifact in (*rules.generate(plan), *rule_tests.generate(plan)):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    tests = [str(tmp_path / "rules" / "tests" / name) for name in ("slo.yaml", "slo_long.yaml")]
    promtool = os.environ.get("PROMTOOL", "promtool")
    done = subprocess.run([promtool, "test", "rules", *tests], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize("count", [1, 40])
def test_service_levels_of_attempts_have_no_findings(count: int) -> None:
    """Errors over a share of the attempts are no share themselves: a burn rate above 1 is reachable."""
    plan = planned(*(SLO(f"s{i}", objective="99%", queues=f"q{i}") for i in range(count)))

    assert registry.run(plan) == ()


def test_the_link_has_what_the_dashboard_has_a_variable_for() -> None:
    """No empty task type for service levels of whole queues."""
    (page, _) = planned(SLO("s", objective="99%")).rules_of(asynq.ERROR_BUDGET_BURN)
    series = {"slo": "s", "queue": "a b", "task_type": ""}

    assert page.expected_annotations(series, 15)["dashboard_url"].endswith("/d/asynq-slo?var-queue=a+b")


def test_a_page_mutes_no_ticket_of_another_service_level() -> None:
    """Alertmanager mutes a warning only where the service level is the same too."""
    plan = planned(SLO("a", objective="99%"), SLO("b", objective="99.9%"))
    (critical, warning) = plan.rules_of(asynq.ERROR_BUDGET_BURN)

    def muted(slo: str) -> bool:
        page, ticket = (
            {**rule.expected_labels({"slo": name, "queue": "q"}), "alertname": rule.name}
            for rule, name in ((critical, "a"), (warning, slo))
        )
        return any(
            all(c.holds(page) for c in rule.source)
            and all(c.holds(ticket) for c in rule.target)
            and all(page.get(label, "") == ticket.get(label, "") for label in rule.equal)
            for rule in inhibit_rules(plan)
        )

    assert muted("a")
    assert not muted("b")


def test_the_floor_of_an_alert_can_be_raised() -> None:
    """`with_floor` changes it for every pair of windows."""
    alerts = asynq.ALERTS.replace(asynq.ERROR_BUDGET_BURN.with_floor(50))
    plan = resolve(Monitoring(alerts=alerts, slos=SLO("s", objective="99.9%")))

    assert all(r.expr.count(">= 50") == 2 and ">= 10" not in r.expr for r in plan.rules_of(asynq.ERROR_BUDGET_BURN))


def test_an_alert_can_be_switched_off_for_a_queue() -> None:
    """Its budget is still recorded, and nobody is told."""
    plan = planned(SLO("s", objective="99.9%"), queues=Queue("bulk", thresholds={asynq.ERROR_BUDGET_BURN: None}))

    assert all('queue!="bulk"' in r.expr for r in plan.rules_of(asynq.ERROR_BUDGET_BURN))
    assert not any("bulk" in r.expr for r in plan.records)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda a: a.name)
def test_the_stories_that_must_be_quiet_are_told(alert: Alert) -> None:
    """A single failure, no traffic, old errors and too few of them: each rule has a check that it is silent."""
    plan = planned(SLO("s", objective="99.9%"), SLO("w", objective="99%", indicator=StartedWithin("10s")))
    checks = [check for case in cases(plan, alert) for check in case.checks]
    silent = {check.why.partition(":")[0] for check in checks if not check.firing}
    fires = {check.why.partition(":")[0] for check in checks if check.firing}

    assert {
        "a single failure on a quiet queue",
        "no traffic at all",
        "burnt until a while ago",
        "a blip, and burnt hours ago",
        "too few failures for the quicker windows",
        "too few failures for the slower windows",
    } <= silent
    assert {
        "burns fast",
        "burns fast after a night without traffic",
        "just enough failures for the slower windows",
    } <= fires


def test_every_objective_of_every_service_level_has_a_case() -> None:
    """Own objectives are tested with a queue of their own."""
    plan = planned(
        SLO("s", objective="99.9%", per_queue={"bulk": "99%", "odd": None}),
        SLO("m", objective="99.5%", indicator=Success(final=True), task_types=("mail", "sms")),
        SLO("f", objective="95%", indicator=FinishedWithin("2m"), queues=("a", "b")),
    )
    titles = [case.title for alert in ALERTS for case in cases(plan, alert) if case.title.endswith("the message")]

    assert [t.split(", ")[1] for t in titles if "critical" in t] == ["s at 99%", "s at 99.9%", "m at 99.5%", "f at 95%"]


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        pytest.param("100%", "every single error would be an alert", id="no budget at all"),
        pytest.param("0%", "not between 0 and 1", id="nothing promised"),
        pytest.param(99.9, 'did you mean "99.9%"?', id="a percentage without its sign"),
        pytest.param("often", "not a share", id="a word"),
        pytest.param("nan", "not between 0 and 1", id="no number"),
        pytest.param(True, "not a share", id="a truth"),
    ],
)
def test_impossible_objectives_are_refused(objective: object, message: str) -> None:
    """In the words of the declaration."""
    with pytest.raises(DeclarationError) as error:
        SLO("s", objective=objective)  # type: ignore[arg-type]
    assert message in f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize(
    ("slo", "more", "message"),
    [
        pytest.param(SLO("s", objective="99%", window="1d"), {}, "the window of SLO 's' is 1d", id="a short window"),
        pytest.param(SLO("s", objective="99%", window="26w"), {}, "the window of SLO 's' is 26w", id="a long window"),
        pytest.param(
            SLO("s", objective="80%"), {}, "a total outage burns the budget of 30d only 5 times", id="out of reach"
        ),
        pytest.param(
            SLO("s", objective="99%", indicator=StartedWithin("42s")), {}, '"30s" or "1m"', id="no bucket's bound"
        ),
        pytest.param(
            SLO("s", objective="99%", queues="ordrs"), {"queues": Queue("orders")}, "'orders'", id="a queue misspelt"
        ),
        pytest.param(
            SLO("s", objective="99%", per_queue={"ordrs": None}),
            {"queues": Queue("orders")},
            "'orders'",
            id="an own objective of a queue misspelt",
        ),
        pytest.param(
            SLO("s", objective="99%", task_types="mial"),
            {"task_types": TaskType("mail")},
            "'mail'",
            id="a type misspelt",
        ),
        pytest.param(
            SLO("s", objective="99%", indicator=FinishedWithin("2m")),
            {"instrumentation": False},
            "asynq itself does not export",
            id="not exported",
        ),
    ],
)
def test_promises_that_nobody_could_keep_or_measure_are_refused(
    slo: SLO, more: dict[str, object], message: str
) -> None:
    """Where the declaration is resolved, with what would be right."""
    with pytest.raises(DeclarationError) as error:
        resolve(Monitoring(**{"alerts": asynq.ALERTS, "instrumentation": True, "slos": slo, **more}))  # type: ignore[arg-type]
    assert message in f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "orders success"}, id="a name with a blank"),
        pytest.param({"queues": ("a", "a")}, id="a queue twice"),
        pytest.param({"queues": " "}, id="a blank queue"),
        pytest.param({"queues": "a", "per_queue": {"b": "99%"}}, id="an objective for a queue that it is not about"),
    ],
)
def test_senseless_service_levels_are_refused(change: dict[str, object]) -> None:
    """At once, where they are written."""
    with pytest.raises(DeclarationError):
        SLO(**{"name": "s", "objective": "99.9%", **change})  # type: ignore[arg-type]


def test_two_of_one_name_are_refused() -> None:
    """Their series would be one."""
    with pytest.raises(DeclarationError):
        planned(SLO("s", objective="99.9%"), SLO("s", objective="99%"))
