"""From a panel one gets to the next dashboard, to the runbook and, where declared, to logs and traces."""

from __future__ import annotations

from typing import Any

import pytest

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.model import Alerts, Links, Scrape
from tests.dashboards.conftest import DECLARATIONS, boards_of, default_boards, panel, panels_of, plan_of


def _links(board: dict[str, Any]) -> list[str]:
    """Every data link of a dashboard."""
    found = []
    for one in panels_of(board):
        config = one["fieldConfig"]
        found += [link["url"] for link in config["defaults"].get("links", ())]
        for override in config["overrides"]:
            found += [link["url"] for p in override["properties"] if p["id"] == "links" for link in p["value"]]
    return found


def test_queue_name_opens_the_queue() -> None:
    """A click on a queue's name in the overview opens its dashboard with that queue chosen."""
    table = panel(default_boards()["asynq-overview"], "Queues")
    (opening,) = [
        link["url"]
        for override in table["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == "Queue"
        for one in override["properties"]
        if one["id"] == "links"
        for link in one["value"]
    ]

    assert opening.startswith("/d/asynq-queue/")
    assert opening.endswith("&var-queue=${__value.text:percentencode}")


def test_every_dashboard_opens_only_dashboards_that_exist() -> None:
    """Each link inside Grafana leads to one of the seven."""
    boards = boards_of(plan_of(identity=("cluster",)))
    targets = {url.split("/")[2] for board in boards.values() for url in _links(board) if url.startswith("/d/")}

    assert targets
    assert targets <= set(boards)


def test_runbooks_only_where_declared() -> None:
    """Without a base for runbooks nothing links to one."""
    with_base = boards_of(plan_of(links=Links(runbooks="https://wiki/run")))
    without = boards_of(plan_of(links=Links(runbooks=None)))

    assert "https://wiki/run/${__value.text}.md" in _links(with_base["asynq-health"])
    assert {link["title"] for link in without["asynq-health"]["links"]} == {"Asynq dashboards"}
    assert not [url for board in without.values() for url in _links(board) if url.startswith("http")]


def test_logs_and_traces_only_where_declared() -> None:
    """Declared addresses are filled with the queue of the clicked series; their dollars are no variables."""
    declared = boards_of(plan_of(**DECLARATIONS["logs and traces with dollars in their addresses"]))
    links = _links(declared["asynq-queue"])

    assert "https://logs/?q=${__field.labels.queue:percentencode}&a=%24b" in links
    assert "https://traces/${__field.labels.queue:percentencode}" in links


def test_identity_is_chosen_first_and_filters_everything() -> None:
    """Each identity label is a variable, narrows those after it, and stands in every query but those of Grafana."""
    for board in boards_of(plan_of(identity=("cluster", "namespace"))).values():
        variables = {v["name"]: v for v in board["templating"]["list"]}
        assert list(variables)[:3] == ["prometheus_datasource", "cluster", "namespace"]
        assert 'cluster=~"$cluster"' in variables["namespace"]["definition"]
        for one in panels_of(board):
            for target in one["targets"]:
                if not target["expr"].startswith("vector("):
                    selectors = target["expr"].count("{")
                    assert target["expr"].count('cluster=~"$cluster') == selectors > 0, target["expr"]


@pytest.mark.parametrize(
    ("title", "chosen", "foreign"),
    [
        pytest.param("Memory", 'instance=~"$instance"', "$host", id="a worker's own series follow the chosen worker"),
        pytest.param(
            "Host CPU",
            'host:asynq_worker_hosts:group{host=~"$host"}',
            "$instance",
            id="a host's series follow the chosen host",
        ),
        pytest.param(
            "Busy handlers over concurrency", "asynq_server", "$instance", id="what every server tells follows neither"
        ),
    ],
)
def test_instance_means_one_thing(title: str, chosen: str, foreign: str) -> None:
    """The label instance of workers and of hosts has different values, and a variable for each."""
    (target, *_) = panel(default_boards()["asynq-workers"], title)["targets"]

    assert chosen in target["expr"]
    assert foreign not in target["expr"]


def test_scrape_selectors_hold_on_panels() -> None:
    """Panels read the same targets as rules do."""
    scrape = Scrape(worker='job="payments", env="$prod"')
    (target, *_) = panel(boards_of(plan_of(scrape=scrape))["asynq-workers"], "Memory")["targets"]

    assert r'job="payments", env="\x24prod"' in target["expr"]


def test_alerts_are_marked_on_every_graph() -> None:
    """Firing alerts of the chosen queue, and those without a queue, are annotations."""
    for board in default_boards().values():
        marks = [one["target"]["expr"] for one in board["annotations"]["list"][1:]]
        assert len(marks) == 2
        assert all('component="asynq", alertstate="firing"' in expr for expr in marks)
    assert all(
        'queue=~"$queue|"' in one["target"]["expr"]
        for one in default_boards()["asynq-queue"]["annotations"]["list"][1:]
    )


def test_kubernetes_row_needs_its_alerts() -> None:
    """A declaration without the rules for Kubernetes has no panels for it."""
    kubernetes = [alert.name for alert in ALERTS if alert.group == "kubernetes"]

    def rows(alerts: Alerts) -> set[str]:
        board = boards_of(plan_of(alerts=alerts))["asynq-workers"]
        return {one["title"] for one in board["panels"] if one["type"] == "row"}

    assert kubernetes
    assert rows(ALERTS) - rows(ALERTS.without(*kubernetes)) == {"Kubernetes"}
