"""The generated configuration, judged by amtool, amlint and the schema."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from attrs import evolve

from asynq_mon_codegen.catalog.waiting import QUEUE_WAIT_HIGH
from asynq_mon_codegen.generators.alertmanager import CONFIG, ROUTE_TESTS
from asynq_mon_codegen.generators.alertmanager_inhibition import inhibit_rules
from asynq_mon_codegen.model import Above, MuteTime, Queue, Receiver, Route, Severity, Threat
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.routing import Criterion
from asynq_mon_codegen.schemas.alertmanager import ALERTMANAGER
from asynq_mon_codegen.schemas.alertmanager import ROUTE_TESTS as ROUTE_TESTS_SCHEMA

HOSTILE = (
    '<!channel> & "x"',
    "a\\b",
    "a\nb",
    "{{ .x }}",
    "a,b",
    'a","b',
    "x}",
    "a.b|c*",
    " lead ",
    "\U0001f600",
    "a\tb\rc",
    "\x1b\x85\u2028",
    "\\",
    '"',
    "'",
    "yes",
    "1e3",
    "q" * 200,
)
CHAT = Receiver.slack("chat", channel="#chat{{x}}")
EVERYTHING: dict[str, Any] = {
    "team": 'p"ay',
    "identity": ("cluster", "namespace"),
    "queues": tuple(Queue(name, team="ops") for name in HOSTILE),
    "receivers": {
        Severity.CRITICAL: (Receiver.pagerduty("pager"), CHAT),
        Severity.WARNING: CHAT,
        Severity.INFO: Receiver.email(
            "mail", to="a@x.example, b@x.example", username="u", password_file="/s/mail", smarthost="mx.example:587"
        ),
        Severity.NONE: Receiver.webhook("dms", url="https://dms.example/{{x}}", credentials_file="/s/token"),
    },
    "routes": (
        Route(to=Receiver.email("local", to="root@localhost"), teams="ops", threats=Threat.DATA_LOSS),
        Route(
            to=(CHAT, Receiver.webhook("bot", url="http://bot/")),
            queues=HOSTILE,
            also=True,
            mute=(MuteTime(name='ni"ght', end="06:00", weekdays=("saturday", "sunday"), location="Europe/Berlin"),),
        ),
        Route(to=CHAT, alerts=("AsynqPaused", "AsynqWait"), severities=Severity.WARNING),
    ),
}
DECLARATIONS = [
    pytest.param({}, id="a service and nothing else"),
    pytest.param(EVERYTHING, id="everything, with hostile names"),
]


@pytest.mark.outputs
@pytest.mark.parametrize("changes", DECLARATIONS)
def test_amtool_accepts_it(changes: dict[str, Any], plan_of: Callable[..., Plan], write: Any, amtool: Any) -> None:
    """`amtool check-config` finds nothing to complain about, the templates included."""
    done = amtool("check-config", str(write(plan_of(**changes)) / CONFIG))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.outputs
@pytest.mark.parametrize("changes", DECLARATIONS)
def test_amtool_routes_as_the_table_says(
    changes: dict[str, Any], plan_of: Callable[..., Plan], write: Any, table: Any, amtool: Any
) -> None:
    """Every row of the table goes where the declaration's routing tree says, in Alertmanager's own code."""
    plan = plan_of(**changes)
    folder = write(plan)
    rows = table(plan)
    assert {(a.name, a.severity.value) for a in plan.alerts} <= {
        (r["labels"]["alertname"], r["labels"]["severity"]) for r in rows
    }
    for row in rows:
        quoted = [f"{name}={_escaped(value)}" for name, value in row["labels"].items()]
        done = amtool(
            "config", "routes", "test", f"--config.file={folder / CONFIG}",
            f"--verify.receivers={','.join(row['receivers'])}", *quoted,
        )  # fmt: skip

        assert done.returncode == 0, (row, done.stdout, done.stderr)


def _escaped(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@pytest.mark.outputs
@pytest.mark.parametrize("queue", HOSTILE)
def test_a_hostile_queue_is_matched_and_no_other(
    queue: str, plan_of: Callable[..., Plan], write: Any, routes_of: Any
) -> None:
    """A route for one queue takes exactly that queue, whatever its name looks like."""
    folder = write(plan_of(routes=(Route(to=Receiver.webhook("hit", url="http://h/"), queues=queue),)))
    alert = {"component": "asynq", "severity": "warning"}

    assert routes_of(folder, {**alert, "queue": queue}) == "hit"
    assert routes_of(folder, {**alert, "queue": f"{queue}x"}) == "slack"
    assert routes_of(folder, alert) == "slack"


@pytest.mark.parametrize("changes", DECLARATIONS)
def test_amlint_finds_no_error(changes: dict[str, Any], plan_of: Callable[..., Plan], write: Any) -> None:
    """The linter of the field has no error and no warning, and its router agrees with the whole table."""
    folder = write(plan_of(**changes))
    amlint = str(Path(sys.executable).with_name("amlint"))
    check = [amlint, "check", "--format", "json", str(folder / CONFIG)]
    found = json.loads(subprocess.run(check, capture_output=True, text=True, check=False).stdout)
    levels = {f["level"] for f in _findings(found)}
    tests = [amlint, "test", "--fail-under", "100", str(folder / CONFIG), str(folder / ROUTE_TESTS)]
    done = subprocess.run(tests, capture_output=True, text=True, check=False)

    assert levels <= {"info"}, found
    assert done.returncode == 0, done.stdout


def _findings(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        return [data] if "level" in data else [f for v in data.values() for f in _findings(v)]
    return [f for v in data for f in _findings(v)] if isinstance(data, list) else []


@pytest.mark.parametrize("changes", DECLARATIONS)
def test_the_schema_accepts_it(changes: dict[str, Any], plan_of: Callable[..., Plan], config: Any, table: Any) -> None:
    """Both files follow their schemas."""
    plan = plan_of(**changes)
    for schema, data in ((ALERTMANAGER, config(plan)), (ROUTE_TESTS_SCHEMA, table(plan))):
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(data)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda c: c["inhibit_rules"][0].pop("equal"), id="an inhibit rule without equal"),
        pytest.param(lambda c: c["route"].update(matchers=['a="b"']), id="matchers on the root route"),
        pytest.param(
            lambda c: c["receivers"][2]["slack_configs"][0].update(api_url="https://x/"), id="a secret inline"
        ),
        pytest.param(lambda c: c["route"]["routes"][0].update(matchers=["a=b"]), id="a matcher without quotes"),
        pytest.param(lambda c: c["route"]["routes"][0].update(group_wait="15 minutes"), id="a duration in words"),
    ],
)
def test_the_schema_refuses(spoil: Callable[[Any], Any], plan_of: Callable[..., Plan], config: Any) -> None:
    """The schema is strict: each spoiled configuration fails."""
    data = config(plan_of())
    spoil(data)

    assert list(jsonschema.Draft202012Validator(ALERTMANAGER).iter_errors(data))


def test_inhibition(plan_of: Callable[..., Plan]) -> None:
    """Worse over better of one alert, causes over effects, and only labels that mean the same on both sides.

    A paused queue is a warning, so it mutes no critical alert.
    """
    rules = inhibit_rules(plan_of(identity=("cluster",)))
    ours = Criterion("component", ("asynq",))

    assert [(r.source, r.target, r.equal) for r in rules] == [
        (
            (ours, Criterion("severity", ("critical",))),
            (Criterion("severity", ("warning", "info")),),
            ("cluster", "service", "alertname", "queue"),
        ),
        (
            (ours, Criterion("severity", ("warning",))),
            (Criterion("severity", ("info",)),),
            ("cluster", "service", "alertname", "queue"),
        ),
        (
            (ours, Criterion("alertname", ("AsynqPaused",))),
            (Criterion("alertname", ("AsynqWait",)), Criterion("severity", ("warning", "info"))),
            ("cluster", "service", "queue"),
        ),
        (
            (ours, Criterion("alertname", ("AsynqRedis",))),
            (Criterion("alertname", ("AsynqExporter", "AsynqWait")),),
            ("cluster", "service"),
        ),
    ]


def test_a_warning_never_mutes_a_critical_alert(plan_of: Callable[..., Plan]) -> None:
    """A cause of both severities has two rules: its critical one mutes all, its warning only what is no worse."""
    alerts = (
        evolve(QUEUE_WAIT_HIGH, name="AsynqOne", inhibits=("AsynqTwo",)),
        evolve(QUEUE_WAIT_HIGH, name="AsynqTwo"),
    )

    by_cause = [(r.source[2:], r.target[1:]) for r in inhibit_rules(plan_of(alerts=alerts))][2:]
    assert by_cause == [
        ((Criterion("severity", ("critical",)),), ()),
        ((Criterion("severity", ("warning",)),), (Criterion("severity", ("warning", "info")),)),
    ]


def test_the_watchdog_is_not_resolved(plan_of: Callable[..., Plan], config: Any) -> None:
    """Its receiver is told of firing only and at once; others hear of the end too."""
    data = config(plan_of())
    by_name = {r["name"]: r for r in data["receivers"]}
    node = data["route"]["routes"][0]["routes"][-1]

    assert by_name["watchdog"]["webhook_configs"][0]["send_resolved"] is False
    assert by_name["slack"]["slack_configs"][0]["send_resolved"] is True
    assert (node["matchers"], node["receiver"], node["group_wait"], node["repeat_interval"]) == (
        ['severity="none"'],
        "watchdog",
        "0s",
        "5m",
    )


def test_recorded_series_come_from_their_exporters(plan_of: Callable[..., Plan]) -> None:
    """An alert on recorded series shares its labels with one on the same exporter's raw series."""
    alerts = (
        evolve(QUEUE_WAIT_HIGH, name="AsynqOne", inhibits=("AsynqTwo", "AsynqGone")),
        evolve(QUEUE_WAIT_HIGH, name="AsynqTwo", when=Above(warning=1)),
    )

    assert [(r.source[-1].values, r.equal) for r in inhibit_rules(plan_of(alerts=alerts))][2:] == [
        (("AsynqOne",), ("service", "queue"))
    ]


def test_one_severity_needs_no_rule(plan_of: Callable[..., Plan], config: Any) -> None:
    """Alerts of one severity that inhibit nothing leave the section out."""
    plan = plan_of(alerts=(evolve(QUEUE_WAIT_HIGH, when=Above(warning=1)),))

    assert "inhibit_rules" not in config(plan)
