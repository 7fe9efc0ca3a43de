"""Thresholds on panels are those of the declaration."""

from __future__ import annotations

import promql_parser
import pytest

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.catalog.dashboards.spec import Graph, Panel
from asynq_mon_codegen.model import Above, Queue
from tests.dashboards.conftest import DECLARATIONS, HOSTILE, WAIT, boards_of, default_boards, panel, plan_of

GRAPHS = [
    pytest.param(one, id=f"{board.uid}: {one.title}")
    for board in DASHBOARDS
    for one in board.panels()
    if isinstance(one, Graph) and one.levels in ALERTS.names()
]


@pytest.mark.parametrize("graph", GRAPHS)
def test_levels_are_of_what_is_drawn(graph: Panel) -> None:
    """A graph with an alert's levels has the alert's unit."""
    assert graph.unit == ALERTS[graph.levels].signal.unit.grafana


def test_one_level_for_all_is_a_fixed_step() -> None:
    """Where no queue differs the levels are the panel's own steps, without any query."""
    wait = panel(default_boards()["asynq-queue"], "Oldest wait", "timeseries")

    assert len(wait["targets"]) == 1
    assert wait["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "orange", "value": 60},
        {"color": "red", "value": 300},
    ]
    assert wait["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_levels_that_differ_are_expressions() -> None:
    """Each queue gets the line of its own level, computed from constants; a level that all share is one line."""
    queues = (Queue("orders", thresholds={WAIT: Above(warning="10s", critical="5m")}),)
    wait = panel(boards_of(plan_of(queues=queues))["asynq-queue"], "Oldest wait", "timeseries")

    series = 'queue:asynq_queue_latency_seconds:max{queue=~"$queue"'
    assert [target["expr"] for target in wait["targets"]] == [
        f"{series}}}",
        "vector(300)",
        f'{series}, queue="orders"}} * 0 + 10 or {series}, queue!="orders"}} * 0 + 60',
    ]


def test_lower_limit_is_drawn_in_its_own_colour() -> None:
    """Grafana would draw the step above a lower limit, which is good, so the limits are lines of their own."""
    memory = panel(default_boards()["asynq-workers"], "Host memory available")

    assert [target["expr"] for target in memory["targets"][1:]] == ["vector(0.05)", "vector(0.1)"]
    colors = [override["properties"][0]["value"]["fixedColor"] for override in memory["fieldConfig"]["overrides"]]
    assert colors == ["red", "orange"]


def test_queue_without_the_alert_has_no_line() -> None:
    """A queue whose alert is switched off gets no level."""
    wait = panel(boards_of(plan_of(queues=(Queue("quiet", thresholds={WAIT: None}),)))["asynq-queue"], "Oldest wait")
    board = boards_of(plan_of(queues=(Queue("quiet", thresholds={WAIT: None}),)))["asynq-queue"]
    lines = [target["expr"] for target in panel(board, "Oldest wait", "timeseries")["targets"][1:]]

    assert "steps" not in wait["fieldConfig"]["defaults"] or wait["type"] == "stat"
    assert len(lines) == 2
    assert all('queue!="quiet"' in line and 'queue="quiet"' not in line for line in lines)


def test_hostile_name_matches_itself_and_no_variable() -> None:
    """Grafana finds none of its variables in a declared name, and Prometheus reads exactly that name."""
    declared = DECLARATIONS["queues with thresholds of their own and hostile names"]
    wait = panel(boards_of(plan_of(**declared))["asynq-queue"], "Oldest wait", "timeseries")
    line = wait["targets"][2]["expr"]
    own = line.partition(" * 0")[0].replace('queue=~"$queue", ', "")

    assert "$queue[[" not in line
    selector = promql_parser.parse(own)
    assert isinstance(selector, promql_parser.VectorSelector)
    assert [matcher.value for matcher in selector.matchers.matchers] == [HOSTILE]


def test_removed_alert_has_no_levels() -> None:
    """Without the alert the panel stays, and what counts against its level is left out."""
    boards = boards_of(plan_of(alerts=ALERTS.without(WAIT)))
    wait = panel(boards["asynq-queue"], "Oldest wait", "timeseries")
    table = panel(boards["asynq-slo"], "Success and wait by queue")

    assert "thresholds" not in wait["fieldConfig"]["defaults"]
    assert not [target for target in table["targets"] if "avg_over_time((" in target["expr"]]
    titles = table["transformations"][1]["options"]["renameByName"].values()
    assert "In time, 24 h" not in titles
    assert "Attempts, time range" in titles
