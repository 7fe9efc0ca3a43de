"""What monitoring costs: as counted, and as measured in a real Prometheus."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asynq_mon_codegen import Monitoring, Queue, TaskType, asynq
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.cost import Cost, estimate, sizes_of
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.prometheus_api import Prometheus
from lab.processes import Ports, Process, flags, stop_all, until
from lab.tools import program


def cost_of(monitoring: Monitoring, **sizes: int) -> Cost:
    return estimate(resolve(monitoring, dashboard_records(monitoring)), sizes_of(monitoring, **sizes))


def invoke(*arguments: str) -> Any:
    done = CliRunner().invoke(main, ["cost", "--json", *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_exported_series_are_those_of_the_exporter() -> None:
    """Six states and six numbers for each queue, from each exporter; nothing without instrumentation."""
    found = cost_of(Monitoring(service="a", alerts=asynq.ALERTS), queues=100, exporters=2)

    assert {f.source for f in found.exported} == {"collector"}
    assert sum(f.series for f in found.exported) == 2 * 100 * (6 + 6)
    assert found.samples_per_second > sum(f.series for f in found.exported) / 15


def test_cost_grows_in_proportion_to_queues() -> None:
    """Twice the queues are twice the series and samples; rules stay as many."""
    monitoring = Monitoring(service="a", alerts=asynq.ALERTS)
    one, two = cost_of(monitoring, queues=1_000), cost_of(monitoring, queues=2_000)

    assert 1.95 < two.series / one.series <= 2
    assert [(g.name, g.alerting, g.recording) for g in one.groups] == [
        (g.name, g.alerting, g.recording) for g in two.groups
    ]


def test_instrumentation_counts_task_types_and_workers() -> None:
    """A histogram has its buckets, a sum and a count, for each task type in each worker."""
    monitoring = Monitoring(
        service="a",
        queues=(Queue("x"), Queue("y")),
        task_types=(TaskType("t"), TaskType("u", queues="x")),
        alerts=asynq.ALERTS,
        instrumentation=True,
    )
    assert sizes_of(monitoring).task_types == 3
    one, ten = cost_of(monitoring, workers=1), cost_of(monitoring, workers=10)
    series = {f.name: f.series for f in one.exported}

    assert series["asynq_task_outcomes_total"] == 3 * 5
    assert series["asynq_task_duration_seconds"] > 3 * 15
    assert {f.name: f.series for f in ten.exported}["asynq_task_outcomes_total"] == 10 * 3 * 5


def test_json_and_table_say_the_same() -> None:
    """The totals of the table are those of JSON."""
    found = invoke("--queues", "50")
    shown = CliRunner().invoke(main, ["cost", "--queues", "50"])

    assert f"{found['total']['series']:,} series" in " ".join(shown.output.split())
    assert found["total"]["series"] == found["total"]["exported_series"] + found["total"]["recorded_series"]
    assert found["total"]["evaluated_samples_per_cycle"] == sum(g["samples"] for g in found["groups"])


# -- servers -------------------------------------------------------------------------------------


class _Answer(http.server.BaseHTTPRequestHandler):
    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[Any]:
    servers = []

    def start(status: int, body: bytes) -> str:
        handler = type("Handler", (_Answer,), {"status": status, "body": body})
        server = http.server.HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://user:secret@127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        pytest.param(200, b"<html>", "the answer is a web page, not that of Prometheus", id="no JSON"),
        pytest.param(200, b'{"status": "success"', "the answer is malformed JSON", id="half of a JSON"),
        pytest.param(200, b"[]", "the answer is not that of Prometheus", id="another JSON"),
        pytest.param(200, b'{"status":"success","data":{"result":[{}]}}', "not that of Prometheus", id="other data"),
        pytest.param(200, b'{"status":"success","data":null}', "not that of Prometheus", id="no data"),
        pytest.param(404, b"not found", "404 Not Found: not found", id="a wrong path"),
        pytest.param(401, b"", "401 Unauthorized", id="no credentials"),
        pytest.param(
            422,
            b'{"status":"error","error":"query timed out"}',
            "422 Unprocessable Entity: query timed out",
            id="refused",
        ),
        pytest.param(503, b"", "503 Service Unavailable", id="not ready"),
    ],
)
def test_bad_answers_are_sentences(answering: Any, status: int, body: bytes, message: str) -> None:
    """Exit code 2, what was answered, no traceback, no password."""
    done = CliRunner().invoke(main, ["cost", "--retries", "0", "--prometheus", answering(status, body)])

    assert done.exit_code == 2, done.output
    assert message in done.output
    assert "Traceback" not in done.output
    assert "secret" not in done.output


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("localhost:9090", "is not an http(s) URL", id="no scheme"),
        pytest.param("http://", "is not an http(s) URL", id="no host"),
        pytest.param("http://127.0.0.1:1", "no answer", id="nobody listens"),
        pytest.param("http://127.0.0.1:port", "no answer", id="no port"),
    ],
)
def test_unreachable(url: str, message: str) -> None:
    """Who does not answer is named."""
    done = CliRunner().invoke(main, ["cost", "--retries", "0", "--prometheus", url])

    assert done.exit_code == 2, done.output
    assert message in done.output


def _exporter_text(queues: int) -> bytes:
    lines = []
    for i in range(queues):
        lines += [
            f'asynq_tasks_enqueued_total{{queue="q{i}",state="{state}"}} 1'
            for state in ("active", "pending", "scheduled", "retry", "archived", "completed")
        ]
        for name in ("queue_size", "queue_latency_seconds", "queue_memory_usage_approx_bytes", "queue_paused_total"):
            lines.append(f'asynq_{name}{{queue="q{i}"}} 0')
        lines += [f'asynq_tasks_{name}_total{{queue="q{i}"}} 7' for name in ("processed", "failed")]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.e2e
def test_measured_in_a_real_prometheus(answering: Any, tmp_path: Path) -> None:
    """What the contract says of queues is what Prometheus has, and every rule group has been evaluated."""
    assert CliRunner().invoke(main, ["generate", "--only", "rules", "-o", str(tmp_path)]).exit_code == 0
    for path in (tmp_path / "rules").glob("*.yaml"):
        path.write_text(re.sub(r'interval: "(30s|2m)"', 'interval: "1s"', path.read_text()))
    target = answering(200, _exporter_text(20)).rpartition("@")[2]
    ports = Ports()
    port = ports.take()
    (tmp_path / "prometheus.yaml").write_text(
        f"global: {{scrape_interval: 1s}}\nrule_files: [rules/*.yaml]\n"
        f"scrape_configs:\n- {{job_name: asynq-exporter, static_configs: [{{targets: ['{target}']}}]}}\n"
        f"- {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    given = {
        "config.file": tmp_path / "prometheus.yaml",
        "storage.tsdb.path": tmp_path / "data",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    server = Process("prometheus", (program("prometheus"), *flags(given)), tmp_path, port=port, ready="/-/ready")
    try:
        server.start()
        expr = "count(queue:asynq_queue_size:max) == 20 and on () prometheus_tsdb_head_series > 240"
        until(lambda: _has(server.url, expr), lambda: f"Prometheus never had {expr}", within=60)
        found = invoke("--queues", "20", "--prometheus", server.url)
    finally:
        stop_all([server])
        ports.close()

    measured = found["measured"]
    assert measured["total"]["exported_series"] == found["total"]["exported_series"] == 20 * 12
    assert measured["recorded"]["queue:asynq_queue_size:max"] == 20
    assert measured["jobs"]["asynq-exporter"]["samples"] == 20 * 12
    assert measured["total"]["rules"] == found["total"]["alerting_rules"] + found["total"]["recording_rules"]
    assert measured["total"]["failing_rules"] == 0
    assert measured["total"]["evaluation_seconds_per_cycle"] > 0
    assert measured["total"]["series_of_this_prometheus"] > 20 * 12


def _has(url: str, expr: str) -> bool:
    with Prometheus(url) as prometheus:
        return bool(prometheus.query(expr))
