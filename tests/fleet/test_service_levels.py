"""Service levels of one service of a fleet: its own, another objective for a common one, and one left out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import evolve
from click.testing import CliRunner

from asynq_mon_codegen import (
    SLO,
    Above,
    DeclarationError,
    Fleet,
    Monitoring,
    Queue,
    StartedWithin,
    Success,
    asynq,
)
from asynq_mon_codegen.build import declared
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.cost import estimate, sizes_of
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.model import merged
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.plan.promises import promises_of

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
BURN, LATE = asynq.ERROR_BUDGET_BURN, asynq.LATENCY_BUDGET_BURN
COMMON = SLO("succeeds", objective="99%", per_queue={"bulk": "95%"})


def service(name: str, *slos: SLO, **given: Any) -> Monitoring:
    return Monitoring(**{"service": name, "where": {"namespace": name}, "alerts": asynq.ALERTS, "slos": slos, **given})


def plan_of(*services: Monitoring, slos: tuple[SLO, ...] = (COMMON,), **given: Any) -> Plan:
    fleet = merged(
        Fleet(
            identity=("cluster", "namespace"),
            service="{namespace}",
            alerts=asynq.ALERTS,
            services=services,
            slos=slos,
            **given,
        )
    )
    return resolve(fleet, dashboard_records(fleet))


def record(plan: Plan, ending: str) -> list[str]:
    """The clauses of a recorded series of service levels, without what is the same in each."""
    (expr,) = (r.expr for r in plan.records if r.name.endswith(f"asynq_slo_{ending}"))
    return [line.removeprefix("or ") for line in expr.replace(" or ", "\nor ").split("\n")]


def objectives(plan: Plan) -> dict[str, float]:
    """The recorded objectives by the matchers of their clauses."""
    found = (re.fullmatch(r".*\{(.*)\} \* 0 \+ ([\d.]+)", clause) for clause in record(plan, "objective:ratio"))
    return {m[1]: float(m[2]) for m in found if m is not None}


ORDERS = service(
    "orders",
    SLO("succeeds", objective="99.5%", per_queue={"payments": "99.95%"}),
    SLO("pays", objective="99.9%", queues="payments", window="7d"),
    queues=(Queue("payments"), Queue("bulk")),
)
MAIL = service("mail", SLO("succeeds", objective=None))


def test_an_objective_of_its_own_holds_there_only() -> None:
    """In its place: not even the queues of the common one keep theirs. Left out, it is not judged at all."""
    plan = plan_of(ORDERS, MAIL)

    assert objectives(plan) == {
        'slo="succeeds", namespace="orders", queue="payments"': 0.9995,
        'slo="succeeds", namespace="orders", queue!="payments"': 0.995,
        'slo="succeeds", namespace!~"mail|orders", queue="bulk"': 0.95,
        'slo="succeeds", namespace!~"mail|orders", queue!="bulk"': 0.99,
        'slo="pays", namespace="orders", queue="payments"': 0.999,
    }
    errors = record(plan, "errors:rate5m")
    assert [re.search(r"\{(.*?)\}", e)[1] for e in errors] == [  # type: ignore[index]
        'namespace!="mail"',
        'namespace="orders", queue="payments"',
    ]


def test_rules_and_text_do_not_multiply_with_services() -> None:
    """A thousand services with three objectives are three more clauses of each record."""
    few, many = (
        plan_of(*(service(f"s{i}", SLO("succeeds", objective=f"99.{i % 3 + 1}%")) for i in range(count)))
        for count in (3, 1000)
    )

    assert [r.name for r in few.alerts] == [r.name for r in many.alerts]
    assert [r.name for r in few.records] == [r.name for r in many.records]
    assert len(record(few, "budget:rate5m")) == len(record(many, "budget:rate5m")) == 5
    assert few.rules_of(BURN)[0].expr == many.rules_of(BURN)[0].expr
    assert sum(len(r.expr) for r in many.records if "asynq_slo" in r.name) < 100_000


def test_one_name_for_different_promises_of_two_services() -> None:
    """The identity labels tell them apart: each alert, window and burn rate sees its own only."""
    plan = plan_of(
        service("a", SLO("good", objective="99%")),
        service("b", SLO("good", objective="99%", window="7d", indicator=StartedWithin("10s")), instrumentation=True),
        slos=(),
    )
    (errors, *_), (late, *_) = plan.rules_of(BURN), plan.rules_of(LATE)
    remaining = record(plan, "budget:remaining_ratio")

    assert set(re.findall(r"\{(.*?)\}", errors.expr)) == {'slo="good", namespace="a"'}
    assert set(re.findall(r"\{(.*?)\}", late.expr)) == {'slo="good", namespace="b"'}
    assert "> 14.4" in errors.expr
    assert "> 3.36" in late.expr
    assert [("[30d]" in r, 'namespace="a"' in r) for r in remaining] == [(True, True), (False, False)]


def test_service_levels_without_common_ones() -> None:
    """One service alone has service levels: the rules and the dashboard's records exist, for its series."""
    plan = plan_of(service("a", SLO("good", objective="99%")), service("b"), slos=())

    assert objectives(plan) == {'slo="good", namespace="a"': 0.99}
    assert registry.run(plan) == ()
    (promise,) = promises_of(plan.monitoring)
    assert promise.objective_of({"namespace": "a", "queue": "x"}) == 0.99
    assert promise.objective_of({"namespace": "b", "queue": "x"}) is None


def test_the_fleet_says_that_workers_are_instrumented() -> None:
    """A service level that needs it may stand in a service that does not repeat it."""
    own = service("a", SLO("soon", objective="99%", indicator=StartedWithin("10s")))

    assert plan_of(own, instrumentation=True).rules_of(LATE)


def test_the_bound_must_be_one_of_the_service_itself() -> None:
    """Another service's level is no bucket of this one's workers."""
    own = service("a", SLO("soon", objective="99%", indicator=StartedWithin("42s")), instrumentation=True)
    other = service("b", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning=42)})

    with pytest.raises(DeclarationError, match="SLO 'soon' of service 'a': 42s is not the bound of a bucket"):
        plan_of(own, other)
    assert plan_of(evolve(own, thresholds=other.thresholds)).rules_of(LATE)


def test_what_they_cost() -> None:
    """One series for each queue that is judged: two of orders, one of them twice; none of mail; one of a third."""
    plan = plan_of(ORDERS, MAIL, service("third"))
    found = estimate(plan, sizes_of(plan.monitoring))

    assert {f.series for f in found.recorded if "asynq_slo_" in f.name} == {2 + 1 + 0 + 1}


# -- rule tests ----------------------------------------------------------------------------------


def verdict(plan: Plan, folder: Path, spoil: Iterable[tuple[str, str]] = ()) -> subprocess.CompletedProcess[str]:
    """promtool's verdict on the rules of service levels; ``spoil`` replaces texts in those of pages."""
    for artifact in (*rules.generate(plan), *rule_tests.generate(plan)):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        text = artifact.text
        for old, new in spoil if artifact.path == "rules/slo.yaml" else ():
            assert old in text
            text = text.replace(old, new)
        if path.parent.name == "tests" and path.name.startswith("slo"):
            data = yaml.safe_load(text)
            # the long story is that of a single declaration too
            data["tests"] = [t for t in data["tests"] if not t["name"].endswith("what is no alert")]
            text = yaml.safe_dump(data)
        path.write_text(text, encoding="utf-8")
    names = ("slo.yaml", "slo_long.yaml") if not spoil else ("slo.yaml",)
    tests = [str(folder / "rules" / "tests" / name) for name in names]
    return subprocess.run([PROMTOOL, "test", "rules", *tests], capture_output=True, text=True, check=False)


@pytest.mark.outputs
def test_beside_services_with_a_queue_of_the_same_name(tmp_path: Path) -> None:
    """promtool: where the own objective burns, the common one does not, and the service that left it out is silent."""
    plan = plan_of(ORDERS, MAIL, service("third"))
    done = verdict(plan, tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    found = yaml.safe_load((tmp_path / "rules" / "tests" / "slo.yaml").read_text())["tests"]
    (case,) = [t for t in found if "99.95%" in t["name"] and t["name"].endswith("beside mail and third and undeclared")]
    seen = {re.search(r'namespace="(.*?)"', s["series"])[1] for s in case["input_series"]}  # type: ignore[index]
    (check,) = case["promql_expr_test"]
    assert seen == {"orders", "third", "mail", "namespace-a"}
    assert [re.search(r'namespace="(.*?)"', s["labels"])[1] for s in check["exp_samples"]] == ["orders"]  # type: ignore[index]
    assert any(t["name"].endswith("succeeds at 99%, beside orders and mail") for t in found)


@pytest.mark.outputs
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param([('namespace="orders", queue="payments"} * 0.0005', 'queue="payments"} * 0.0005')], id="for all"),
        pytest.param([("* 0.0005,", "* 0.01,")], id="the common objective in its place"),
        pytest.param([('{namespace!="mail"}', ""), ("mail|orders", "orders|nobody")], id="where it was left out"),
    ],
)
def test_rule_tests_notice_where_an_objective_holds(spoil: list[tuple[str, str]], tmp_path: Path) -> None:
    """An own objective that leaks, or does not act, makes them fail."""
    done = verdict(plan_of(ORDERS, MAIL, service("third")), tmp_path, spoil)

    assert done.returncode != 0


@pytest.mark.outputs
def test_many_kinds_of_promises_together(tmp_path: Path) -> None:
    """promtool: attempts, tasks and times under common and own names, over several windows, in one fleet."""
    plan = plan_of(
        service(
            "a",
            SLO("succeeds", objective="99.5%", task_types="t"),
            SLO("x", objective="99%", indicator=StartedWithin("10s")),
            SLO("soon", objective="93%", indicator=StartedWithin("30s"), window="14d"),
        ),
        service("b", SLO("x", objective="99.9%", indicator=Success(final=True), task_types=("t", "u"))),
        service(
            "c",
            SLO("x", objective="99%", window="7d", indicator=StartedWithin("5s")),
            where={"cluster": "eu", "namespace": "c"},
        ),
        slos=(COMMON, SLO("soon", objective="99.95%", indicator=StartedWithin("30s"), window="14d")),
        instrumentation=True,
    )
    done = verdict(plan, tmp_path)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert registry.run(plan) == ()


# -- folders -------------------------------------------------------------------------------------

FLEET = (
    'monitoring = Fleet(identity=("namespace",), alerts=asynq.ALERTS, '
    'slos=SLO("succeeds", objective="99%", indicator=Success(), window="28d"))\n'
)


def write(folder: Path, slos: str) -> Path:
    text = 'monitoring = Monitoring(\n    service="a",\n    where={"namespace": "a"},\n    alerts=asynq.ALERTS,\n'
    files = {"fleet": FLEET, "a": f"{text}    slos=(\n        {slos},\n    ),\n)\n"}
    for name, source in files.items():
        (folder / f"{name}.py").write_text(f"from asynq_mon_codegen import *\n{source}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("slos", "message"),
    [
        pytest.param(
            'SLO("succeeds", objective="99%", window="28d", indicator=StartedWithin("10s"))',
            "service 'a' gives SLO 'succeeds' the indicator StartedWithin(\"10s\"), but the fleet has Success(",
            id="another indicator",
        ),
        pytest.param(
            'SLO("succeeds", objective="99%")',
            "service 'a' gives SLO 'succeeds' the window 30d, but the fleet has 4w",
            id="another window",
        ),
        pytest.param(
            'SLO("suceeds", objective=None)',
            "service 'a' leaves out SLO 'suceeds', which the fleet does not declare",
            id="left out, misspelt",
        ),
        pytest.param(
            'SLO("soon", objective="99%", indicator=StartedWithin("10s"))',
            "SLO 'soon' reads metrics that asynq itself does not export",
            id="not exported",
        ),
        pytest.param('SLO("own", objective="99%", window="1d")', "the window of SLO 'own' is 1d", id="too short"),
        pytest.param(
            'SLO("own", objective="99%", per_queue={"x": "80%"})', "SLO 'own': with an objective of 0.8", id="no reach"
        ),
    ],
)
def test_conflicts_name_file_and_line(slos: str, message: str, tmp_path: Path) -> None:
    """What cannot be is told where it stands."""
    done = CliRunner().invoke(main, ["check", "-c", str(write(tmp_path, slos))])

    assert done.exit_code == 2
    assert re.search(rf"a\.py:7:13: error: {re.escape(message)}", done.output), done.output


def test_what_has_no_objective_names_no_queues() -> None:
    """It would be a promise and none."""
    with pytest.raises(DeclarationError, match="has no objective, and yet names queues"):
        SLO("succeeds", objective=None, queues="a")


def test_only_a_service_leaves_something_out() -> None:
    """A declaration of its own, or the fleet itself, has nothing to leave out."""
    for kind in (Monitoring, Fleet):
        with pytest.raises(DeclarationError, match="SLO 'succeeds' has no objective"):
            kind(alerts=asynq.ALERTS, slos=SLO("succeeds", objective=None))


def test_commands_take_them(tmp_path: Path) -> None:
    """A folder, one file of it, and one file alone for its instrumentation."""
    write(tmp_path, 'SLO("succeeds", objective="99.9%", window="28d"), SLO("own", objective="99%")')
    for command in (["check"], ["list"], ["explain", "AsynqErrorBudgetBurn"], ["cost"]):
        for path in (tmp_path, tmp_path / "a.py"):
            done = CliRunner().invoke(main, [*command, "-c", str(path)])
            assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["instrument", "-c", str(tmp_path / "a.py"), "-o", str(tmp_path / "go")])
    assert done.exit_code == 0, done.output
    assert isinstance(declared(tmp_path), Fleet)


# -- what is remembered of a fleet ---------------------------------------------------------------


def test_fleets_share_nothing() -> None:
    """What was computed of one belongs to it: resolving others in between changes nothing."""
    one, two = (merged(Fleet(identity="namespace", alerts=asynq.ALERTS, services=(s,))) for s in (ORDERS, MAIL_OWN))
    before = resolve(one)
    resolve(two)

    assert resolve(one) == before
    assert one.derived.keys() & two.derived.keys()
    assert all(one.derived[key] is not two.derived[key] for key in ("given", "promises"))
    assert evolve(one, service="other").derived == {}
    assert evolve(one) == one


MAIL_OWN = service("mail", SLO("own", objective="99%"))
