"""Which notifications are sent: a model, compared with a real Alertmanager whose times are seconds."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynq_mon_codegen.backtest.notifications import Notification, Notifier
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.errors import UsageError
from lab.processes import HOST, Ports

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
WAIT, INTERVAL, REPEAT = 2, 4, 9

CONFIG = {
    "route": {
        "receiver": "rest",
        "group_by": ["team"],
        "group_wait": f"{WAIT}s",
        "group_interval": f"{INTERVAL}s",
        "repeat_interval": f"{REPEAT}s",
        "routes": [
            {"receiver": "pager", "matchers": ['severity="critical"'], "continue": True},
            {"receiver": "quiet", "matchers": ['severity="critical"']},
            {"receiver": "rest", "matchers": ['severity="warning"'], "group_by": ["..."]},
        ],
    },
    "inhibit_rules": [
        {"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"'], "equal": ["queue"]}
    ],
}
RECEIVERS = {"pager": True, "quiet": False, "rest": True}


def config(url: str) -> dict[str, Any]:
    receivers = [
        {"name": name, "webhook_configs": [{"url": f"{url}/{name}", "send_resolved": resolved}]}
        for name, resolved in RECEIVERS.items()
    ]
    return {**CONFIG, "receivers": receivers}


def firing(name: str, severity: str, start: float, end: float | None, **labels: str) -> Firing:
    all_ = {"alertname": name, "severity": severity, **labels}
    return Firing(labels=tuple(sorted(all_.items())), start=start, end=end)


# nothing happens within half a second of when a group is looked at
STORY = (
    firing("Wait", "warning", 1, 12.5, queue="a", team="x"),
    firing("Stalled", "critical", 5, 17.5, queue="a", team="x"),
    firing("Stalled", "critical", 8.5, 16.5, queue="b", team="x"),
    firing("Stalled", "critical", 9, 12.5, queue="c", team="y"),
    firing("Wait", "warning", 15.5, None, queue="b", team="x"),
)
LENGTH = 32.0


def model(story: tuple[Firing, ...], end: float = LENGTH) -> tuple[Notification, ...]:
    return Notifier.of("alertmanager.yaml", yaml.safe_dump(config("http://127.0.0.1"))).notifications(story, end)


class Sink:
    """What arrived, with the second in which it did."""

    def __init__(self) -> None:
        self.got: list[tuple[float, str, dict[str, Any]]] = []
        sink = self

        class Http(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sink.got.append((time.monotonic(), self.path.strip("/"), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer((HOST, 0), Http)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.server_port}"


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[tuple[str, Sink]]:
    assert BINARY, "install prometheus-alertmanager"
    sink, ports = Sink(), Ports()
    port = ports.take()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config(sink.url)))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                BINARY,
                f"--config.file={tmp_path / 'config.yaml'}",
                f"--storage.path={tmp_path / 'data'}",
                f"--web.listen-address={HOST}:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    url = f"http://{HOST}:{port}"
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.05)
        yield url, sink
    finally:
        process.terminate()
        process.wait()
        sink.server.shutdown()
        sink.server.server_close()
        ports.close()


@pytest.mark.e2e
@pytest.mark.slow
def test_the_same_messages_as_a_real_alertmanager(alertmanager: tuple[str, Sink]) -> None:
    url, sink = alertmanager
    began = time.monotonic()
    for second in range(int(LENGTH * 2)):
        now = second / 2
        time.sleep(max(0.0, began + now - time.monotonic()))
        _send(url, [f for f in STORY if f.start <= now and (f.end is None or now <= f.end + 1)], now)
    heard = sorted((who, *_told(body)) for at, who, body in sink.got if at - began <= LENGTH)
    expected = sorted((n.receiver, *_names(n)) for n in model(STORY))
    assert heard == expected


def _send(url: str, story: list[Firing], now: float) -> None:
    """As Prometheus does: what fires is sent again and again, what has ended with its end."""
    clock = time.time()
    alerts = [
        {
            "labels": dict(f.labels),
            "startsAt": _stamp(clock + f.start - now),
            "endsAt": _stamp(clock + 60 if f.end is None or f.end > now else clock + f.end - now),
        }
        for f in story
    ]
    request = urllib.request.Request(
        f"{url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f"{at % 1:.3f}"[1:] + "Z"


def _told(body: dict[str, Any]) -> tuple[list[str], list[str]]:
    of = {"firing": [], "resolved": []}  # type: dict[str, list[str]]
    for alert in body["alerts"]:
        of[alert["status"]].append(f"{alert['labels']['alertname']} {alert['labels']['queue']}")
    return sorted(of["firing"]), sorted(of["resolved"])


def _names(n: Notification) -> tuple[list[str], list[str]]:
    firing_, resolved = (
        sorted(f"{STORY[a].label('alertname')} {STORY[a].label('queue')}" for a in some)
        for some in (n.firing, n.resolved)
    )
    return firing_, resolved


def test_one_message_for_a_group_then_what_is_new_then_the_end() -> None:
    story = (
        firing("Stalled", "critical", 10, 30, queue="a", team="x"),
        firing("Stalled", "critical", 11, 30, queue="b", team="x"),
        firing("Stalled", "critical", 14, 30, queue="c", team="x"),
    )
    sent = [(n.at, n.what, len(n.firing), len(n.resolved)) for n in model(story, 60) if n.receiver == "pager"]
    assert sent == [(12, "firing", 2, 0), (16, "firing", 3, 0), (28, "repeat", 3, 0), (32, "resolved", 0, 3)]


def test_who_does_not_want_the_end_is_not_told() -> None:
    story = (firing("Stalled", "critical", 10, 15, queue="a", team="x"),)
    assert [(n.receiver, n.what) for n in model(story, 60)] == [
        ("pager", "firing"),
        ("quiet", "firing"),
        ("pager", "resolved"),
    ]


def test_what_is_over_before_the_group_is_looked_at_is_not_told() -> None:
    assert model((firing("Stalled", "critical", 10, 11, queue="a", team="x"),), 60) == ()


def test_an_inhibited_alert_is_not_told_until_its_cause_is_over() -> None:
    story = (
        firing("Wait", "warning", 10, None, queue="a", team="x"),
        firing("Stalled", "critical", 10, 21, queue="a", team="x"),
    )
    assert next(n.at for n in model(story, 40) if n.receiver == "rest") == 24


def test_mute_times() -> None:
    text = yaml.safe_dump(
        {
            "route": {"receiver": "r", "group_wait": "0s", "routes": [{"mute_time_intervals": ["night"]}]},
            "receivers": [{"name": "r", "webhook_configs": [{"url": "http://127.0.0.1"}]}],
            "time_intervals": [
                {"name": "night", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]}
            ],
        }
    )
    hour = 3600
    story = (firing("A", "warning", 22 * hour - 180, 23 * hour), firing("B", "warning", 22.5 * hour, None))
    sent = Notifier.of("c", text).notifications(story, 25 * hour)
    # looked at each five minutes, told first at two minutes past midnight
    assert [(n.at, n.what, n.firing, n.resolved) for n in sent] == [
        (22 * hour - 180, "firing", (0,), ()),
        (24 * hour + 120, "firing", (1,), ()),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("route: [", "not YAML"),
        ("receivers: []", "not a configuration of Alertmanager"),
        ("{route: {receiver: r, group_wait: soon}, receivers: [{name: r}]}", "soon"),
    ],
)
def test_a_broken_configuration_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Notifier.of("conf.yaml", text)
    assert caught.value.message.startswith("conf.yaml: error: ")
    assert said in caught.value.message
