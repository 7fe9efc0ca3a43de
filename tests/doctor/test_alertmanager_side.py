"""A real Alertmanager against the declaration, silences, delivery, and a test alert that arrives."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynq_mon_codegen import MuteTime, Receiver, Route, Severity
from asynq_mon_codegen.doctor import alertmanager_config, alertmanager_state, notify
from asynq_mon_codegen.doctor.finding import Finding, Level
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.plan import Plan
from lab.processes import Ports, stop_all, until
from tests.doctor.conftest import Look
from tests.doctor.servers import System, Web, alertmanager, declare, plan_of, receivers

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an Alertmanager with a configuration of its own, to which nobody sends."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "alertmanager").mkdir()
    inhibit = {"source_matchers": ['component="asynq"'], "target_matchers": ['severity="critical"'], "equal": []}
    config = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}], "inhibit_rules": [inhibit]}
    (folder / "alertmanager" / "alertmanager.yaml").write_text(yaml.safe_dump(config))
    ports = Ports()
    server = alertmanager(folder, ports)
    try:
        server.start()
        yield server.url
    finally:
        stop_all([server])
        ports.close()


def config(running: Running) -> list[Finding]:
    return [f for f in alertmanager_config.config(running) if f.level is not Level.UNSEEN]


def test_the_same(look: Look) -> None:
    """Alertmanager fills in defaults, sorts matchers and masks secrets; none of it is a difference."""
    assert config(look()) == []


def test_templates_cannot_be_seen(look: Look) -> None:
    """That is said."""
    assert next(f.what for f in alertmanager_config.config(look())).startswith("message templates")


def everything(hook: Web) -> Plan:
    """Routes of several kinds of receivers, with mute times."""
    night = MuteTime(name="night", start="22:00", end="24:00", weekdays=("monday", "tuesday"), location="Europe/Berlin")
    slack = Receiver.slack("chat", channel="#shop")
    mail = Receiver.email("mail", to="sre@example.com")
    route = Route(to=(slack, mail), severities=(Severity.WARNING,), mute=(night,))
    to = {**receivers(hook.url), Severity.CRITICAL: (Receiver.pagerduty("page"), slack)}
    return plan_of(declare(receivers=to, routes=(route,)))


def test_every_kind_of_receiver_is_the_same_when_it_is_loaded(look: Look, hook: Web, tmp_path: Path) -> None:
    """Through a real Alertmanager, masks and reprinting included."""
    from tests.doctor.servers import write

    plan = everything(hook)
    write(tmp_path, plan, "alertmanager")
    ports = Ports()
    server = alertmanager(tmp_path, ports)
    try:
        server.start()
        assert config(look(plan, alertmanager=server.url)) == []
    finally:
        stop_all([server])
        ports.close()


def test_routes_receivers_and_mute_times(look: Look, hook: Web) -> None:
    """What was declared since."""
    found = config(look(everything(hook)))
    texts = [f.what for f in found]

    assert "receiver page is not loaded" in texts
    assert "mute time night is not loaded" in texts
    assert any(f.where == 'route component="asynq" > severity="critical"' for f in found)
    assert all(f.fix for f in found)


def test_a_timing_and_a_setting(look: Look) -> None:
    """A timing is a warning, another receiver of the name an error; its address is masked by new Alertmanagers."""
    changed = {
        s: (Receiver.webhook(f"hook-{s.value}", url="http://elsewhere/x", send_resolved=False),) for s in Severity
    }
    found = config(look(plan_of(declare(receivers=changed, evaluation_interval="1m"))))
    waits = [f for f in found if "group_wait" in f.what]

    assert waits
    assert {f.level for f in waits} == {Level.WARNING}
    hooks = [f for f in found if f.what.startswith("receiver hook-")]
    assert hooks
    assert {f.level for f in hooks} == {Level.ERROR}
    assert "send_resolved is True, declared False" in hooks[0].what


def test_no_route_and_other_inhibitions(look: Look, stranger: str) -> None:
    """An Alertmanager that does not know of asynq, but for an inhibition too many."""
    found = config(look(alertmanager=stranger))
    texts = "\n".join(f.what for f in found)

    assert 'no route takes alerts with component="asynq"' in texts
    assert "inhibit rules are not loaded" in texts
    assert "1 inhibit rule about asynq loaded that nobody declares" in texts


def test_delivery(look: Look, stranger: str, healthy: System) -> None:
    """The watchdog fires; it is in the Alertmanager that Prometheus sends to and not in another."""
    assert list(alertmanager_state.delivery(look())) == []
    (found,) = alertmanager_state.delivery(look(alertmanager=stranger))

    assert found.level is Level.ERROR
    assert healthy.alertmanager.removeprefix("http://") in found.fix
    assert list(alertmanager_state.cluster(look())) == []


def silence(url: str, **matchers: str) -> str:
    end = datetime.fromtimestamp(time.time() + 60, UTC).isoformat()
    start = datetime.fromtimestamp(time.time() - 1, UTC).isoformat()
    body = {
        "matchers": [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in matchers.items()],
        "startsAt": start,
        "endsAt": end,
        "createdBy": "ann",
        "comment": "move",
    }
    request = urllib.request.Request(
        f"{url}/api/v2/silences", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["silenceID"])


@pytest.mark.parametrize(
    ("matchers", "level", "alerts"),
    [
        pytest.param({"alertname": "AsynqQueueWaitHigh"}, Level.WARNING, ("AsynqQueueWaitHigh",), id="an alert"),
        pytest.param(
            {"alertname": "AsynqQueueWaitHigh", "queue": "mail"},
            Level.NOTE,
            ("AsynqQueueWaitHigh",),
            id="a queue of it",
        ),
        pytest.param({"alertname": "NodeDown"}, None, (), id="another alert"),
        pytest.param({"component": "asynq", "service": "other"}, None, (), id="another service"),
    ],
)
def test_silences(
    look: Look, stranger: str, matchers: dict[str, str], level: Level | None, alerts: tuple[str, ...]
) -> None:
    """Whole alerts hidden, parts of them, or those of others."""
    known = silence(stranger, **matchers)
    try:
        found = list(alertmanager_state.silences(look(alertmanager=stranger)))
    finally:
        request = urllib.request.Request(f"{stranger}/api/v2/silence/{known}", method="DELETE")
        urllib.request.urlopen(request).close()

    assert [(f.level, f.alerts) for f in found] == ([] if level is None else [(level, alerts)])
    assert all(known in f.fix and "by ann: 'move'" in f.what for f in found)


def test_a_test_alert_arrives(look: Look, plan: Plan, hook: Web) -> None:
    """At the receiver that was told, clearly marked, and then resolved in Alertmanager."""
    running = look()
    told: list[str] = []
    (test,) = notify.test_alerts(plan, ("none",))
    assert running.alertmanager is not None
    found = list(notify.notify(running.alertmanager, (test,), told.append))

    def arrived() -> list[tuple[str, Any]]:
        every = [(path, alert) for path, body in hook.posted for alert in body["alerts"]]
        return [(path, alert) for path, alert in every if alert["labels"]["alertname"] == notify.ALERT]

    until(lambda: bool(arrived()), lambda: "the test alert never came")
    ((path, alert),) = arrived()
    assert found == []
    assert "it must reach hook-none" in told[0]
    assert path == "/none"
    assert "Nothing is wrong" in alert["annotations"]["summary"]
    assert alert["labels"]["component"] == "asynq"
    assert running.alertmanager.alerts(alertname=notify.ALERT) == ()


def test_a_test_alert_that_goes_elsewhere(look: Look, plan: Plan, stranger: str) -> None:
    """The running routes decide, and they are others."""
    running = look(alertmanager=stranger)
    assert running.alertmanager is not None
    (found,) = notify.notify(running.alertmanager, notify.test_alerts(plan, ("none",)), lambda _: None)

    assert found.level is Level.ERROR
    assert "goes to a, declared: hook-none" in found.what


def test_whom_a_test_alert_is_for(plan: Plan) -> None:
    """A severity, a receiver, or a sentence."""
    by_severity, by_receiver = notify.test_alerts(plan, ("critical", "hook-info"))

    assert by_severity.receivers == ("hook-critical",)
    assert by_receiver.receivers == ("hook-info",)
    assert by_receiver.labels["severity"] == "info"
    with pytest.raises(UsageError, match="--notify hook-inf: neither a severity nor a receiver") as found:
        notify.test_alerts(plan, ("hook-inf",))
    assert "hook-info" in found.value.hint
