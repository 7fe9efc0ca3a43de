"""Each fault of exporters, targets, queues and of Prometheus itself is found, and only that."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Queue, Scrape, TaskType, asynq
from asynq_mon_codegen.catalog.metrics.asynq import TASKS_PROCESSED
from asynq_mon_codegen.catalog.waiting import QUEUE_WAIT_HIGH
from asynq_mon_codegen.doctor import alertmanager_state, cardinality, exporters, metrics, queues, scraping, server
from asynq_mon_codegen.doctor.finding import Finding, Level
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.model import Signal, Unit
from asynq_mon_codegen.plan import Plan
from tests.doctor.conftest import Look
from tests.doctor.servers import Findings, Web, declare, plan_of

pytestmark = pytest.mark.e2e


def of(examination: Findings, running: Running) -> list[Finding]:
    return [f for f in examination(running) if f.level is not Level.UNSEEN]


def cluster(name: str, **changes: Any) -> Plan:
    """The declaration, for one deployment of the broken system."""
    scrape = Scrape(queues=f'cluster="{name}"', instrumentation=f'cluster="{name}"', interval="1s", timeout="1s")
    return plan_of(declare(identity=("cluster",), scrape=scrape, **changes))


def one(findings: list[Finding], text: str) -> Finding:
    """The only finding with this text."""
    found = [f for f in findings if text in f.what]
    assert len(found) == 1, [f.what for f in findings]
    assert found[0].fix
    return found[0]


# -- metrics -------------------------------------------------------------------------------------


def test_optional_parts_that_are_absent_are_notes(look: Look) -> None:
    """Hosts, Redis and Kubernetes are not scraped in the healthy system."""
    found = of(metrics.presence, look())

    assert {f.level for f in found} == {Level.NOTE}
    assert len(found) == 3
    assert "AsynqRedisDown" in one(found, "Redis").alerts


def test_no_instrumentation_is_a_note_unless_it_is_declared(look: Look, broken: str) -> None:
    """Who declares it counts on its alerts."""
    running = look(cluster("twice"), prometheus=broken)
    undeclared = look(cluster("twice", instrumentation=False), prometheus=broken)

    found = one(of(metrics.presence, running), "the workers' instrumentation")
    assert found.level is Level.ERROR
    assert "AsynqTaskTypeFailing" in found.alerts
    assert "AsynqQueueWaitHigh" not in found.alerts
    assert one(of(metrics.presence, undeclared), "the workers' instrumentation").level is Level.NOTE


def test_no_exporter(look: Look) -> None:
    """The alerts of queues are blind."""
    found = one(of(metrics.presence, look(cluster("nowhere"))), "asynq's exporter")

    assert found.level is Level.ERROR
    assert "AsynqQueueWaitHigh" in found.alerts
    assert "AsynqWatchdog" not in found.alerts


def test_a_metric_that_is_dropped(look: Look, broken: str) -> None:
    """A state and a metric are missing; an alert with the metric in a guard only is not blind."""
    running = look(cluster("spoiled"), prometheus=broken)
    present = of(metrics.presence, running)

    assert one(present, "no series of asynq_queue_paused_total").alerts == ("AsynqQueuePaused",)
    retry = next(f for f in present if 'state="retry"' in f.where)
    assert "AsynqRetryBacklogHigh" in retry.alerts


def test_labels(look: Look, broken: str) -> None:
    """A series without a queue, and states that the contract lacks or has too many."""
    found = of(metrics.labels, look(cluster("spoiled"), prometheus=broken))
    lacking = one(found, "lack the label 'queue'")

    assert lacking.level is Level.ERROR
    assert "asynq_tasks_enqueued_total" in lacking.what
    assert "AsynqQueueBacklogNotDraining" in lacking.alerts
    assert "AsynqRetryBacklogHigh" in one(found, "no series with state 'retry'").alerts
    assert one(found, "has state 'zombie'")


def test_identity_labels(look: Look) -> None:
    """A declared identity that the series lack would mix deployments."""
    found = of(metrics.labels, look(plan_of(declare(identity=("region",)))))

    assert one(found, "lack the identity label 'region'").level is Level.ERROR


def test_types(look: Look, broken: str) -> None:
    """A counter that is exported as a gauge."""
    found = of(metrics.types, look(cluster("spoiled"), prometheus=broken))

    assert one(found, "asynq_tasks_processed_total is exported as counter, gauge, not as counter").level is Level.ERROR
    assert of(metrics.types, look()) == []


# -- exporters -----------------------------------------------------------------------------------


def test_two_exporters_of_one_redis(look: Look, broken: str) -> None:
    """A note."""
    found = one(of(exporters.duplicates, look(cluster("twice"), prometheus=broken)), "2 queues exported by 2 exporters")

    assert found.level is Level.NOTE
    assert of(exporters.duplicates, look()) == []


def test_two_exporters_of_different_redis(look: Look, broken: str) -> None:
    """An error: nothing that rules say of these queues is right."""
    found = one(of(exporters.duplicates, look(cluster("apart"), prometheus=broken)), "contradict each other")

    assert found.level is Level.ERROR
    assert "mail, orders" in found.where


def test_counters_that_fall(look: Look, broken: str) -> None:
    """Those of Redis, and those of processes that never restarted."""
    found = of(exporters.resets, look(cluster("reset"), prometheus=broken))

    assert "mail, orders" in one(found, "asynq_tasks_processed_total fell").where
    assert one(found, "asynq_task_outcomes_total fell more often").level is Level.WARNING
    assert of(exporters.resets, look()) == []


def test_cardinality(look: Look, broken: str) -> None:
    """A family that grew by a label of its own; the label is named."""
    found = of(cardinality.cardinality, look(cluster("spoiled"), prometheus=broken))

    assert "by the labels task" in one(found, "asynq_queue_size has").what


def test_task_types_without_end(look: Look, broken: str) -> None:
    """More than the declared limit."""
    found = of(cardinality.cardinality, look(cluster("reset", task_type_limit=0), prometheus=broken))

    assert one(found, "workers export up to 1 task types").level is Level.WARNING


# -- queues and targets --------------------------------------------------------------------------


def test_queues(look: Look) -> None:
    """Declared and absent, optional and absent, there and not declared."""
    plan = plan_of(declare(queues=(Queue("mail"), Queue("order"), Queue("rare", optional=True))))
    found = of(queues.queues, look(plan))

    assert "did you mean 'orders'?" in one(found, "'order' is declared, and no exporter").fix
    assert one(found, "'rare'").level is Level.NOTE
    assert one(found, "1 queue that nobody declared").level is Level.NOTE
    assert of(queues.queues, look()) == []
    assert of(queues.queues, look(plan_of(declare(queues=())))) == []


def test_task_types(look: Look) -> None:
    """A declared one that no worker shows; what they show is named."""
    found = one(of(queues.task_types, look(plan_of(declare(task_types=TaskType("order:pay"))))), "'order:pay'")

    assert found.level is Level.WARNING
    assert "'a-task_type'" in found.fix
    assert "AsynqTaskTypeFailing" in found.alerts
    assert of(queues.task_types, look()) == []


def test_a_target_that_is_down(look: Look, broken: str) -> None:
    """With Prometheus' own words."""
    found = of(scraping.up, look(prometheus=broken))

    assert "connection refused" in one(found, "cannot be scraped").what
    assert of(scraping.up, look()) == []


def with_window(window: str) -> Plan:
    signal = Signal(title="x", expr=TASKS_PROCESSED.rate(window).max(by="queue"), unit=Unit.TASKS_PER_SECOND)
    alert = evolve(QUEUE_WAIT_HIGH, name="Narrow", signal=signal, when=Above(warning=1), guards=())
    return plan_of(declare(alerts=(*asynq.ALERTS, alert)))


@pytest.mark.parametrize(
    ("window", "level", "text"),
    [("1500ms", Level.ERROR, "hold no two scrapes"), ("3s", Level.WARNING, "less than 4 scrapes")],
)
def test_windows_and_scrapes(look: Look, window: str, level: Level, text: str) -> None:
    """A window must hold two scrapes, better four."""
    found = one(of(scraping.intervals, look(with_window(window))), text)

    assert found.level is level
    assert found.alerts == ("Narrow",)
    assert found.where == "asynq-exporter"
    assert of(scraping.intervals, look(with_window("4s"))) == []


def test_no_alertmanager(look: Look, broken: str) -> None:
    """Nobody would be told."""
    found = one(of(alertmanager_state.sent_anywhere, look(prometheus=broken)), "to no Alertmanager")

    assert found.level is Level.ERROR
    assert of(alertmanager_state.sent_anywhere, look()) == []


# -- servers that are not what they should be ----------------------------------------------------


class Other:
    """A server that answers some endpoints as documented, and lacks the others."""

    def __init__(self, **data: Any) -> None:
        self.web = Web(self._answer)
        self._data = data

    def _answer(self, path: str) -> tuple[int, str] | None:
        name = path.partition("?")[0].removeprefix("/api/v1/").replace("/", "_")
        if name == "query" and "query" not in self._data:
            return 200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
        if name not in self._data:
            return None
        return 200, json.dumps({"status": "success", "data": self._data[name]})


@pytest.fixture
def other() -> Any:
    """Starts such servers."""
    started = []

    def start(**data: Any) -> str:
        started.append(Other(**data))
        return started[-1].web.url

    yield start
    for one in started:
        one.web.stop()


def test_an_old_prometheus(look: Look, other: Any) -> None:
    """It would refuse the files; programs with versions of their own are left alone."""
    old = {"version": "2.41.0", "revision": "abc"}

    assert (
        "AsynqQueueWaitHigh" in one(of(server.version, look(prometheus=other(status_buildinfo=old))), "2.41.0").alerts
    )
    thanos = {"version": "0.42.4", "revision": "abc"}
    newer = {"version": "2.42.0+ds", "revision": "abc"}
    for fine in (newer, {"version": "2.24.0"}, {**old, "application": "Mimir"}, thanos):
        assert of(server.version, look(prometheus=other(status_buildinfo=fine))) == []


@pytest.mark.parametrize(
    ("kept", "level"), [("15d", Level.NOTE), ("3d", Level.WARNING), ("30d", None), ("1y", None), ("40d or 5GiB", None)]
)
def test_retention(look: Look, other: Any, kept: str, level: Level | None) -> None:
    """Learnt thresholds look back four weeks, and make do with less."""
    found = of(server.retention, look(prometheus=other(status_runtimeinfo={"storageRetention": kept})))

    assert [f.level for f in found] == ([] if level is None else [level])
    assert not found or "AsynqQueueSurge" in found[0].alerts


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_clock(look: Look, other: Any, skew: int) -> None:
    """An hour, but for the time that passes until it is asked for."""
    now = time.time() + skew
    running = look(prometheus=other(query={"resultType": "scalar", "result": [now, str(now)]}))

    found = re.search(r"clock is (\d+) s (ahead of|behind)", one(of(server.clock, running), "clock is").what)
    assert found
    assert abs(int(found[1]) - 3600) < 60
    assert found[2] == ("ahead of" if skew > 0 else "behind")
    assert of(server.clock, look()) == []


def test_a_slow_scrape(look: Look, other: Any) -> None:
    """More than half of its timeout."""
    labels = {"job": "asynq-exporter", "instance": "a:1"}
    target = {
        "labels": labels,
        "scrapeUrl": "http://a:1/metrics",
        "health": "up",
        "lastScrapeDuration": 6,
        "scrapeTimeout": "10s",
    }
    vector = {"resultType": "vector", "result": [{"metric": labels, "value": [1, "1"]}]}
    running = look(prometheus=other(targets={"activeTargets": [target]}, query=vector))

    assert one(of(scraping.durations, running), "took 6.0 s of its 10 s").level is Level.WARNING
