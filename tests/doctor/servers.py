"""A system to examine: loopback exporters made from the metric contract, a real Prometheus, a real Alertmanager."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from asynq_mon_codegen import Monitoring, Queue, Receiver, Scrape, Severity, asynq
from asynq_mon_codegen.build import GENERATORS
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.catalog.metrics import CONTRACT
from asynq_mon_codegen.doctor.finding import Finding
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.promql import Histogram, Metric, Source
from lab.processes import HOST, Ports, Process, flags
from lab.tools import program

PROMETHEUS = os.environ.get("PROMETHEUS", "")
ALERTMANAGER = os.environ.get("ALERTMANAGER", "")
"""Others than Debian's."""
QUEUES = ("mail", "orders")
SCRAPE = "1s"
EVALUATION = "1s"

Findings = Callable[[Running], Iterable[Finding]]
Answer = tuple[int, str]
Paths = Callable[[str], Answer | None]


def declare(**changes: Any) -> Monitoring:
    """The declaration of the healthy system; keywords change it."""
    given: dict[str, Any] = {
        "service": "shop",
        "evaluation_interval": EVALUATION,
        "scrape": Scrape(interval=SCRAPE, timeout=SCRAPE),
        "queues": tuple(Queue(name) for name in QUEUES),
        "alerts": asynq.ALERTS,
        "instrumentation": True,
    }
    return Monitoring(**{**given, **changes})


def receivers(url: str) -> dict[Severity, tuple[Receiver, ...]]:
    """A webhook for each severity."""
    return {
        severity: (Receiver.webhook(f"hook-{severity.value}", url=f"{url}/{severity.value}"),) for severity in Severity
    }


def plan_of(monitoring: Monitoring) -> Plan:
    """The same, resolved."""
    return resolve(monitoring, dashboard_records(monitoring))


def write(folder: Path, plan: Plan, *kinds: str) -> None:
    """Write outputs of a plan."""
    for kind in kinds:
        for artifact in GENERATORS[kind](plan):
            path = folder / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")


class Web:
    """A server on the loopback interface that answers what ``paths`` says; None is 404. Keeps what is posted."""

    def __init__(self, paths: Paths) -> None:
        posted: list[tuple[str, Any]] = []
        self.posted = posted

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(paths(self.path) or (404, '{"message": "not found"}'))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                if self.headers.get("Content-Type", "").startswith("application/json"):
                    posted.append((self.path, json.loads(body)))
                self.answer(paths(f"{self.path}?{body}") or (200, "{}"))

            def answer(self, answer: Answer) -> None:
                status, text = answer
                self.send_response(status)
                kind = "application/json" if text.startswith(("{", "[")) else "text/plain; version=0.0.4"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.address = f"{HOST}:{self._server.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def exporter(*sources: Source, queues: Iterable[str] = QUEUES, change: Callable[[str], str] = lambda text: text) -> Web:
    """Serves every metric of the contract that comes from these sources; ``change`` is done to each text."""
    text = "".join(_family(metric, tuple(queues)) for metric in CONTRACT if metric.source in sources)
    return Web(lambda _: (200, change(text)))


def _family(metric: Metric, queues: tuple[str, ...]) -> str:
    if metric.name in ("up", "scrape_duration_seconds", "scrape_samples_scraped"):
        return ""
    combinations: list[dict[str, str]] = [{}]
    for label in metric.label_set:
        values = queues if label.name == "queue" else label.values or (f"a-{label.name}",)
        combinations = [{**one, label.name: value} for one in combinations for value in values]
    lines = [f"# TYPE {metric.name} {metric.kind}"]
    for labels in combinations:
        if isinstance(metric, Histogram):
            lines += [_sample(f"{metric.name}_bucket", {**labels, "le": le}, 1) for le in ("0.1", "1", "+Inf")]
            lines += [_sample(f"{metric.name}_{part}", labels, 1) for part in ("sum", "count")]
        else:
            lines.append(_sample(metric.name, labels, metric.minimum or 0))
    return "\n".join(lines) + "\n"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    return f"{name}{{{','.join(f'{k}={json.dumps(v)}' for k, v in labels.items())}}} {value:g}"


def prometheus(
    folder: Path, ports: Ports, jobs: Mapping[str, Iterable[Mapping[str, Any]]], alertmanagers: Iterable[str] = ()
) -> Process:
    """A Prometheus with the rules in the folder; ``jobs`` have static configs, and it scrapes itself."""
    port = ports.take()
    told = [{"static_configs": [{"targets": list(alertmanagers)}]}] if alertmanagers else []
    scraped = {**jobs, "prometheus": [{"targets": [f"{HOST}:{port}"]}]}
    config = {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": EVALUATION},
        "rule_files": ["rules/*.yaml"],
        "scrape_configs": [{"job_name": job, "static_configs": list(groups)} for job, groups in scraped.items()],
        "alerting": {"alertmanagers": told},
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    given = {
        "config.file": folder / "prometheus.yaml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"{HOST}:{port}",
        "rules.alert.resend-delay": "1s",
    }
    return Process(
        "prometheus", (PROMETHEUS or program("prometheus"), *flags(given)), folder, port=port, ready="/-/ready"
    )


def alertmanager(folder: Path, ports: Ports) -> Process:
    """An Alertmanager with the configuration in the folder."""
    port = ports.take()
    given = {
        "config.file": folder / "alertmanager" / "alertmanager.yaml",
        "storage.path": folder / "alertmanager-data",
        "web.listen-address": f"{HOST}:{port}",
        "cluster.listen-address": "",
    }
    return Process(
        "alertmanager",
        (ALERTMANAGER or program("prometheus-alertmanager"), *flags(given)),
        folder,
        port=port,
        ready="/-/ready",
    )


@frozen(kw_only=True)
class System:
    """A running system."""

    prometheus: str
    alertmanager: str
    hook: Web
    folder: Path
