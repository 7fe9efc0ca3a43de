"""A real Alertmanager with the generated configuration: what Slack, the mail server and PagerDuty receive."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
import socket
import socketserver
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynq_mon_codegen.generators.alertmanager import CONFIG
from asynq_mon_codegen.model import Receiver, Severity
from asynq_mon_codegen.plan import Plan

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
QUEUE = '<!channel> & "x" `{{ .y }}`'
DEADLINE = 12.0


class Sinks:
    """What arrived on the loopback interface, in order."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.mails: list[EmailMessage] = []

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for at, body in self.posts if at == path]


@pytest.fixture(scope="module")
def sinks() -> Iterator[tuple[Sinks, int, int]]:
    """An HTTP server and an SMTP server; yields what they got, and their ports."""
    got = Sinks()

    class Http(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.posts.append((self.path, json.loads(body)))
            self.send_response(202 if self.path == "/pagerduty" else 200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Smtp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 sink\r\n")
            while line := self.rfile.readline():
                match line[:4].upper().strip():
                    case b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        data = b""
                        while (part := self.rfile.readline()) not in (b".\r\n", b""):
                            data += part.removeprefix(b".") if part.startswith(b"..") else part
                        message = email.message_from_bytes(data, policy=email.policy.default)
                        assert isinstance(message, EmailMessage)
                        got.mails.append(message)
                        self.wfile.write(b"250 ok\r\n")
                    case b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    case _:
                        self.wfile.write(b"250 ok\r\n")

    http = ThreadingHTTPServer(("127.0.0.1", 0), Http)
    smtp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp)
    servers: tuple[socketserver.BaseServer, ...] = (http, smtp)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield got, http.server_address[1], smtp.server_address[1]
    for server in servers:
        server.shutdown()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _hurry(node: dict[str, Any]) -> None:
    """A second in place of minutes, everywhere below a route."""
    if "group_wait" in node:
        node.update(group_wait="1s", group_interval="1s")
    for child in node.get("routes", ()):
        _hurry(child)


def _alert(name: str, severity: str, **more: str) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": name,
            "severity": severity,
            "component": "asynq",
            "service": "orders",
            "threat": "bottleneck",
            **more,
        },
        "annotations": {
            "summary": f"Tasks of {more.get('queue', 'all')} wait",
            "description": f"The oldest task of queue {more.get('queue', 'all')} has waited 6m (threshold 5m).",
            "runbook_url": f"https://runbooks.example/{name}.md",
            "dashboard_url": "https://grafana.example/d/asynq-queue?var-queue=%3Cx%3E&var-cluster=eu",
            "logs_url": "https://logs.example/?q=a|b",
        },
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
    }


def _post(base: str, alerts: list[dict[str, Any]]) -> None:
    request = urllib.request.Request(
        f"{base}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < deadline, "nothing arrived in time"
        time.sleep(0.05)


def _answers(base: str) -> bool:
    try:
        urllib.request.urlopen(f"{base}/-/ready", timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def alertmanager(
    plan_of: Callable[..., Plan], write: Callable[[Plan], Path], sinks: tuple[Sinks, int, int]
) -> Iterator[str]:
    """The address of an Alertmanager with the generated configuration, its receivers on the loopback."""
    assert BINARY, "install prometheus-alertmanager"
    _, http, smtp = sinks
    folder = write(plan_of())
    (folder / "slack").write_text(f"http://127.0.0.1:{http}/slack\n")
    (folder / "key").write_text("secret-key\n")
    slack = Receiver.slack("slack", channel="#orders", api_url_file=str(folder / "slack"))
    plan = plan_of(
        receivers={
            Severity.CRITICAL: (Receiver.pagerduty("pager", routing_key_file=str(folder / "key")), slack),
            Severity.WARNING: slack,
            Severity.INFO: Receiver.email("mail", to="sre@x.example", smarthost=f"127.0.0.1:{smtp}"),
            Severity.NONE: Receiver.webhook("dms", url=f"http://127.0.0.1:{http}/watchdog"),
        }
    )
    path = write(plan) / CONFIG
    config = yaml.safe_load(path.read_text())
    _hurry(config["route"])
    for receiver in config["receivers"]:
        for pagerduty in receiver.get("pagerduty_configs", ()):
            pagerduty["url"] = f"http://127.0.0.1:{http}/pagerduty"
    path.write_text(yaml.safe_dump(config))
    base = f"http://127.0.0.1:{_free_port()}"
    command = [
        BINARY,
        f"--config.file={path}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={base.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _until(lambda: _answers(base))
            yield base
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.e2e
@pytest.mark.slow
def test_notifications(alertmanager: str, sinks: tuple[Sinks, int, int]) -> None:
    """Each receiver gets its alerts once, escaped for its format; what is inhibited stays out; the end is told."""
    got, _, _ = sinks
    critical, warning = (_alert("AsynqWait", severity, queue=QUEUE) for severity in ("critical", "warning"))
    _post(
        alertmanager,
        [
            critical,
            warning,
            _alert("AsynqWait", "info", queue="<script>alert(1)</script>"),
            _alert("AsynqWatchdog", "none"),
            _alert("AsynqPaused", "warning", queue="paused"),
            _alert("AsynqWait", "warning", queue="paused"),
            _alert("AsynqWait", "warning", queue="other"),
            {**_alert("NodeDown", "critical"), "labels": {"alertname": "NodeDown", "severity": "critical"}},
        ],
    )
    _until(
        lambda: bool(
            _slack(got, "CRITICAL")
            and _slack(got, "WARNING")
            and got.of("/pagerduty")
            and got.of("/watchdog")
            and got.mails
        )
    )
    with urllib.request.urlopen(f"{alertmanager}/api/v2/alerts?silenced=false", timeout=5) as answer:
        suppressed = {
            tuple(a["labels"].get(name, "") for name in ("alertname", "severity", "queue"))
            for a in json.load(answer)
            if a["status"]["state"] == "suppressed"
        }
    _post(alertmanager, [{**alert, "endsAt": "2020-01-01T01:00:00Z"} for alert in (critical, warning)])
    _until(lambda: len(_slack(got, "CRITICAL")) >= 2 and len(got.of("/pagerduty")) >= 2)

    assert suppressed == {("AsynqWait", "warning", QUEUE), ("AsynqWait", "warning", "paused")}
    _check_slack(_slack(got, "CRITICAL"))
    warned, *_ = _slack(got, "WARNING")
    assert warned["attachments"][0]["title"] == "[FIRING:2] WARNING orders: 2 alerts about bottleneck"
    assert [line for line in warned["attachments"][0]["text"].splitlines() if line.startswith("*")] == [
        "*AsynqPaused* queue `paused`",
        "*AsynqWait* queue `other`",
    ]
    _check_pagerduty(got.of("/pagerduty"))
    _check_mail(got.mails)
    [watchdog] = got.of("/watchdog")
    assert [a["labels"]["alertname"] for a in watchdog["alerts"]] == ["AsynqWatchdog"]


def _slack(got: Sinks, severity: str) -> list[dict[str, Any]]:
    return [m for m in got.of("/slack") if f"] {severity} " in m["attachments"][0]["title"]]


def _check_slack(messages: list[dict[str, Any]]) -> None:
    firing, resolved = (m["attachments"][0] for m in messages)
    escaped = '&lt;!channel&gt; &amp; "x" `{{ .y }}`'

    assert messages[0]["channel"] == "#orders"
    assert firing["title"] == f"[FIRING:1] CRITICAL orders: Tasks of {escaped} wait (queue {escaped})"
    assert firing["title_link"] == "https://runbooks.example/AsynqWait.md"
    assert firing["color"] == "#d9230f"
    assert firing["text"].strip().splitlines() == [
        "*AsynqWait* queue `&lt;!channel&gt; &amp; \"x\" '{{ .y }}'`",
        f"The oldest task of queue {escaped} has waited 6m (threshold 5m).",
        (
            "<https://runbooks.example/AsynqWait.md|Runbook>  "
            "<https://grafana.example/d/asynq-queue?var-queue=%3Cx%3E&amp;var-cluster=eu|Dashboard>  "
            "<https://logs.example/?q=a%7Cb|Logs>"
        ),
    ]
    assert resolved["title"].startswith("[RESOLVED] CRITICAL orders: ")
    assert resolved["color"] == "#2eb67d"
    assert "Resolved: *AsynqWait* queue" in resolved["text"]


def _check_pagerduty(events: list[dict[str, Any]]) -> None:
    firing, resolved = events

    assert firing["routing_key"] == "secret-key"
    assert (firing["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert firing["dedup_key"] == resolved["dedup_key"]
    assert firing["payload"]["severity"] == "critical"
    assert firing["payload"]["summary"] == f"[FIRING:1] CRITICAL orders: Tasks of {QUEUE} wait (queue {QUEUE})"
    assert firing["payload"]["custom_details"]["queue"] == QUEUE
    assert "has waited 6m (threshold 5m)" in firing["payload"]["custom_details"]["firing"]
    assert firing["links"][0] == {"href": "https://runbooks.example/AsynqWait.md", "text": "Runbook"}


def _check_mail(mails: list[EmailMessage]) -> None:
    [mail] = mails
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None

    assert mail["To"] == "sre@x.example"
    assert mail["Subject"] == (
        "[FIRING:1] INFO orders: Tasks of <script>alert(1)</script> wait (queue <script>alert(1)</script>)"
    )
    assert "The oldest task of queue <script>alert(1)</script> has waited 6m" in text.get_content()
    assert "Runbook: https://runbooks.example/AsynqWait.md" in text.get_content()
    assert "<script" not in html.get_content()
    assert "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>" in html.get_content()
    assert 'href="https://runbooks.example/AsynqWait.md"' in html.get_content()
