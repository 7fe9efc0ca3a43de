"""Expressions: their text, their labels, and what they refuse."""

from __future__ import annotations

import promql_parser
import pytest

from asynq_mon_codegen.catalog import records
from asynq_mon_codegen.catalog.metrics import asynq, instrumentation
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.promql import (
    RATE_INTERVAL,
    Expr,
    ForEach,
    Matcher,
    Scope,
    matchers_of,
    number,
    promql,
    quote,
    regex_of,
    time,
    vector,
)

PLAIN = Scope()
CLUSTER = Scope(identity=("cluster",))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        pytest.param(asynq.QUEUE_SIZE, "asynq_queue_size", id="a metric is its own selector"),
        pytest.param(
            asynq.TASKS_ENQUEUED.where(state="retry").max(by="queue"),
            'max by (queue) (asynq_tasks_enqueued_total{state="retry"})',
            id="one label value is an equality",
        ),
        pytest.param(
            asynq.TASKS_ENQUEUED.where(state=("retry", "archived")),
            'asynq_tasks_enqueued_total{state=~"retry|archived"}',
            id="several label values are an alternation",
        ),
        pytest.param(
            asynq.TASKS_PROCESSED.without(queue="a.b").rate("90s"),
            'rate(asynq_tasks_processed_total{queue!="a.b"}[1m30s])',
            id="windows are printed as Prometheus prints them",
        ),
        pytest.param(
            asynq.TASKS_PROCESSED.rate(RATE_INTERVAL).max(),
            "max (rate(asynq_tasks_processed_total[$__rate_interval]))",
            id="a panel's window stays Grafana's variable",
        ),
        pytest.param(
            records.PENDING.offset("1h").above(3),
            "queue:asynq_tasks_pending:max offset 1h > 3",
            id="a recorded series can be shifted",
        ),
        pytest.param(
            records.LATENCY.predict_linear("1h", "4h"),
            "predict_linear(queue:asynq_queue_latency_seconds:max[1h], 14400)",
            id="ahead is written in seconds",
        ),
        pytest.param(
            instrumentation.TASK_DURATION.quantile(0.95, "5m", by=("queue", "task_type")),
            "histogram_quantile(0.95, sum by (queue, task_type, le) (rate(asynq_task_duration_seconds_bucket[5m])))",
            id="a quantile sums the buckets",
        ),
        pytest.param(time() - records.PENDING, "time() - queue:asynq_tasks_pending:max", id="time has no labels"),
        pytest.param(1 - records.PENDING * 2, "1 - queue:asynq_tasks_pending:max * 2", id="numbers on either side"),
        pytest.param(
            (records.PENDING + records.RETRY) / records.PROCESSED,
            "(queue:asynq_tasks_pending:max + queue:asynq_tasks_retry:max) / queue:asynq_tasks_processed:rate5m",
            id="brackets where precedence needs them",
        ),
        pytest.param(
            records.PENDING.above(0).and_(records.PROCESSED.equals(0)).unless(records.PAUSED.equals(1)),
            "queue:asynq_tasks_pending:max > 0 and queue:asynq_tasks_processed:rate5m == 0 "
            "unless queue:asynq_queue_paused:max == 1",
            id="sides with the same labels need no matching clause",
        ),
        pytest.param(
            records.PENDING.and_(records.PROCESSED.sum().above(0)),
            "queue:asynq_tasks_pending:max and on () sum (queue:asynq_tasks_processed:rate5m) > 0",
            id="other labels are matched on what both have",
        ),
        pytest.param(
            records.PENDING / records.PENDING.sum(),
            "queue:asynq_tasks_pending:max / on () group_left () sum (queue:asynq_tasks_pending:max)",
            id="the side with more labels is many",
        ),
        pytest.param(
            records.PENDING.sum() / records.PENDING,
            "sum (queue:asynq_tasks_pending:max) / on () group_right () queue:asynq_tasks_pending:max",
            id="whichever side that is",
        ),
        pytest.param(vector(1), "vector(1)", id="a vector without labels"),
        pytest.param(number(0.1) + 1e15, "0.1 + 1000000000000000.0", id="numbers keep their value"),
        pytest.param(
            promql("a + b", labels="queue").max(by="queue"), "max by (queue) (a + b)", id="hand-written PromQL"
        ),
        pytest.param(
            records.PENDING.relabel("host", "$1", "queue", "(.*)"),
            'label_replace(queue:asynq_tasks_pending:max, "host", "$1", "queue", "(.*)")',
            id="a label is made from another",
        ),
    ],
)
def test_text(expr: Expr, text: str) -> None:
    """Each expression is the PromQL that an SRE would write, and it parses."""
    rendered = expr.render(PLAIN)

    assert " ".join(rendered.split()) == text
    promql_parser.parse(rendered.replace(RATE_INTERVAL, "5m"))


def test_identity_labels_join_every_aggregation_match_and_recorded_name() -> None:
    """Deployments that share a Prometheus never mix."""
    expr = records.PENDING.and_(records.PROCESSED.sum().above(0))

    assert " ".join(expr.render(CLUSTER).split()) == (
        "cluster_queue:asynq_tasks_pending:max and on (cluster) "
        "sum by (cluster) (cluster_queue:asynq_tasks_processed:rate5m) > 0"
    )
    assert records.PENDING.expr.render(CLUSTER) == (
        'max by (cluster, queue) (asynq_tasks_enqueued_total{state="pending"})'
    )


def test_scope_matchers_go_to_every_selector_that_has_the_label() -> None:
    """A class of queues is selected in all parts of a signal, and nowhere twice."""
    scope = Scope(matchers=(Matcher("queue", "=~", "a|b"), Matcher("task_type", "=", "t")))
    expr = records.PENDING / records.PROCESSED.matching(Matcher("queue", "=", "x"))

    assert expr.render(scope) == (
        'queue:asynq_tasks_pending:max{queue=~"a|b"} / queue:asynq_tasks_processed:rate5m{queue="x"}'
    )


def test_source_selectors_are_added_to_metrics_of_that_source() -> None:
    """The declaration's scrape selectors apply to the exporter's own metrics only."""
    scope = Scope(selectors=(("exporter", matchers_of('job="x"')),))

    assert asynq.EXPORTER_UP.render(scope) == 'up{job="x"}'
    assert asynq.QUEUE_SIZE.render(scope) == "asynq_queue_size"


def test_for_each_lists_declared_names() -> None:
    """Each declared queue becomes one series; a dollar in a name is not a group of the pattern."""
    expr = ForEach(records.SIZE.group(), "queue", "queues")

    assert " ".join(expr.render(Scope(names=(("queues", ("a", "b$1")),))).split()) == (
        'label_replace(group (queue:asynq_queue_size:max), "queue", "a", "", "") or '
        'label_replace(group (queue:asynq_queue_size:max), "queue", "b$$1", "", "")'
    )
    assert expr.render(PLAIN) == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: asynq.QUEUE_SIZE.where(state="pending"), "no label 'state'", id="unknown label"),
        pytest.param(lambda: asynq.TASKS_ENQUEUED.where(state="dead"), "no state='dead'", id="unknown label value"),
        pytest.param(lambda: records.PENDING.max(by="state"), "no label 'state'", id="by a label that is gone"),
        pytest.param(lambda: matchers_of("  "), "select every series", id="empty selector"),
        pytest.param(lambda: matchers_of("job=x"), "not a list of label matchers", id="selector that is not PromQL"),
        pytest.param(lambda: matchers_of('job="x"} or y{a="b"'), "not a list", id="selector that closes the brace"),
        pytest.param(lambda: records.PENDING.offset("5 minutes"), "not a duration", id="offset in words"),
        pytest.param(
            lambda: (instrumentation.TASK_IN_PROGRESS.sum(by="task_type") / records.PENDING).render(PLAIN),
            "many to many",
            id="many to many",
        ),
    ],
)
def test_refused(make: object, message: str) -> None:
    """What PromQL would compute as nonsense is refused where it is written."""
    with pytest.raises(DeclarationError, match=message):
        make()  # type: ignore[operator]


def test_a_gauge_has_no_rate_and_says_why() -> None:
    """The reason names asynq's misleading metric name."""
    assert not hasattr(asynq.TASKS_ENQUEUED, "rate")
    assert asynq.TASKS_ENQUEUED.why_not("rate") == (
        "asynq_tasks_enqueued_total is a gauge and has no rate(): asynq exports it as a gauge in spite of its name",
        "a gauge has max(), sum(), max_over(), avg_over(), delta(), deriv()",
    )
    assert asynq.TASKS_ENQUEUED.why_not("colour") is None


@pytest.mark.parametrize("name", ['q"', "a\\b", "a\nb", "\x01\x7f", "{{x}}", "é🚀", "'", "$1"], ids=repr)
def test_quoting_keeps_any_name(name: str) -> None:
    """The parser reads back exactly the name, as an equality and as a regular expression."""
    selector = promql_parser.parse(f"x{{a={quote(name)}, b=~{quote(regex_of([name]))}}}")

    assert isinstance(selector, promql_parser.VectorSelector)
    values = {m.name: m.value for m in selector.matchers.matchers}
    assert values["a"] == name
    assert values["b"] == regex_of([name])
