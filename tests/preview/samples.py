"""Dashboards with every kind of panel, and one whose names and texts are out to do harm."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen import grafana as g

HOSTILE = "<img src=x onerror=\"window.hacked='yes'\"></script><script>window.hacked=1</script>"
ABOUT = "What it shows and how to read it."


def _hostile_query() -> g.Query:
    text = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    return g.query(f'label_replace(vector(1), "queue", "{text}", "", "")', "{{queue}}")


def every_kind() -> dict[str, object]:
    """Each panel type once, with repeats, a collapsed row, thresholds and what is not previewed."""
    steps = g.threshold_steps("green", (60, "orange"), (300, "red"))
    wait = g.query('max by (queue) (asynq_queue_latency_seconds{queue=~"$queue"})', "{{queue}}")
    pending = g.query('sum by (queue) (asynq_tasks_enqueued_total{state="pending"})', "{{queue}}")
    outcomes = g.query("sum by (outcome) (rate(asynq_task_outcomes_total[$__rate_interval]))", "{{outcome}}")
    buckets = g.query("sum by (le) (increase(asynq_task_duration_seconds_bucket[$__rate_interval]))")
    longest = g.query("max(asynq_queue_latency_seconds)")
    up = [g.map_value(0, "down", "red"), g.map_value(1, "up", "green")]
    return g.dashboard(
        uid="every-kind",
        title="Every kind",
        description=ABOUT,
        tags=("asynq",),
        variables=[
            g.datasource_variable("prometheus"),
            g.query_variable("queue", "Queue", "label_values(asynq_queue_size, queue)"),
        ],
        annotations=[g.alerts_annotation('ALERTS{alertstate="firing", severity="critical"}')],
        rows=[
            g.row(
                "graphs",
                "Graphs",
                g.timeseries("lines", "Lines", ABOUT, [wait, g.threshold_line("vector(60)", "warning", "warning")], "s",
                             steps=steps, thresholds_style="dashed+area", legend="table-right"),
                g.timeseries("stack", "Stack", ABOUT, [outcomes], "ops", stack=True),
                g.timeseries("bars", "Bars", ABOUT, [outcomes], "ops", draw_style="bars", log_scale=True, min=0.001),
                g.heatmap("heat", "Heatmap", ABOUT, [buckets], "s"),
                g.state_timeline("states", "States", ABOUT, [g.query("up", "{{instance}}")], "short", mappings=up),
                g.barchart("chart", "Bar chart", ABOUT, [pending], "short", x_field="queue"),
            ),
            g.row(
                "values",
                "Values",
                g.stat("stat", "Stat of $queue", ABOUT, [wait], "s", steps=steps,
                       repeat=g.Repeat(variable="queue", direction="h", max_per_row=4)),
                g.gauge("gauge", "Gauge", ABOUT, [longest], "s", steps=steps, max=900),
                g.bargauge("bargauge", "Bar gauge", ABOUT, [wait], "s", steps=steps),
                g.table("table", "Table", ABOUT, [pending], "short", sort_by="Pending",
                        columns=[g.label_column("queue", "Queue"), g.value_column(0, "Pending", "short")]),
            ),
            g.row("texts", "Texts",
                  g.text("text", "Text", ABOUT, "**$queue** <b>html</b>"),
                  g.logs("logs", "Logs", ABOUT, [g.log_query('{queue=~"$queue"}')]), collapsed=True),
            g.row("each", "Queue $queue",
                  g.timeseries("one", "Wait of $queue", ABOUT, [wait], "s"), collapsed=True, repeat="queue"),
        ],
    )  # fmt: skip


def hostile() -> dict[str, Any]:
    """Every place into which a text from outside gets, with one that is a script."""
    query = _hostile_query()
    board: dict[str, Any] = g.dashboard(
        uid="hostile",
        title=HOSTILE,
        description=HOSTILE,
        tags=("asynq",),
        variables=[
            g.datasource_variable("prometheus"),
            g.query_variable("queue", HOSTILE, "label_values(asynq_queue_size, queue)"),
        ],
        annotations=[g.alerts_annotation('ALERTS{alertstate="firing"}', title=HOSTILE)],
        rows=[
            g.row(
                "all",
                HOSTILE,
                g.timeseries(
                    "lines", HOSTILE, HOSTILE, [query, g.query("vector(2)", HOSTILE)], "s", axis_label=HOSTILE
                ),
                g.stat("stat", HOSTILE, HOSTILE, [query, g.query("vector(2)", HOSTILE)], "s"),
                g.state_timeline(
                    "states", HOSTILE, HOSTILE, [query], "short", mappings=[g.map_value(1, HOSTILE, "red")]
                ),
                g.bargauge("bars", HOSTILE, HOSTILE, [query], "short"),
                g.barchart("chart", HOSTILE, HOSTILE, [query], "short", x_field="queue"),
                g.table("table", HOSTILE, HOSTILE, [query], "short", columns=[g.label_column("queue", HOSTILE)]),
                g.text("text", HOSTILE, HOSTILE, HOSTILE),
                g.logs("logs", HOSTILE, HOSTILE, [g.log_query('{a="' + HOSTILE + '"}')]),
            )
        ],
    )
    return board
