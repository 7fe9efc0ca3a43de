"""Field configuration, frames, tables, layout and annotations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.preview.annotations import regions_of
from asynq_mon_codegen.preview.boards import board_of, file_name
from asynq_mon_codegen.preview.fields import legend_of, settings_of
from asynq_mon_codegen.preview.frames import Frame, Grid, bucket_cells, frame_of, histogram_cells
from asynq_mon_codegen.preview.layout import sections_of
from asynq_mon_codegen.preview.markdown import safe_html
from asynq_mon_codegen.preview.tables import table_of
from asynq_mon_codegen.preview.variables import Variable

PANEL = {
    "fieldConfig": {
        "defaults": {"unit": "s", "custom": {"lineWidth": 1}},
        "overrides": [
            {"matcher": {"id": "byName", "options": "a"}, "properties": [{"id": "unit", "value": "ops"}]},
            {"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": [{"id": "custom.lineWidth", "value": 3}]},
            {"matcher": {"id": "byRegexp", "options": "/^A/i"}, "properties": [{"id": "decimals", "value": 2}]},
            {"matcher": {"id": "byType", "options": "string"}, "properties": [{"id": "unit", "value": "none"}]},
        ],
    }
}


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({"name": "z"}, {"unit": "s", "custom.lineWidth": 1}),
        ({"name": "a"}, {"unit": "ops", "custom.lineWidth": 1, "decimals": 2}),
        ({"name": "z", "ref": "B"}, {"unit": "s", "custom.lineWidth": 3}),
        ({"name": "z", "number": False}, {"unit": "none", "custom.lineWidth": 1}),
    ],
)
def test_settings_after_overrides(asked: dict[str, Any], settings: dict[str, Any]) -> None:
    assert settings_of(PANEL, **asked) == settings


@pytest.mark.parametrize(
    ("pattern", "labels", "name"),
    [
        ("{{queue}} of {{ job }}", {"queue": "a", "job": "w"}, "a of w"),
        ("{{none}}", {"queue": "a"}, ""),
        ("__auto", {"__name__": "up", "queue": "a"}, "a"),
        ("__auto", {"__name__": "up", "queue": "a", "job": "w"}, 'up{job="w", queue="a"}'),
        ("", {}, "time()"),
    ],
)
def test_legends(pattern: str, labels: dict[str, str], name: str) -> None:
    assert legend_of(pattern, labels, "time()") == name


def test_a_series_has_gaps_where_prometheus_gave_nothing() -> None:
    answer = {"metric": {"a": "b"}, "values": [[100, "1"], [120, "NaN"], [130, "+Inf"]]}

    frame = frame_of(answer, Grid(100, 10, 5), name="x", ref="A")

    assert frame.values == (1, None, None, float("inf"), None)
    assert frame.known


def test_cumulative_buckets_become_rows() -> None:
    def bucket(bound: str, *values: float) -> Frame:
        return Frame(name=bound, labels={"le": bound}, ref="A", values=values)

    cells = bucket_cells([bucket("+Inf", 9, 4), bucket("0.5", 2, 4), bucket("1", 5, 4)], Grid(0, 10, 2))

    assert cells is not None
    assert cells.edges == (0, 0.5, 1, float("inf"))
    assert cells.rows == ((2, 4), (3, 0), (4, 0))
    assert bucket_cells([Frame(name="x", labels={}, ref="A", values=(1,))], Grid(0, 10, 1)) is None


def test_native_histograms_share_out_what_spans_several_rows() -> None:
    def histogram(moment: int, *buckets: list[Any]) -> list[Any]:
        return [moment, {"count": "1", "sum": "1", "buckets": list(buckets)}]

    answer = [
        {"metric": {"a": "1"}, "histograms": [histogram(0, [0, "1", "2", "4"], [0, "2", "4", "6"])]},
        {"metric": {"a": "2"}, "histograms": [histogram(0, [0, "2", "4", "1"]), histogram(10, [0, "1", "4", "8"])]},
    ]

    cells = histogram_cells(answer, Grid(0, 10, 2))

    assert cells is not None
    assert cells.edges == (1, 2, 4)
    assert cells.rows == ((4, 4), (7, 4))
    assert histogram_cells([{"metric": {}, "values": [[0, "1"]]}], Grid(0, 10, 2)) is None


def test_a_table_is_merged_and_organized() -> None:
    def rows(*values: tuple[str, str]) -> list[dict[str, Any]]:
        return [{"metric": {"queue": queue, "job": "w"}, "value": [5, value]} for queue, value in values]

    organize = {
        "excludeByName": {"Time": True, "job": True},
        "indexByName": {"queue": 0, "Value #B": 1, "Value #A": 2},
        "renameByName": {"Value #A": "Pending", "queue": "Queue"},
    }
    answers = {"A": rows(("a", "1"), ("b", "2")), "B": rows(("a", "NaN"))}

    table = table_of(answers, [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}])

    assert table.columns == ("Queue", "Value #B", "Pending")
    assert table.rows == (("a", None, 1.0), ("b", None, 2.0))
    by_value = [{"id": "sortBy", "options": {"sort": [{"field": "Value", "desc": True}]}}]
    assert [row[2] for row in table_of({"A": rows(("a", "1"), ("b", "2"))}, by_value).rows] == ["b", "a"]


def queue(*values: str) -> Variable:
    return Variable(name="queue", label="Queue", possible=values, values=(), every=True, several=True)


def test_repeated_panels_and_rows_are_written_out() -> None:
    def panel(title: str, y: int, **more: Any) -> dict[str, Any]:
        return {"type": "stat", "title": title, "gridPos": {"x": 0, "y": y, "w": 24, "h": 4}, **more}

    board = {
        "panels": [
            panel("of $queue", 0, repeat="queue", repeatDirection="h", maxPerRow=2),
            panel("below", 4),
            {"type": "row", "title": "Row $queue", "repeat": "queue", "collapsed": True, "panels": [panel("in", 9)],
             "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}},
        ]
    }  # fmt: skip

    first, *rows = sections_of(board, [queue("a", "b", "c")])

    assert [(p.place.x, p.place.y, p.place.w) for p in first.panels] == [
        (0, 0, 12),
        (12, 0, 12),
        (0, 4, 12),
        (0, 8, 24),
    ]
    assert [p.variables[0].regex for p in first.panels[:3]] == ["a", "b", "c"]
    assert [(row.title, row.collapsed, len(row.panels)) for row in rows] == [
        ("Row a", True, 1),
        ("Row b", True, 1),
        ("Row c", True, 1),
    ]


def test_what_stands_beside_a_repeated_panel_goes_below_it() -> None:
    def panel(x: int, y: int, w: int, **more: Any) -> dict[str, Any]:
        return {"type": "stat", "title": "a", "gridPos": {"x": x, "y": y, "w": w, "h": 4}, **more}

    board = {"panels": [panel(0, 0, 6, repeat="queue", maxPerRow=2), panel(6, 0, 6), panel(0, 4, 24)]}

    (section,) = sections_of(board, [queue("a", "b", "c")])

    assert [(p.place.x, p.place.y) for p in section.panels] == [(0, 0), (12, 0), (0, 4), (6, 8), (0, 12)]


def test_annotations_are_regions() -> None:
    body = {
        "name": "Alerts",
        "iconColor": "red",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{queue}}",
    }
    labels = {"alertname": "Wait", "severity": "critical"}
    values = [[t, "1"] for t in (0, 30, 60, 300, 330)]

    found = list(regions_of(body, [{"metric": labels, "values": values}], 30))

    assert [(one.start, one.end, one.title, one.text) for one in found] == [
        (0, 60, "Wait", "critical"),
        (300, 330, "Wait", "critical"),
    ]


def test_a_text_cannot_do_anything() -> None:
    html = safe_html(
        "# Hi\n<script>x</script> [go](javascript:alert(1)) ![i](http://a/b.png) [ok](https://a.b)", "markdown"
    )

    assert "<h1>Hi</h1>" in html
    assert '<a href="https://a.b">ok</a>' in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert safe_html("<b>x</b>", "html") == "<pre>&lt;b&gt;x&lt;/b&gt;</pre>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"spec": {}}', "not a dashboard of Grafana's classic model"),
        ('{"panels": [{"title": "A"}]}', "panel 'A' has no type"),
        ('{"panels": [{"title": "A", "type": "stat"}]}', "panel 'A' has no gridPos"),
    ],
)
def test_what_is_no_dashboard(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        board_of("x.json", text)


def test_the_name_of_a_page_stays_in_its_folder() -> None:
    assert file_name("../../etc/x y") == "______etc_x_y"
    assert board_of("x", json.dumps({"dashboard": {"panels": []}})) == {"panels": []}
