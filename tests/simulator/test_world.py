"""The simulator: asynq's own rules, and promtool's notation."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.catalog.metrics import asynq, systems
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.promql import matchers_of
from asynq_mon_codegen.simulator import ABSENT, QueueState, Ramp, World
from asynq_mon_codegen.simulator.tracks import later, levels, notation, totals


def world(**selectors: str) -> World:
    return World(
        step=duration("30s"),
        before=duration("1m"),
        fault=duration("1m"),
        after=duration("1m"),
        selectors={name: matchers_of(text) for name, text in selectors.items()},
    )


@pytest.mark.parametrize(
    ("track", "text"),
    [
        pytest.param((1.0, 1.0, 1.0), "1+0x2", id="a level"),
        pytest.param((0.0, 30.0, 60.0, 90.0), "0+30x3", id="a slope"),
        pytest.param((90.0, 60.0, 30.0), "90-30x2", id="a slope down"),
        pytest.param((1.0, 5.0, 2.0), "1 5 2", id="no line through two points only"),
        pytest.param((None, None, 1.0, None, None), "_x2 1 stale _", id="a series that ends is stale once"),
        pytest.param((1.0, None, 2.0), "1 stale 2", id="a gap of one scrape"),
        pytest.param((0.1, 0.1), "0.1+0x1", id="fractions"),
    ],
)
def test_notation(track: tuple[float | None, ...], text: str) -> None:
    """Values are written in promtool's short form."""
    assert notation(track) == text


def test_levels_and_totals() -> None:
    """Gauges are levels per phase, counters grow by a rate per second."""
    assert levels([(2, 5), (2, Ramp(10, 1)), (1, ABSENT)], 30) == (5, 5, 10, 40, None)
    assert totals([(2, 1), (2, 0), (1, ABSENT)], 30) == (0, 30, 60, 60, None)


def test_a_later_target_shows_the_value_of_the_scrape_before() -> None:
    """It has the same gaps, and never an invented value."""
    assert later((1.0, 2.0, None, 4.0)) == (1.0, 1.0, None, 4.0)


def test_a_queue_has_all_twelve_series_from_each_exporter() -> None:
    """asynq exports six states, size, latency, memory, paused and two counters per queue."""
    w = world()
    w.queue("q", QueueState(), QueueState(pending=5, latency=3))

    names = [name for name, labels, _ in w.series() if labels.get("queue") == "q"]

    assert len(names) == 2 * 12


def test_the_archive_ends_at_9999() -> None:
    """asynq drops the oldest archived task beyond that."""
    w = world()
    w.queue("q", QueueState(archived=12_000), QueueState(archived=Ramp(9_990, 1)))

    values = [
        v
        for n, labels, v in w.series()
        if labels.get("state") == "archived" and labels["instance"] == "exporter-1:9876"
    ]

    assert values == ["9999+0x1 9990 9999+0x3"]


def test_queue_size_is_the_sum_of_all_states_and_of_aggregating() -> None:
    """That is why it is not the backlog."""
    w = world()
    w.queue("q", QueueState(pending=1, completed=10, archived=100, aggregating=1000), QueueState())

    size = next(v for n, labels, v in w.series() if n == "asynq_queue_size")

    assert size.startswith("1111+0x1")


def test_without_redis_the_exporter_answers_but_shows_no_queue() -> None:
    """up stays 1; every queue series ends at once."""
    w = world()
    w.queue("q", QueueState(), QueueState())
    w.lose_redis()

    series = {n: v for n, labels, v in w.series() if labels["instance"] == "exporter-1:9876"}

    assert series["up"] == "1+0x6"
    assert series["asynq_queue_size"] == "0+0x1 stale _ 0+0x2"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: QueueState(failed=2, processed=1), id="more failures than attempts"),
        pytest.param(lambda: QueueState(latency=5), id="latency without pending tasks"),
        pytest.param(lambda: world().gauge(asynq.QUEUE_SIZE, {"state": "x"}, 1, 1), id="a label that the metric lacks"),
        pytest.param(
            lambda: world(worker='job=~"[a-c]{3}x"').gauge(systems.WORKER_UP, {}, 1, 1),
            id="a selector that no example fits",
        ),
    ],
)
def test_impossible_worlds_are_refused(make: object) -> None:
    """The simulator does not show what asynq cannot."""
    with pytest.raises(DeclarationError):
        make()  # type: ignore[operator]


def test_targets_carry_labels_that_the_selectors_accept() -> None:
    """A declaration's own job names and further labels are used in its tests."""
    w = world(exporter='job=~"orders-exporter|x", env="prod"', worker='job=~"orders-.*", job!~".*exporter"')

    assert w.exporter("e:1") == {"env": "prod", "job": "orders-exporter", "instance": "e:1"}
    assert w.worker("w:1")["job"] == "orders-x"
