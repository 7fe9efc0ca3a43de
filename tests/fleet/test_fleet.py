"""Several services, one set of rules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from asynq_mon_codegen import (
    Above,
    Alert,
    Fleet,
    Links,
    Monitoring,
    Queue,
    Receiver,
    RuleGroups,
    Runbook,
    Severity,
    Signal,
    Step,
    TaskType,
    Threat,
    Unit,
    asynq,
)
from asynq_mon_codegen.build import build, declared
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.model import merged
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.routing import receivers_for
from bench.services import write_services
from tests.promtool import PROMTOOL, checked

ROOT = Path(__file__).resolve().parents[2]
WAIT = asynq.QUEUE_WAIT_HIGH

orders_pager = Receiver.pagerduty("orders-oncall")
own_alert = Alert(
    name="OrdersRetries",
    threat=Threat.TASK_ERRORS,
    signal=Signal(title="Retries", expr=asynq.TASKS_ENQUEUED.where(state="retry").max(by="queue"), unit=Unit.TASKS),
    when=Above(warning=100),
    hold="5m",
    summary="Retries pile up",
    description="{value} of queue {queue} (threshold {threshold}).",
    runbook=Runbook(meaning="Handlers fail.", actions=(Step("Roll back."),)),
)


def service(name: str, **given: Any) -> Monitoring:
    return Monitoring(**{"service": name, "where": {"namespace": name}, "alerts": asynq.ALERTS, **given})


def fleet(*services: Monitoring, **given: Any) -> Fleet:
    common = {"identity": ("cluster", "namespace"), "alerts": asynq.ALERTS, "service": "{namespace}"}
    return merged(Fleet(**{**common, "services": services, **given}))


def plan_of(*services: Monitoring, **given: Any) -> Plan:
    found = fleet(*services, **given)
    return resolve(found, dashboard_records(found))


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from asynq_mon_codegen import *\n" + text, encoding="utf-8")
    return folder


ORDERS = service(
    "orders",
    team="checkout",
    queues=(Queue("default"), Queue("payments", thresholds={WAIT: Above(warning="5s", critical="20s")})),
    thresholds={WAIT: Above(warning="20s", critical="2m")},
    links=Links(runbooks="https://git.example.com/orders"),
    receivers={Severity.CRITICAL: orders_pager, Severity.WARNING: orders_pager, Severity.INFO: orders_pager},
)
BILLING = service("billing", where={"namespace": ("bill", "bill-jobs")}, queues=(Queue("default"), Queue("payments")))


def test_as_many_rules_as_for_one_service() -> None:
    """Services add selectors, not rules."""
    one, three = plan_of(BILLING), plan_of(BILLING, ORDERS, service("mail", thresholds={WAIT: None}))

    assert [r.name for r in three.alerts] == [r.name for r in one.alerts]
    assert [r.name for r in three.records] == [r.name for r in one.records]


def test_levels_are_disjoint_selectors() -> None:
    """A queue's own level, that of its service, and the default for everybody else."""
    critical, warning = plan_of(ORDERS, BILLING).rules_of(WAIT)
    name = "cluster_namespace_queue:asynq_queue_latency_seconds:max"

    assert f'{name}{{namespace="orders", queue="payments"}} > 20' in critical.expr
    assert f'{name}{{namespace="orders", queue!="payments"}} > 120' in critical.expr
    assert f'{name}{{namespace!="orders"}} > 300' in critical.expr
    assert f'{name}{{namespace="orders", queue="payments"}} > 5' in warning.expr


@pytest.mark.outputs
def test_own_threshold_beside_none_and_undeclared(tmp_path: Path) -> None:
    """promtool: one queue name in three services, told apart; labels, team and links are each service's own."""
    plan = plan_of(ORDERS, BILLING)
    checked(plan, tmp_path, "waiting", "missing")
    tests = yaml.safe_load((tmp_path / "rules" / "tests" / "waiting.yaml").read_text())["tests"]
    (case,) = [t for t in tests if t["name"].endswith("queue=payments beside billing and undeclared")]
    fired = [a for check in case["alert_rule_test"] for a in check["exp_alerts"]]

    assert {s["series"].partition('namespace="')[2].partition('"')[0] for s in case["input_series"]} == {
        "orders",
        "bill",
        "namespace-a",
    }
    assert {a["exp_labels"]["queue"] for a in fired} == {"payments"}
    own = {(a["exp_labels"]["service"], a["exp_labels"]["severity"]) for a in fired}
    assert ("orders", "critical") in own
    assert ("billing", "critical") not in own
    assert {a["exp_labels"].get("team") for a in fired if a["exp_labels"]["service"] == "orders"} == {"checkout"}
    assert {a["exp_annotations"]["runbook_url"] for a in fired if a["exp_labels"]["service"] == "orders"} == {
        "https://git.example.com/orders/AsynqQueueWaitHigh.md"
    }


@pytest.mark.outputs
def test_what_one_service_switches_off_or_adds(tmp_path: Path) -> None:
    """An alert left out is off for that service alone; one added watches that service alone."""
    mail = service("mail", alerts=asynq.ALERTS.without("AsynqQueuePaused").add(own_alert), instrumentation=True)
    tasks = service("tasks", task_types=TaskType("ledger:close", every="24h"), instrumentation=True)
    plan = plan_of(mail, tasks, BILLING)
    checked(plan, tmp_path, "stalls", "custom", "handlers")

    (paused,) = plan.rules_of(asynq.ALERTS["AsynqQueuePaused"])
    (own,) = plan.rules_of(own_alert)
    assert 'namespace!="mail"' in paused.expr
    assert own.expr.count('namespace="mail"') == 1
    assert own.expected_annotations({"namespace": "mail", "queue": "q"}, 101)["description"].endswith(
        "(threshold 100 tasks)."
    )
    missing = plan.rules_of(asynq.ALERTS["AsynqInstrumentationMissing"])
    assert 'namespace=~"mail|tasks"' in missing[0].expr


def test_periods_of_task_types_of_one_name() -> None:
    """The same task type has another period in another service."""
    often, seldom = (
        service(name, task_types=TaskType("close", every=every), instrumentation=True)
        for name, every in (("often", "1h"), ("seldom", "24h"))
    )
    (rule,) = plan_of(often, seldom).rules_of(asynq.ALERTS["AsynqPeriodicTaskMissing"])

    assert [rule.class_for({"namespace": n, "task_type": "close"}).level for n in ("often", "seldom")] == [
        2 * 3600,
        48 * 3600,
    ]


def test_undeclared_services_have_names_and_teams() -> None:
    """They are called by their namespace, or asynq where an alert has none; nobody's team is none."""
    rule = plan_of(ORDERS, BILLING).rules_of(WAIT)[0]

    def labels(**series: str) -> tuple[str, str]:
        found = rule.expected_labels(series)
        return found["service"], found["team"]

    assert labels(namespace="orders") == ("orders", "checkout")
    assert labels(namespace="bill-jobs") == ("billing", "none")
    assert labels(namespace="unheard-of") == ("unheard-of", "none")
    assert labels() == ("asynq", "none")


def test_receivers_of_a_service_and_of_the_rest() -> None:
    """A service with receivers of its own is told by them, all others by the fleet's."""
    found = fleet(ORDERS, BILLING, receivers={s: Receiver.slack("all", channel="#all") for s in Severity})

    def told(name: str, severity: str = "critical") -> tuple[str, ...]:
        return receivers_for(found, {"component": "asynq", "service": name, "severity": severity})

    assert told("orders") == ("orders-oncall",)
    assert told("billing") == told("unheard-of") == ("all",)
    assert told("orders", "none") == ("all",)
    assert registry.run(resolve(found, dashboard_records(found))) == ()


@pytest.mark.outputs
def test_groups_of_a_few_rules_each(tmp_path: Path) -> None:
    """No group is larger than allowed, each has its limit, and the tests still pass."""
    plan = plan_of(ORDERS, groups=RuleGroups(max_rules=3, limit=500))
    checked(plan, tmp_path, "waiting", "failures")
    groups = [g for p in (tmp_path / "rules").glob("*.yaml") for g in yaml.safe_load(p.read_text())["groups"]]

    assert max(len(g["rules"]) for g in groups) == 3
    assert {g["limit"] for g in groups} == {500}
    assert len({g["name"] for g in groups}) == len(groups)
    assert sum(len(g["rules"]) for g in groups) == len(plan.alerts) + len(plan.records)


# -- folders -------------------------------------------------------------------------------------

FLEET = 'monitoring = Fleet(identity=("namespace",), alerts=asynq.ALERTS)\n'


def declaration(name: str, extra: str = "", where: str | None = None) -> str:
    return (
        f'monitoring = Monitoring(\n    service="{name}",\n    where={{"namespace": "{where or name}"}},\n'
        f"    alerts=asynq.ALERTS,\n    {extra}\n)\n"
    )


def test_folder_of_declarations(tmp_path: Path) -> None:
    """Files in order, fleet.py for what is common, files with _ to import from."""
    write(
        tmp_path,
        fleet=FLEET,
        b=declaration("b"),
        a=declaration("a", "team=TEAM").replace("monit", "from _x import TEAM\nmonit", 1),
        _x='TEAM = "t"',
    )
    found = declared(tmp_path)

    assert isinstance(found, Fleet)
    assert [(s.service, s.team) for s in found.services] == [("a", "t"), ("b", "")]


def test_folder_without_common_file(tmp_path: Path) -> None:
    """The services themselves say the identity, and all must say the same."""
    write(tmp_path, a=declaration("a", 'identity=("namespace",)'), b=declaration("b"))

    assert declared(tmp_path).identity == ("namespace",)


CONFLICTS = [
    pytest.param(
        {"a": declaration("a"), "b": declaration("b", where="a")},
        r"b\.py:4:5: error: services 'a' and 'b' select the same series",
        id="two services select the same series",
    ),
    pytest.param(
        {"a": declaration("a"), "b": declaration("a", where="b")},
        r"b\.py:3:13: error: two services are named 'a'",
        id="two services of one name",
    ),
    pytest.param(
        {
            "a": declaration("a", 'receivers={Severity.CRITICAL: Receiver.slack("chat", channel="#a")}'),
            "b": declaration("b", 'receivers={Severity.CRITICAL: Receiver.slack("chat", channel="#b")}'),
        },
        r"b\.py:6:50: error: receiver 'chat' of service 'b' differs in its settings from that of service 'a'",
        id="one receiver name, two settings",
    ),
    pytest.param(
        {"a": declaration("a", 'identity=("cluster",)')},
        r"a\.py:6:5: error: service 'a' has identity=\('cluster',\), but the fleet has \('namespace',\)",
        id="another identity",
    ),
    pytest.param(
        {"a": declaration("a").replace("asynq.ALERTS", 'asynq.ALERTS.replace(evolve(asynq.QUEUE_PAUSED, hold="2h"))')},
        r"a\.py:\d+:\d+: error: service 'a' changes alert AsynqQueuePaused, which is one rule for all services",
        id="an alert of the catalogue changed by one service",
    ),
    pytest.param(
        {"a": 'monitoring = Monitoring(service="a", alerts=asynq.ALERTS)\n'},
        r"a\.py:2:1: error: service 'a' does not say which series are its own",
        id="no where",
    ),
    pytest.param(
        {"a": declaration("a").replace('"namespace"', '"namespac"')},
        r"a\.py:4:12: error: where= of service 'a' names 'namespac', which is no identity label",
        id="where by a label that is none of the identity",
    ),
    pytest.param(
        {"a": declaration("a", 'evaluation_interval="1m"')},
        r"a\.py:6:5: error: evaluation_interval= of service 'a' differs from the fleet's",
        id="what all have in common, said differently",
    ),
    pytest.param(
        {"a": declaration("a", 'thresholds={"AsynqWatchdog": Above(warning=1)}')},
        r"a\.py:\d+:\d+: error: AsynqWatchdog has no level that 'a' could change",
        id="a level of an alert that has none",
    ),
    pytest.param(
        {"a": "monitoring = Fleet(alerts=asynq.ALERTS)\n"}, r"a\.py:2:1: error: a second Fleet", id="two fleets"
    ),
    pytest.param({"a": "x = 1\n"}, r"a\.py: error: the file defines no variable 'monitoring'", id="no declaration"),
]


@pytest.mark.parametrize(("files", "message"), CONFLICTS)
def test_conflicts_name_file_and_line(files: dict[str, str], message: str, tmp_path: Path) -> None:
    """What does not fit together is told with the place to change."""
    write(tmp_path, fleet=FLEET, **files)
    done = CliRunner().invoke(main, ["check", "-c", str(tmp_path)])

    assert done.exit_code == 2
    assert re.search(message, done.output), done.output
    assert "Traceback" not in done.output


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without declarations says what belongs there."""
    done = CliRunner().invoke(main, ["generate", str(tmp_path)])

    assert done.exit_code == 2
    assert "the folder holds no declaration" in done.output


def test_commands_take_a_folder(tmp_path: Path) -> None:
    """generate by argument, and every other command by --config."""
    folder = write(tmp_path / "services", fleet=FLEET, a=declaration("a"), b=declaration("b"))
    run = CliRunner().invoke
    assert run(main, ["generate", str(folder), "--out", str(tmp_path / "out"), "--only", "rules"]).exit_code == 0
    assert run(main, ["generate", str(folder), "-c", "x.py"]).exit_code == 2
    for command in (["list"], ["explain", "AsynqQueueWaitHigh"], ["route", "severity=critical", "service=a"], ["cost"]):
        done = run(main, [*command, "-c", str(folder)])
        assert done.exit_code == 0, done.output


def test_single_declaration_with_where(tmp_path: Path) -> None:
    """One file of a folder can be looked at alone: it is a fleet of one."""
    write(tmp_path, a=declaration("a", 'identity=("namespace",)'))
    found = declared(tmp_path / "a.py")

    assert isinstance(found, Fleet)
    assert [s.service for s in found.services] == ["a"]


def test_one_file_of_a_fleet() -> None:
    """It takes what is common from the fleet.py beside it."""
    path = ROOT / "examples" / "fleet" / "mail.py"
    found = declared(path)

    assert found.identity == ("cluster", "namespace")
    assert build(path, only=["rules"]).problems == ()


def test_thresholds_of_a_single_declaration(tmp_path: Path) -> None:
    """Without a fleet they change the alert itself."""
    text = "thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning=7), asynq.QUEUE_PAUSED: None}"
    write(tmp_path, monitoring=f'monitoring = Monitoring(service="a", alerts=asynq.ALERTS, {text})\n')
    plan = build(tmp_path / "monitoring.py", only=["rules"]).plan

    assert [rule.default_level for rule in plan.rules_of(plan.monitoring.alert(WAIT.name))] == [7]
    assert "AsynqQueuePaused" not in {rule.name for rule in plan.alerts}


def test_instrumentation_is_that_of_one_service(tmp_path: Path) -> None:
    """A Go package belongs to one service: a folder is refused, a file of it taken alone."""
    examples = ROOT / "examples" / "fleet"
    run = CliRunner().invoke
    refused = run(main, ["instrument", "-c", str(examples), "-o", str(tmp_path / "a")])
    taken = run(main, ["instrument", "-c", str(examples / "billing.py"), "-o", str(tmp_path / "b")])

    assert refused.exit_code == 2
    assert "name the file of one service" in refused.output
    assert taken.exit_code == 0, taken.output
    assert any("payouts" in path.read_text() for path in (tmp_path / "b").glob("*.go"))


@pytest.mark.slow
def test_thousand_services(tmp_path: Path) -> None:
    """As many rules as for one service, and promtool takes them."""
    write_services(tmp_path / "one", 1)
    write_services(tmp_path / "many", 1000)
    one, many = build(tmp_path / "one", only=["rules"]), build(tmp_path / "many")
    assert many.problems == ()
    assert len(many.plan.alerts) == len(one.plan.alerts)
    assert len(many.plan.records) == len(one.plan.records)
    for artifact in many.artifacts:
        path = tmp_path / "out" / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    files = sorted(map(str, (tmp_path / "out" / "rules").glob("*.yaml")))
    tests = [str(tmp_path / "out" / "rules" / "tests" / "waiting.yaml")]
    for command in (
        [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *files],
        [PROMTOOL, "test", "rules", *tests],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
