"""Panels ask Prometheus for no more than they show."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.catalog.dashboards.spec import Number
from tests.dashboards.conftest import boards_of, default_boards, panel, panels_of, plan_of


def test_numbers_without_a_graph_are_asked_once() -> None:
    """A number asks for its history only where that is drawn behind it."""
    sparks = [one.spark for board in DASHBOARDS for one in board.panels() if isinstance(one, Number)]
    found = [one for board in default_boards().values() for one in panels_of(board) if one["type"] == "stat"]

    assert {True, False} == set(sparks)
    assert [one["options"]["graphMode"] == "area" for one in found] == sparks
    assert [{target["range"] for target in one["targets"]} for one in found] == [{spark} for spark in sparks]
    assert all(target["instant"] is not target["range"] for one in found for target in one["targets"])


def test_recorded_series_are_not_read_more_often_than_they_are_recorded() -> None:
    """The smallest step is the interval of the rules; what is scraped keeps the interval of the scrapes."""
    board = boards_of(plan_of(evaluation_interval="1m"))["asynq-queue"]

    assert panel(default_boards()["asynq-queue"], "Oldest wait", "timeseries")["interval"] == "30s"
    assert panel(board, "Oldest wait", "timeseries")["interval"] == "1m"
    assert "interval" not in panel(board, "Memory in Redis")


def test_a_scraped_series_beside_a_recorded_one_keeps_its_step() -> None:
    """One query of scraped series is enough for the panel to be read at every scrape."""
    board = default_boards()["asynq-workers"]

    assert any("host:asynq_worker_hosts:group" in t["expr"] for t in panel(board, "Host CPU")["targets"])
    assert "interval" not in panel(board, "Host CPU")


def test_buckets_are_read_by_the_minute() -> None:
    """Each step of a histogram reads all of its buckets."""
    found = [
        one["interval"]
        for board in default_boards().values()
        for one in panels_of(board)
        if one["type"] != "table" and any("_bucket" in target["expr"] for target in one["targets"])
    ]

    assert len(found) > 5
    assert set(found) == {"1m"}


def test_long_windows_look_at_each_attempt_once() -> None:
    """Success over a day reads a rate over 5 minutes every 5 minutes, not every sample of it."""
    (target,) = panel(default_boards()["asynq-slo"], "Success ratio, last 24 hours")["targets"]

    assert target["expr"].count("[1d:5m]") == 2
    assert "rate5m" in target["expr"]
