"""The Grafana layer: places, ids, refIds, and declarations it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from asynq_mon_codegen import grafana as g
from asynq_mon_codegen.artifact import json_text
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana import layout

PANEL = g.stat("a", "Title", "A good description.", [g.query("up")], "short", w=12)


def small(*rows: g.Row) -> dict[str, Any]:
    """A dashboard of these rows."""
    return g.dashboard(
        uid="small",
        title="Small",
        description="",
        tags=["asynq"],
        variables=[g.datasource_variable("prometheus")],
        rows=rows,
    )


def panels_of(*panels: g.Panel, collapsed: bool = False) -> Any:
    """The panels of a dashboard with one row."""
    return small(g.row("row", "Row", *panels, collapsed=collapsed))["panels"]


def stat(key: str, *, w: int = 4, h: int = 4) -> g.Panel:
    """A panel of this size."""
    return g.stat(key, key, "A good description.", [g.query("up")], "short", w=w, h=h)


def test_same_bytes_every_time(build: Callable[[], dict[str, Any]]) -> None:
    """Building twice gives the same text: nothing is shared with or left in grafanalib's objects."""
    assert json_text(build()) == json_text(build())


def test_same_bytes_for_any_hash_seed(build: Callable[[], dict[str, Any]]) -> None:
    """Another process with another hash seed gives the same text."""
    conftest = Path(__file__).with_name("conftest.py")
    script = (
        "import runpy, sys; from asynq_mon_codegen.artifact import json_text; "
        "sys.stdout.write(json_text(runpy.run_path(sys.argv[1])['build_sample']()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(conftest)], env=environment, capture_output=True, text=True, check=True
    )

    assert json_text(build()) == done.stdout


def test_plain_data(sample: dict[str, Any]) -> None:
    """The dashboard holds nothing that JSON does not keep."""
    assert sample == json.loads(json_text(sample))


def test_panels_wrap_at_the_edge() -> None:
    """A panel that does not fit starts a new line below the highest of the line before."""
    places = [
        (one["gridPos"]["x"], one["gridPos"]["y"])
        for one in panels_of(stat("a", w=12, h=4), stat("b", w=8, h=6), stat("c", w=8), stat("d", w=16))
    ]

    assert places == [(0, 0), (0, 1), (12, 1), (0, 7), (8, 7)]


def test_rows_follow_each_other() -> None:
    """An open row takes the height of its panels, a collapsed one only its own."""
    dashboard = small(
        g.row("one", "One", stat("a", h=5)),
        g.row("two", "Two", stat("a", h=5), collapsed=True),
        g.row("three", "Three", stat("a", h=5)),
    )
    rows = [(one["title"], one["gridPos"]["y"]) for one in dashboard["panels"] if one["type"] == "row"]

    assert rows == [("One", 0), ("Two", 6), ("Three", 7)]


def test_ids_stay_when_a_panel_is_put_in() -> None:
    """The id of a panel depends on its keys alone."""
    before = {one["title"]: one["id"] for one in panels_of(stat("a"), stat("c"))}
    after = {one["title"]: one["id"] for one in panels_of(stat("a"), stat("b"), stat("c"))}

    assert before == {title: after[title] for title in before}


def test_ids_that_collide_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys with one id are an error that says what to do."""
    monkeypatch.setattr(layout, "panel_id", lambda _path: 1)

    with pytest.raises(DeclarationError, match="'row/a' and 'row' get the same panel id"):
        panels_of(stat("a"))


def test_ref_ids_by_position() -> None:
    """Targets are lettered in their order."""
    panel = g.stat("a", "Title", "A good description.", [g.query("up"), g.query("vector(1)")], "short")

    assert [one["refId"] for one in panels_of(panel)[1]["targets"]] == ["A", "B"]


def test_threshold_line_is_styled_by_its_ref_id(sample: dict[str, Any]) -> None:
    """A threshold line is dashed, in its severity's colour, without fill, and left out of the tooltip."""
    latency = next(one for one in sample["panels"] if one["title"] == "Queue latency")
    style = latency["fieldConfig"]["overrides"][1]
    settings = {one["id"]: one["value"] for one in style["properties"]}

    assert style["matcher"] == {"id": "byFrameRefID", "options": "C"}
    assert settings["color"] == {"mode": "fixed", "fixedColor": "red"}
    assert settings["custom.lineStyle"]["fill"] == "dash"
    assert settings["custom.fillOpacity"] == 0
    assert settings["custom.hideFrom"]["tooltip"] is True


def test_table_names_the_values_of_several_queries(sample: dict[str, Any]) -> None:
    """Columns are renamed from Grafana's names for the values of each query."""
    table = next(one for one in sample["panels"] if one["type"] == "table")
    renamed = table["transformations"][1]["options"]["renameByName"]

    assert renamed == {"queue": "Queue", "Value #A": "Size", "Value #B": "Latency", "Value #C": "Processed/s"}


def test_table_names_the_value_of_one_query() -> None:
    """With a single query Grafana leaves the letter out."""
    columns = [g.label_column("queue", "Queue"), g.value_column(0, "Size", "short")]
    table = g.table("t", "Title", "A good description.", [g.query("up")], "short", columns=columns)
    renamed = panels_of(table)[1]["transformations"][1]["options"]["renameByName"]

    assert renamed == {"queue": "Queue", "Value": "Size"}


def test_single_choice_without_all() -> None:
    """A variable that offers neither several values nor all of them has no "All" chosen."""
    body = g.query_variable("queue", "Queue", "label_values(asynq_queue_size, queue)", multi=False, all=False).body

    assert (body["multi"], body["includeAll"]) == (False, False)
    assert not body.keys() & {"allValue", "current"}


def test_single_choice_with_all() -> None:
    """Of a variable with a single choice, "All" is a text and not a list."""
    body = g.query_variable("queue", "Queue", "label_values(queue)", multi=False).body

    assert body["current"] == {"selected": True, "text": "All", "value": "$__all"}


def test_explore_link_keeps_variables_raw() -> None:
    """Grafana replaces variables in the URL only where their braces are not encoded."""
    link = g.explore_link("Logs", kind="loki", query='{app="asynq"} |= "${__field.labels.queue}"')
    panes = unquote(link.url.partition("panes=")[2].partition("&orgId")[0])

    assert "${__field.labels.queue}" in link.url
    assert json.loads(panes)["a"]["queries"][0]["expr"] == '{app="asynq"} |= "${__field.labels.queue}"'


@pytest.mark.parametrize(
    ("build_wrong", "message"),
    [
        pytest.param(lambda: g.stat("a", "", "A good description.", [g.query("up")], "s"), "title", id="no title"),
        pytest.param(lambda: g.stat("a", "T", "Short.", [g.query("up")], "s"), "description", id="no description"),
        pytest.param(
            lambda: g.stat("a", "T", "A good description.", [g.query("up")], "sec"), "unit 'sec'", id="unknown unit"
        ),
        pytest.param(
            lambda: g.timeseries("a", "T", "A good description.", [g.query("up")] * 27, "s"),
            "26 targets",
            id="27 targets",
        ),
        pytest.param(lambda: g.timeseries("a", "T", "A good description.", [], "s"), "26 targets", id="no target"),
        pytest.param(lambda: g.threshold_steps("green", (5, "red"), (5, "orange")), "must rise", id="equal steps"),
        pytest.param(
            lambda: g.threshold_steps("green", (float("nan"), "red")), "finite", id="a step that is no number"
        ),
        pytest.param(lambda: g.override("A"), "sets nothing", id="an override of nothing"),
        pytest.param(lambda: g.row("r", "Row"), "at least one panel", id="an empty row"),
        pytest.param(lambda: g.row("r", "Row", stat("a", w=25)), "impossible size", id="a panel too wide"),
        pytest.param(lambda: panels_of(PANEL, PANEL), "'row/a' twice", id="one key twice"),
        pytest.param(
            lambda: small(g.row("r", "R", PANEL), g.row("r", "R", stat("b"))), "'r' twice", id="one row twice"
        ),
        pytest.param(
            lambda: g.table(
                "t", "T", "A good description.", [g.query("up")], "s", columns=[g.value_column(1, "Size", "s")]
            ),
            "of query 1 of 1",
            id="a column of no query",
        ),
        pytest.param(
            lambda: g.table(
                "t",
                "T",
                "A good description.",
                [g.query("up")],
                "s",
                columns=[g.value_column(0, "Size", "s")],
                sort_by="Sise",
            ),
            "no column 'Sise'",
            id="sorting by no column",
        ),
        pytest.param(
            lambda: g.table("t", "T", "A good description.", [g.query("up")], "s", columns=[]),
            "titles of their own",
            id="a table without columns",
        ),
        pytest.param(
            lambda: g.dashboard(uid="Å", title="T", description="", tags=[], variables=[], rows=[]),
            "uid",
            id="a bad uid",
        ),
        pytest.param(
            lambda: g.dashboard(uid="a", title="T", description="", tags=[], variables=[], rows=[]),
            "first variable",
            id="no data source",
        ),
        pytest.param(
            lambda: g.dashboard(
                uid="a",
                title="T",
                description="",
                tags=[],
                variables=[g.datasource_variable("prometheus")] * 2,
                rows=[],
            ),
            "variable twice",
            id="a variable twice",
        ),
    ],
)
def test_refused(build_wrong: Callable[[], object], message: str) -> None:
    """What Grafana would show wrongly or not at all is refused where it is declared."""
    with pytest.raises(DeclarationError, match=message):
        build_wrong()
