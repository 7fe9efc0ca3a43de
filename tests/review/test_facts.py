"""What a review finds out from a real Prometheus, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asynq_mon_codegen.build import open_declaration
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.engine.recording import Evaluation
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.engine.rules import RuleSet
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.prometheus_api import Prometheus
from asynq_mon_codegen.review.production import production
from asynq_mon_codegen.review.queues import Stranger, Unseen, queues, section
from tests.engine.made_up import STEP, history
from tests.review.story import END, LOOKBACK, START

QUEUE = 'asynq_queue_size{{job="asynq-exporter",namespace="{}",queue="{}"}}'
ALERT = 'ALERTS{{alertname="{}",alertstate="{}",severity="{}",queue="mail",replica="a"}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    data = tmp_path_factory.mktemp("server") / "data"
    there = (("orders", "pay"), ("orders", "odd"), ("stray", "lost"))
    ones = [(QUEUE.format(*one), START, START + 600) for one in there]
    ones += [
        ('asynq_task_outcomes_total{task_type="known"}', START, END),
        ('asynq_task_outcomes_total{task_type="new"}', START, END),
        (ALERT.format("AsynqQueueStalled", "firing", "critical"), START + 600, START + 900),
        (ALERT.format("AsynqQueueStalled", "firing", "critical"), START + 3600, START + 3900),
        (ALERT.format("AsynqQueueStalled", "pending", "critical"), START + 480, START + 600),
        (ALERT.format("OwnAlert", "firing", "warning"), END - 600, END),
        (ALERT.format("SomebodyElses", "firing", "warning"), START, END),
        (ALERT.format("AsynqWatchdog", "firing", "none"), START, END),
    ]
    history(data, (), START, END, ones=ones)
    with serving(data, lookback=LOOKBACK) as running:
        yield running


@pytest.fixture
def period(tmp_path: Path) -> History:
    return History(folder=tmp_path, start=START, end=END, step=STEP, since={}, extents={}, samples=0)


def test_what_fired_in_production(server: Prometheus, period: History) -> None:
    found = production(server, period, ["OwnAlert"])
    assert found.known
    assert not found.coarse
    times = [(f.label("alertname"), f.label("severity"), f.start - START, f.end) for f in found.firings]
    assert times == [
        ("AsynqQueueStalled", "critical", 600, START + 900),
        ("AsynqQueueStalled", "critical", 3600, START + 3900),
        ("OwnAlert", "warning", END - 600 - START, None),
    ]
    assert found.fired("AsynqQueueStalled", "critical") == 2
    assert found.fired("AsynqQueueStalled", "warning") == 0


def test_where_there_is_too_much_it_looks_less_often(server: Prometheus, period: History) -> None:
    found = production(server, period, ["OwnAlert"], most=10)
    assert found.coarse
    assert found.step == 4 * STEP
    assert [round((f.start - START) / 60) for f in found.firings] == [10, 60, 170]


def test_queues_of_a_fleet(server: Prometheus, period: History, tmp_path: Path) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "fleet.py").write_text(
        'from asynq_mon_codegen import Fleet, asynq\nmonitoring = Fleet(identity=("namespace",), alerts=asynq.ALERTS)\n'
    )
    (folder / "orders.py").write_text(
        "from asynq_mon_codegen import Monitoring, Queue, TaskType, asynq\n"
        'monitoring = Monitoring(service="orders", where={"namespace": "orders"}, alerts=asynq.ALERTS,\n'
        '    queues=(Queue("pay"), Queue("gone")), task_types=(TaskType("known"), TaskType("never")))\n'
    )
    running = Running(plan=open_declaration(folder), prometheus=server)
    found = queues(running, period, Evaluation(RuleSet(()), tmp_path / "data", step=STEP, hours=2))
    assert found.strangers == (
        Stranger(queue="lost", service="", tasks=None),
        Stranger(queue="odd", service="orders", tasks=None),
    )
    assert found.unseen == (Unseen(queue="gone", service="orders", optional=False),)
    assert (found.strange_types, found.unseen_types) == (("new",), ("never",))
    page = section(found)
    assert page.lead == "3 queues there, 2 declared: 2 that nobody declared, 1 that never were there."
    assert "| `lost` | none     |" in page.tables[0].text()
    assert page.task == "declare 3 that are there, remove 2 that never were"
