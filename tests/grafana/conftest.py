"""A dashboard with every panel type, for the tests of the Grafana layer and of its contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asynq_mon_codegen import grafana as g

SELECTOR = 'job=~"$job",queue=~"$queue"'
RATE = f"asynq_tasks_processed_total{{{SELECTOR}}}[$__rate_interval]"

KNOWN_METRICS = frozenset(
    {
        "asynq_queue_latency_seconds",
        "asynq_queue_paused_total",
        "asynq_queue_size",
        "asynq_task_duration_seconds_bucket",
        "asynq_tasks_failed_total",
        "asynq_tasks_processed_total",
        "queue:asynq_queue_latency_seconds:max",
    }
)

STEPS = g.threshold_steps("green", (60, "orange"), (300, "red"))
DRILL = g.dashboard_data_link("Open this queue", "asynq-queue", variables={"queue": "${__field.labels.queue}"})
LOGS = g.explore_link("Logs", kind="loki", query='{app="asynq"} | json | queue="${__field.labels.queue}"')
TRACES = g.explore_link("Traces", kind="tempo", query='{ span.queue = "${__field.labels.queue}" }')


def overview() -> g.Row:
    """Single values and graphs."""
    return g.row(
        "overview",
        "Overview",
        g.stat(
            "backlog",
            "Backlog",
            "Tasks in all of the selected queues.",
            [g.query(f"sum(asynq_queue_size{{{SELECTOR}}})")],
            "short",
            steps=g.threshold_steps("green", (1000, "orange"), (10000, "red")),
            links=[DRILL],
            no_value="0",
        ),
        g.gauge(
            "oldest",
            "Oldest pending task",
            "Age of the oldest pending task of the worst queue.",
            [g.query(f"max(asynq_queue_latency_seconds{{{SELECTOR}}})")],
            "s",
            steps=STEPS,
            min=0,
            max=900,
        ),
        g.text("help", "How to read this", "What the colours of this dashboard mean.", "**Red** is bad."),
        g.bargauge(
            "by-queue",
            "Size by queue",
            "Tasks of each queue, whatever their state.",
            [g.query(f"sum by (queue) (asynq_queue_size{{{SELECTOR}}})", "{{queue}}", instant=True)],
            "short",
        ),
        g.timeseries(
            "latency",
            "Queue latency",
            "Age of the oldest pending task against its thresholds.",
            [
                g.query(f"max by (queue) (asynq_queue_latency_seconds{{{SELECTOR}}})", "{{queue}}", exemplar=True),
                g.threshold_line("queue:asynq_queue_latency_seconds:max * 0 + 60", "warning {{queue}}", "warning"),
                g.threshold_line("vector(300)", "critical", "critical"),
            ],
            "s",
            w=12,
            steps=STEPS,
            thresholds_style="dashed+area",
            links=[DRILL, LOGS, TRACES],
            overrides=[g.color_override("default", "blue")],
            legend="table-right",
            soft_max=0.5,
            interval="30s",
        ),
        g.timeseries(
            "rate",
            "Throughput of $queue",
            "Finished tasks a second, one panel for each queue.",
            [g.query(f"sum by (queue) (rate({RATE}))", "{{queue}}")],
            "ops",
            w=12,
            stack=True,
            decimals=1,
            repeat=g.Repeat(variable="queue", max_per_row=3),
        ),
    )


def details() -> g.Row:
    """Heatmap, states, bars and the table."""
    failed = f"sum by (queue) (increase(asynq_tasks_failed_total{{{SELECTOR}}}[$__range]))"
    buckets = f"sum by (le) (increase(asynq_task_duration_seconds_bucket{{{SELECTOR}}}[$__rate_interval]))"
    return g.row(
        "details",
        "Details",
        g.heatmap("durations", "Task duration", "How long the attempts took.", [g.query(buckets, exemplar=True)], "s"),
        g.state_timeline(
            "paused",
            "Paused",
            "When each of the queues was paused.",
            [g.query(f"max by (queue) (asynq_queue_paused_total{{{SELECTOR}}})", "{{queue}}")],
            "none",
            mappings=[
                g.map_value(0, "running", "green"),
                g.map_value(1, "paused", "blue"),
                g.map_range(2, None, "impossible", "red"),
                g.map_special("null+nan", "unknown"),
            ],
        ),
        g.barchart(
            "failed", "Failures", "Failed attempts in the time range.", [g.query(failed)], "short", x_field="queue"
        ),
        g.table(
            "queues",
            "Queues",
            "One line for each of the queues.",
            [
                g.query(f"sum by (queue) (asynq_queue_size{{{SELECTOR}}})"),
                g.query(f"max by (queue) (asynq_queue_latency_seconds{{{SELECTOR}}})"),
                g.query(f"sum by (queue) (rate({RATE}))"),
            ],
            "short",
            columns=[
                g.label_column("queue", "Queue", links=[g.data_link("Open", "/d/q/q?var-queue=${__value.text}")]),
                g.value_column(0, "Size", "short", cell="gauge", min=0),
                g.value_column(1, "Latency", "s", cell="color-text", steps=STEPS),
                g.value_column(2, "Processed/s", "ops", decimals=2, width=120),
            ],
            sort_by="Latency",
        ),
    )


def build_sample() -> dict[str, Any]:
    """The sample dashboard."""
    line = g.query(f"sum(asynq_queue_size{{{SELECTOR}}})")
    return g.dashboard(
        uid="asynq-sample",
        title="Asynq / Sample",
        description="Every panel type once.",
        tags=["generated", "asynq"],
        variables=[
            g.datasource_variable("prometheus"),
            g.datasource_variable("loki", hide=True),
            g.datasource_variable("tempo", hide=True),
            g.query_variable("job", "Job", "label_values(asynq_queue_size, job)"),
            g.query_variable("queue", "Queue", 'label_values(asynq_queue_size{job=~"$job"}, queue)'),
            g.adhoc_variable(),
        ],
        rows=[
            overview(),
            details(),
            g.row(
                "logs",
                "Logs",
                g.logs("workers", "Worker logs", "Log lines of the workers.", [g.log_query('{app="asynq"}')]),
                collapsed=True,
            ),
            g.row(
                "queue",
                "Queue $queue",
                g.timeseries("size", "Size of $queue", "Tasks in this one queue.", [line], "short", w=24),
                collapsed=True,
                repeat="queue",
            ),
        ],
        links=[
            g.dashboards_link("Asynq dashboards", ["asynq"]),
            g.external_link("Runbooks", "https://runbooks.example.org/", tooltip="What to do"),
        ],
        annotations=[g.alerts_annotation('ALERTS{alertname=~"Asynq.*",alertstate="firing",queue=~"$queue|"}')],
    )


@pytest.fixture
def build() -> Callable[[], dict[str, Any]]:
    """Builds the sample dashboard anew."""
    return build_sample


@pytest.fixture
def sample() -> dict[str, Any]:
    """The sample dashboard, which a test may change."""
    return build_sample()


@pytest.fixture
def known_metrics() -> frozenset[str]:
    """The metrics that the sample dashboard may read."""
    return KNOWN_METRICS
