"""The schema and the semantic checks together find every single fault put into a good dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from jsonschema import Draft202012Validator

from asynq_mon_codegen.checks.dashboard_semantics import check_dashboard
from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.schemas.dashboard import dashboard_schema, validate_dashboard

Dashboard: TypeAlias = dict[str, Any]
Mutation: TypeAlias = Callable[[Dashboard], object]


def panel(dashboard: Dashboard, title: str) -> Dashboard:
    """The panel with this title, those of collapsed rows included."""
    every = [*dashboard["panels"], *(inner for row in dashboard["panels"] for inner in row.get("panels", []))]
    found: Dashboard = next(one for one in every if one["title"] == title)
    return found


def latency(dashboard: Dashboard) -> Dashboard:
    """The time series panel with thresholds, links and overrides."""
    return panel(dashboard, "Queue latency")


def defaults(dashboard: Dashboard) -> Dashboard:
    """Its field defaults."""
    found: Dashboard = latency(dashboard)["fieldConfig"]["defaults"]
    return found


def set_expr(expr: str) -> Mutation:
    """Replaces the first expression of the latency panel."""
    return lambda dashboard: latency(dashboard)["targets"][0].update(expr=expr)


SCHEMA_FAULTS = [
    pytest.param(lambda d: d.update(schemaVersion=12), "42 was expected", id="an old schema version"),
    pytest.param(lambda d: d.update(rows=[]), "'rows' was unexpected", id="a legacy key of the dashboard"),
    pytest.param(lambda d: d.update(editable=True), "False was expected", id="an editable dashboard"),
    pytest.param(lambda d: d.update(uid="a" * 41), "does not match", id="a uid that is too long"),
    pytest.param(lambda d: d.pop("uid"), "'uid' is a required property", id="no uid"),
    pytest.param(lambda d: d.update(tags=["generated"]), "does not contain items", id="not tagged asynq"),
    pytest.param(lambda d: d["time"].update({"from": "yesterday"}), "does not match", id="a time that is no time"),
    pytest.param(lambda d: latency(d).pop("id"), "'id' is a required property", id="a panel without id"),
    pytest.param(lambda d: latency(d).update(type="graph"), "'graph' is not one of", id="a removed panel type"),
    pytest.param(lambda d: latency(d).update(span=6), "'span' was unexpected", id="a legacy key of a panel"),
    pytest.param(lambda d: latency(d).pop("pluginVersion"), "'pluginVersion' is a required", id="no pluginVersion"),
    pytest.param(lambda d: latency(d)["options"].update(a=1), "'a' was unexpected", id="an unknown option"),
    pytest.param(
        lambda d: latency(d)["options"]["legend"].update(displayMode="hidden"),
        "'hidden' is not one of",
        id="a legend mode of Grafana 8",
    ),
    pytest.param(lambda d: defaults(d).update(unit="seconds"), "'seconds' is not one of", id="a unit Grafana lacks"),
    pytest.param(
        lambda d: defaults(d)["thresholds"]["steps"][0].update(value=0),
        "0 is not of type 'null'",
        id="a base step with a number",
    ),
    pytest.param(
        lambda d: defaults(d)["thresholds"]["steps"][1].update(value="60"),
        "'60' is not of type 'number'",
        id="a threshold as text",
    ),
    pytest.param(
        lambda d: defaults(d)["custom"].update(lineInterpolation="cubic"),
        "'cubic' is not one of",
        id="an unknown line interpolation",
    ),
    pytest.param(lambda d: defaults(d).update(mappings=[]), "non-empty", id="an empty list of mappings"),
    pytest.param(
        lambda d: defaults(d)["links"][0].update(url="javascript:x"), "does not match", id="a data link that runs code"
    ),
    pytest.param(
        lambda d: latency(d)["fieldConfig"]["overrides"][0]["properties"][1].update(value="none"),
        "'none' is not of type 'number'",
        id="an override's value of the wrong type",
    ),
    pytest.param(
        lambda d: latency(d)["fieldConfig"]["overrides"][0]["properties"][1].update(id="custom.fill"),
        "'custom.fill' is not one of",
        id="an override of an unknown setting",
    ),
    pytest.param(
        lambda d: latency(d)["targets"][0].update(intervalFactor=2),
        "'intervalFactor' was unexpected",
        id="a legacy key of a target",
    ),
    pytest.param(
        lambda d: latency(d)["datasource"].update(uid="prom-1"),
        "'${prometheus_datasource}' was expected",
        id="a data source fixed by its uid",
    ),
    pytest.param(
        lambda d: panel(d, "Oldest pending task")["fieldConfig"]["defaults"].update(calcs=["mean"]),
        "'calcs' was unexpected",
        id="a gauge as grafanalib writes it",
    ),
    pytest.param(lambda d: panel(d, "Worker logs").update(options={}), "is a required", id="nested: no options"),
    pytest.param(
        lambda d: d["templating"]["list"][3].update(useTags=False),
        "'useTags' was unexpected",
        id="a removed variable key",
    ),
    pytest.param(
        lambda d: d["annotations"]["list"][1]["target"].update(interval="often"), "does not match", id="an odd interval"
    ),
]

SEMANTIC_FAULTS = [
    pytest.param(lambda d: latency(d).update(id=panel(d, "Backlog")["id"]), "panel id", id="two panels with one id"),
    pytest.param(
        lambda d: panel(d, "Worker logs").update(id=latency(d)["id"]), "panel id", id="an id again in a collapsed row"
    ),
    pytest.param(lambda d: latency(d)["targets"][1].update(refId="A"), "refId A is used twice", id="one refId twice"),
    pytest.param(
        lambda d: latency(d)["gridPos"].update(x=panel(d, "Throughput of $queue")["gridPos"]["x"]),
        "overlaps panel",
        id="panels over each other",
    ),
    pytest.param(lambda d: latency(d)["gridPos"].update(x=13), "leaves the grid", id="a panel beyond the edge"),
    pytest.param(
        set_expr('asynq_queue_size{queue=~"$queues"}'), "undeclared variable $queues", id="an undeclared variable"
    ),
    pytest.param(
        lambda d: defaults(d)["links"][0].update(url="/d/q/q?var-queue=${__feld.labels.queue}"),
        "undeclared variable $__feld",
        id="an unknown variable in a data link",
    ),
    pytest.param(
        lambda d: panel(d, "Throughput of $queue").update(repeat="queues"),
        "repeats over the undeclared variable $queues",
        id="a repeat over nothing",
    ),
    pytest.param(set_expr("sum(asynq_queue_size"), "not PromQL", id="an expression that does not parse"),
    pytest.param(set_expr("asynq_queue_sizes"), "unknown metric asynq_queue_sizes", id="an unknown metric"),
    pytest.param(set_expr("queue:unknown:sum"), "unknown metric queue:unknown:sum", id="an unknown recorded series"),
    pytest.param(set_expr('{__name__=~"asynq.*"}'), "without a metric name", id="a selector of any metric"),
    pytest.param(
        set_expr("rate(asynq_tasks_failed_total[5m])"), "neither $__rate_interval nor $__range", id="a fixed window"
    ),
    pytest.param(
        set_expr("max_over_time(rate(asynq_tasks_failed_total[$__interval])[1h:])"),
        "neither $__rate_interval nor $__range",
        id="a window of $__interval inside a subquery",
    ),
    pytest.param(lambda d: d["templating"]["list"].reverse(), "the first variable is not", id="another first variable"),
    pytest.param(
        lambda d: d["templating"]["list"].append(d["templating"]["list"][4]), "declared twice", id="a variable twice"
    ),
    pytest.param(
        lambda d: d["templating"]["list"][4]["query"].update(query="label_values(asynq_queue, queue)"),
        "unknown metric asynq_queue",
        id="a variable of an unknown metric",
    ),
    pytest.param(
        lambda d: d["templating"]["list"][4]["query"].update(query="metrics(asynq)"),
        "neither label_values",
        id="a variable query of another kind",
    ),
    pytest.param(
        lambda d: d["annotations"]["list"][1]["target"].update(expr='ALERTS{queue="$q"}'),
        "undeclared variable $q",
        id="an undeclared variable in an annotation",
    ),
    pytest.param(lambda d: defaults(d).pop("unit"), "has no unit", id="no unit"),
    pytest.param(lambda d: latency(d).pop("title"), "has no title", id="no title"),
    pytest.param(
        lambda d: latency(d).update(description="Latency"), "has no description", id="too short a description"
    ),
    pytest.param(
        lambda d: panel(d, "Overview").update(panels=[panel(d, "Backlog")]), "open row holds panels", id="an open row"
    ),
    pytest.param(
        lambda d: latency(d)["targets"].pop(), "override is for refId C", id="an override for a query that is gone"
    ),
]


def messages(problems: tuple[Problem, ...]) -> str:
    """All messages as one text."""
    return "\n".join(problem.message for problem in problems)


def test_schema_is_a_schema() -> None:
    """The contract itself is a valid JSON Schema."""
    Draft202012Validator.check_schema(dashboard_schema())


def test_good_dashboard_passes(sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """The sample dashboard has no fault at all."""
    assert validate_dashboard(sample) == ()
    assert check_dashboard(sample, known_metrics) == ()


@pytest.mark.parametrize(("mutate", "message"), SCHEMA_FAULTS)
def test_schema_finds(mutate: Mutation, message: str, sample: Dashboard) -> None:
    """The schema names the one fault."""
    mutate(sample)

    assert message in messages(validate_dashboard(sample))


@pytest.mark.parametrize(("mutate", "message"), SEMANTIC_FAULTS)
def test_semantic_check_finds(mutate: Mutation, message: str, sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """The semantic check names the one fault."""
    mutate(sample)

    assert message in messages(check_dashboard(sample, known_metrics))


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param("increase(queue:asynq_queue_latency_seconds:max[1h])", id="a recorded series over a fixed window"),
        pytest.param("max_over_time(asynq_queue_size[10m])", id="a gauge over a fixed window"),
        pytest.param("increase(asynq_tasks_failed_total[$__range])", id="a counter over the whole range"),
        pytest.param("rate(asynq_tasks_failed_total[${__rate_interval}])", id="a variable in braces"),
        pytest.param('asynq_queue_size{queue=~"${queue:regex}"} offset 1d', id="a variable with a format"),
        pytest.param("asynq_queue_size * ${__range_s}", id="the range as a number"),
    ],
)
def test_semantic_check_allows(expr: str, sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """Expressions that are as they should be are not complained about."""
    set_expr(expr)(sample)

    assert check_dashboard(sample, known_metrics) == ()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("label_values(queue)", id="every value of a label"),
        pytest.param('query_result(topk(5, asynq_queue_size{job=~"$job"}))', id="the result of an expression"),
    ],
)
def test_variable_query_allowed(query: str, sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """Variables may also take all values of a label, or what an expression gives."""
    sample["templating"]["list"][4]["query"]["query"] = query

    assert check_dashboard(sample, known_metrics) == ()


def test_broken_form_is_left_to_the_schema(sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """Parts of the wrong form do not break the semantic check; the schema has found them."""
    latency(sample).update(gridPos=None, targets="none", fieldConfig=[])

    assert "has no unit" in messages(check_dashboard(sample, known_metrics))
    assert "None is not of type 'object'" in messages(validate_dashboard(sample))


def test_problem_says_where_and_what_instead(sample: Dashboard, known_metrics: frozenset[str]) -> None:
    """A finding names dashboard, panel and query, and proposes the nearest name."""
    set_expr('asynq_queue_size{queue=~"$queus"}')(sample)

    assert (
        Problem(
            check="dashboard-semantics",
            message="undeclared variable $queus",
            where="dashboard asynq-sample, panel 'Queue latency'",
            hint="did you mean 'queue'?",
        ),
    ) == check_dashboard(sample, known_metrics)
