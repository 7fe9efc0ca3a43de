"""What the contract check finds in an expression, and what it leaves alone."""

from __future__ import annotations

import pytest

from asynq_mon_codegen import SLO, Gauge, Label, Monitoring, asynq
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks.contract import check, check_expression
from asynq_mon_codegen.plan import Plan, resolve

LAG = Gauge(name="orders_lag", label_set=(Label("topic"),), maximum=10)


def plan_with(*identity: str) -> Plan:
    """A plan without alerts, but with a metric of the team's own and the panels' records."""
    monitoring = Monitoring(alerts=(), metrics=LAG, identity=identity)
    return resolve(monitoring, dashboard_records(Monitoring(alerts=asynq.ALERTS)))


PLAN = plan_with()

SIZE, STATES = "asynq_queue_size", "asynq_tasks_enqueued_total"
FAILED, PROCESSED, OUTCOMES = "asynq_tasks_failed_total", "asynq_tasks_processed_total", "asynq_task_outcomes_total"
BUCKET = "asynq_task_duration_seconds_bucket"


def found(expr: str, plan: Plan = PLAN) -> list[str]:
    """The names of the findings."""
    return [p.check for p in check_expression(expr, plan, "here")]


@pytest.mark.parametrize(
    ("expr", "checks"),
    [
        pytest.param("max by (queue) (", ["promql"], id="a bracket is missing"),
        pytest.param(f'{SIZE}{{queue="a" or queue="b"}}', ["promql"], id="matchers of another language"),
        pytest.param(f"mad_over_time({SIZE}[5m])", ["promql"], id="an experimental function"),
        pytest.param("", ["promql"], id="nothing at all"),
        pytest.param("max by (queue) (asynq_queue_sise)", ["unknown-metric"], id="a metric that does not exist"),
        pytest.param('{queue="a"}', ["unknown-metric"], id="no metric is named"),
        pytest.param("asynq_task_duration_seconds > 1", ["unknown-metric"], id="a histogram by its bare name"),
        pytest.param("cluster_queue:asynq_tasks_pending:max", ["unknown-metric"], id="a record of another identity"),
        pytest.param(f'{SIZE}{{state="pending"}}', ["unknown-label"], id="a label in a matcher"),
        pytest.param(f"max by (qeue) ({SIZE})", ["unknown-label"], id="a label in by"),
        pytest.param(f"max without (sate) ({STATES})", ["unknown-label"], id="a label in without"),
        pytest.param(f"sum by (job) (max by (queue) ({SIZE}))", ["unknown-label"], id="a label that is gone already"),
        pytest.param(f"max by (queue) ({SIZE}) and on (queue) up", ["unknown-label"], id="a label in on"),
        pytest.param(
            f"histogram_quantile(0.9, sum by (queue) (rate({BUCKET}[5m])))",
            ["unknown-label"],
            id="a quantile without le",
        ),
        pytest.param(f'{STATES}{{state="dead"}}', ["unknown-label-value"], id="a state that does not exist"),
        pytest.param(f'{STATES}{{state!="dead"}}', ["unknown-label-value"], id="the absence of such a state"),
        pytest.param(f'{STATES}{{state=~"retry|dead"}}', ["unknown-label-value"], id="one of two states"),
        pytest.param(f"max by (queue) (rate({STATES}[5m]))", ["metric-type"], id="the rate of a gauge"),
        pytest.param("rate(queue:asynq_tasks_pending:max[5m])", ["metric-type"], id="the rate of a recorded level"),
        pytest.param(f"max by (queue) (deriv({FAILED}[5m]))", ["metric-type"], id="the slope of a counter"),
        pytest.param(f"max by (queue) ({FAILED}) > 0", ["counter-compared"], id="the total of a counter"),
        pytest.param(f"0 < max by (queue) ({FAILED})", ["counter-compared"], id="the same the other way round"),
        pytest.param(f"max({FAILED}) / max({PROCESSED}) > 0.1", ["counter-compared"], id="a quotient of totals"),
        pytest.param(
            f'max by (queue) ({STATES}{{state="archived"}}) >= 10000', ["threshold-range"], id="beyond the cap"
        ),
        pytest.param("queue:asynq_tasks_archived:max > 9999", ["threshold-range"], id="beyond it, behind a record"),
        pytest.param("9999 < queue:asynq_tasks_archived:max", ["threshold-range"], id="the same the other way round"),
        pytest.param("up > 1", ["threshold-range"], id="above the maximum"),
        pytest.param("up == 2", ["threshold-range"], id="equal to more than the maximum"),
        pytest.param(f"max by (queue) ({SIZE}) < 0", ["threshold-range"], id="below the minimum"),
        pytest.param(
            "max by (topic) (orders_lag) > 10", ["threshold-range"], id="above the maximum of a metric of their own"
        ),
        pytest.param(
            "queue:asynq_tasks_failed:rate5m / queue:asynq_tasks_processed:rate5m > 1",
            ["threshold-range"],
            id="a part above its whole",
        ),
        pytest.param(f"max by (queue) (rate({FAILED}[20s]))", ["window"], id="a window of one scrape"),
        pytest.param("max_over_time(queue:asynq_tasks_pending:max[30s])", ["window"], id="a window of one evaluation"),
        pytest.param(f"{SIZE} / on (queue) asynq_queue_latency_seconds", ["join"], id="many to many"),
        pytest.param(f"max by (queue) ({SIZE}) / on (queue) {SIZE}", ["join"], id="several on the right"),
        pytest.param(f"{SIZE} * on (queue) group_left () {SIZE}", ["join"], id="group_left with several on the right"),
        pytest.param(f'{STATES}{{state="retry"}} / {SIZE}', ["join"], id="a label on one side only"),
        pytest.param(
            f'{STATES}{{state="retry"}} / {STATES}{{state="pending"}}', ["join"], id="two values of the compared label"
        ),
        pytest.param(
            f'rate({OUTCOMES}{{outcome="archived"}}[5m]) / rate({OUTCOMES}[5m])', ["join"], id="each series over itself"
        ),
        pytest.param(
            f"sum by (queue) (rate({OUTCOMES}[5m])) unless asynq_queue_paused_total == 1",
            ["join"],
            id="an exclusion that never excludes",
        ),
        pytest.param(f"sum by (queue) ({SIZE})", ["duplicate-exporters"], id="a sum over exporters"),
        pytest.param(f"sum({SIZE})", ["duplicate-exporters"], id="a total over exporters"),
        pytest.param(f"count by (queue) ({SIZE} > 10)", ["duplicate-exporters"], id="a count over exporters"),
        pytest.param(
            f"sum by (queue) (rate({FAILED}[5m]))", ["duplicate-exporters"], id="a sum of rates over exporters"
        ),
    ],
)
def test_finds(expr: str, checks: list[str]) -> None:
    """Each fault once, by the name of its check, with a hint."""
    problems = check_expression(expr, PLAN, "panel Size")

    assert [p.check for p in problems] == checks
    assert all(p.where == "panel Size" and p.message for p in problems)
    assert all(p.hint for p in problems if p.message != "the expression is empty")


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param(f"max by (queue) ({SIZE}) > 0", id="a level"),
        pytest.param(f"sum(max by (queue) ({SIZE}))", id="a sum after the exporters are merged"),
        pytest.param(f"sum by (instance) ({SIZE})", id="a sum per exporter"),
        pytest.param(f'sum({SIZE}{{instance="exporter-1:9876"}})', id="a sum over one exporter"),
        pytest.param(f"max by (pod) ({SIZE})", id="a label that relabelling may add and a selector names"),
        pytest.param(f"max without (pod, instance) ({SIZE})", id="target labels in without"),
        pytest.param(f'max by (queue) ({STATES}{{state=~"re.*|pending"}})', id="a pattern of states"),
        pytest.param(f"{STATES} * on (queue, state) group_left () max by (queue, state) ({STATES})", id="a sound join"),
        pytest.param(f'max({STATES}{{state="retry"}}) / ignoring (state) max({SIZE})', id="no labels on either side"),
        pytest.param('up{job="a"} == 0 unless on (job) up{job="a"} == 1', id="a label that a matcher fixes"),
        pytest.param("resets(process_start_time_seconds[15m]) > 0", id="falls of a gauge"),
        pytest.param("time() - max by (queue) (asynq_task_last_success_timestamp_seconds) > 3600", id="an age"),
        pytest.param('absent(up{job="asynq"}) == 1', id="an absence"),
        pytest.param('ALERTS{alertname="X", alertstate="firing", anything="y"} == 1', id="alerts as series"),
        pytest.param(f"histogram_quantile(0.9, sum by (le) (rate({BUCKET}[5m]))) > 1", id="a quantile"),
        pytest.param(f'rate({PROCESSED}{{queue=~"$queue"}}[$__rate_interval])', id="a panel's variables"),
        pytest.param(f"avg_over_time(max({SIZE})[10m:1m]) > 1 or vector(0)", id="a subquery"),
        pytest.param('label_replace(up, "queue", "a", "", "") == 0', id="a new label"),
        pytest.param(f"max by (queue) ({SIZE}) * 2 - 1 < 0 or -max by (queue) ({SIZE}) < -5", id="arithmetic"),
        pytest.param(
            f"max by (queue) (rate({FAILED}[5m])) / (max by (queue) (rate({PROCESSED}[5m])) * 0.01) > 14.4",
            id="a part over a share of the whole",
        ),
        pytest.param("max by (topic) (orders_lag) > 9", id="a metric of the team's own"),
        pytest.param(
            f"max by (queue) (rate({FAILED}[5m])) / (max by (queue) (rate({PROCESSED}[5m])) * 0.001) > 14.4",
            id="a part of a thousandth of the whole",
        ),
        pytest.param(f"max by (queue) ({STATES}{{state=`retry`}})", id="a string in backticks"),
    ],
)
def test_leaves_alone(expr: str) -> None:
    """What is right has no finding."""
    assert found(expr) == []


def test_identity_labels_are_part_of_every_series() -> None:
    """A join that forgets the deployment finds several series; one that has it is sound."""
    plan = plan_with("cluster")

    assert found(f"max by (cluster, queue) ({SIZE}) / on (queue) max by (cluster, queue) ({SIZE})", plan) == ["join"]
    assert found(f"max by (queue) ({SIZE}) / max by (cluster, queue) ({SIZE})", plan) == ["join"]
    assert found(f"max by (cluster, queue) ({SIZE}) / max by (cluster, queue) ({SIZE})", plan) == []


def test_a_single_service_level_is_clean() -> None:
    """A burn rate is a quotient of a part and its whole, but may be far above 1."""
    monitoring = Monitoring(alerts=asynq.ALERTS, slos=(SLO("tasks-succeed", objective="99.9%"),))

    assert check(resolve(monitoring, dashboard_records(monitoring))) == ()


@pytest.mark.parametrize("identity", [pytest.param((), id="plain"), pytest.param(("cluster", "namespace"), id="fleet")])
def test_the_catalogue_is_clean(identity: tuple[str, ...]) -> None:
    """Not one alert or record of the catalogue has a finding."""
    monitoring = Monitoring(alerts=asynq.ALERTS, instrumentation=True, identity=identity)
    plan = resolve(monitoring, dashboard_records(monitoring))

    assert check(plan) == ()
    assert len(plan.alerts) > 60
