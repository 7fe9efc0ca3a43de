"""One healthy system and one with many faults, both for the whole session."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from asynq_mon_codegen.alertmanager_api import Alertmanager
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.grafana_api import Grafana
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.prometheus_api import Prometheus
from asynq_mon_codegen.promql import Source
from lab.processes import Ports, stop_all, until
from tests.doctor.servers import System, Web, alertmanager, declare, exporter, plan_of, prometheus, receivers, write

Look = Callable[..., Running]


def has(url: str, *expressions: str) -> None:
    """Wait until each expression has a result."""
    with Prometheus(url) as server:
        for expr in expressions:
            until(lambda expr=expr: bool(server.query(expr)), lambda expr=expr: f"never: {expr}")  # type: ignore[misc]


@pytest.fixture(scope="session")
def hook() -> Iterator[Web]:
    """Where Alertmanager sends its messages."""
    web = Web(lambda _: (200, "{}"))
    yield web
    web.stop()


@pytest.fixture(scope="session")
def plan(hook: Web) -> Plan:
    """The plan of the healthy system."""
    return plan_of(declare(receivers=receivers(hook.url)))


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory, plan: Plan, hook: Web) -> Iterator[System]:
    """Everything as declared; hosts, Redis and Kubernetes are not scraped."""
    folder = tmp_path_factory.mktemp("healthy")
    write(folder, plan, "rules", "alertmanager")
    ports = Ports()
    queues, workers = exporter(Source.COLLECTOR), exporter(Source.INSTRUMENTATION, Source.WORKER)
    alerts = alertmanager(folder, ports)
    jobs = {
        "asynq-exporter": [{"targets": [queues.address]}],
        "asynq-worker": [{"targets": [workers.address]}],
        "alertmanager": [{"targets": [f"127.0.0.1:{alerts.port}"]}],
    }
    server = prometheus(folder, ports, jobs, [f"127.0.0.1:{alerts.port}"])
    try:
        alerts.start()
        server.start()
        has(
            server.url,
            'ALERTS{alertname="AsynqWatchdog", alertstate="firing"}',
            "min(up) == 1 and on () count(up) == 4",
            "min(count_over_time(asynq_queue_size[1m])) > 2",
            "prometheus_notifications_sent_total > 0",
        )
        yield System(prometheus=server.url, alertmanager=alerts.url, hook=hook, folder=folder)
    finally:
        stop_all([server, alerts])
        queues.stop()
        workers.stop()
        ports.close()


def _other_numbers(text: str) -> str:
    """What another Redis holds."""
    return re.sub(r"^(asynq_tasks_(?:processed|failed)_total{.*}) 0$", r"\1 5000", text, flags=re.MULTILINE)


def _spoiled(text: str) -> str:
    """An exporter whose text was tampered with on the way."""
    lines = [line for line in text.splitlines() if 'state="retry"' not in line and "paused" not in line]
    lines += ["# TYPE asynq_tasks_processed_total gauge", 'asynq_tasks_enqueued_total{state="zombie"} 1']
    text = "\n".join(line for line in lines if line != "# TYPE asynq_tasks_processed_total counter")
    return text + "\n" + "".join(f'asynq_queue_size{{queue="bulk", task="{i}"}} 1\n' for i in range(600))


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus with faults; each deployment, told apart by the label ``cluster``, has its own.

    ``apart``: two exporters of different Redis; ``twice``: two of the same; ``spoiled``: labels, states and types are
    wrong; ``reset``: counters fall; and a target is down, there is no Alertmanager, and a rule fails.
    """
    folder = tmp_path_factory.mktemp("broken")
    (folder / "rules").mkdir()
    (folder / "rules" / "old.yaml").write_text(
        "groups: [{name: asynq-old, rules: [{alert: AsynqOld, expr: up * on () up}]}]\n"
    )
    asked, started = itertools.count(), itertools.count()
    ports = Ports()

    def falling(text: str) -> str:
        return _other_numbers(text) if next(asked) % 2 else text

    def process(text: str) -> str:
        n = 1 + next(started) % 2
        return re.sub(r"^(asynq_task_outcomes_total{.*}) 0$", rf"\1 {n}", text, flags=re.MULTILINE)

    webs = {
        "same": exporter(Source.COLLECTOR),
        "same too": exporter(Source.COLLECTOR),
        "one": exporter(Source.COLLECTOR),
        "other": exporter(Source.COLLECTOR, change=_other_numbers),
        "spoiled": exporter(Source.COLLECTOR, change=_spoiled),
        "falling": exporter(Source.COLLECTOR, change=falling),
        "balanced": exporter(Source.INSTRUMENTATION, Source.WORKER, change=process),
    }

    def group(cluster: str, *names: str) -> dict[str, Any]:
        return {"targets": [webs[name].address for name in names], "labels": {"cluster": cluster}}

    jobs = {
        "asynq-exporter": [
            group("twice", "same", "same too"),
            group("apart", "one", "other"),
            group("spoiled", "spoiled"),
            group("reset", "falling"),
        ],
        "asynq-worker": [group("reset", "balanced"), {"targets": [f"127.0.0.1:{ports.take()}"]}],
    }
    server = prometheus(folder, ports, jobs)
    try:
        server.start()
        has(
            server.url,
            "count(up == 1) == 8",
            "min(count_over_time(asynq_queue_size[1m])) > 3",
            "resets(asynq_task_outcomes_total[1m]) > 0",
            "resets(asynq_tasks_processed_total[1m]) > 0",
        )
        yield server.url
    finally:
        stop_all([server])
        for web in webs.values():
            web.stop()
        ports.close()


@pytest.fixture
def look(plan: Plan, healthy: System) -> Iterator[Look]:
    """The healthy system, looked at with another declaration or another server where given."""
    with ExitStack() as stack:

        def make(
            declared: Plan | None = None, *, prometheus: str = "", alertmanager: str = "", grafana: str = ""
        ) -> Running:
            given: dict[str, Any] = {}
            if grafana:
                given["grafana"] = stack.enter_context(Grafana(Connection(grafana, retries=0)))
            return Running(
                plan=declared or plan,
                prometheus=stack.enter_context(Prometheus(Connection(prometheus or healthy.prometheus, retries=0))),
                alertmanager=stack.enter_context(Alertmanager(Connection(alertmanager or healthy.alertmanager))),
                **given,
            )

        yield make
