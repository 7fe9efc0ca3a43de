"""Every expression of the plan against the metric contract: what neither promtool nor a linter can see.

Found are PromQL that does not parse, metrics, labels and label values that do not exist, rates of
gauges and levels of counters, thresholds that no value can reach, windows that hold fewer than two
samples, joins that match nothing or many to many, sums that count a task once per exporter, and
texts that name a label which the expression aggregates away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asynq_mon_codegen.checks.series import Facts, Knowledge, knowledge
from asynq_mon_codegen.checks.tracking import track
from asynq_mon_codegen.errors import Problem, did_you_mean
from asynq_mon_codegen.model import Alert
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.texts import placeholders
from asynq_mon_codegen.promql.parsed import NotPromQL, parse

__all__ = ["check", "check_expression", "check_expressions", "of_alert"]

_OWN_PLACEHOLDERS = frozenset({"value", "threshold", "hold"})


def check(plan: Plan) -> tuple[Problem, ...]:
    """Everything that is wrong with the expressions of recorded series and alerts, and with texts over them."""
    known = knowledge(plan)
    found: list[Problem] = []
    for record in plan.records:
        found += _expression(record.expr, known, f"record {record.name}")[1]
    for alert in plan.monitoring.alerts:
        found += _alert(alert, plan.every_rule_of(alert), known)
    return tuple(dict.fromkeys(found))


def of_alert(plan: Plan, alert: Alert) -> tuple[Problem, ...]:
    """What :func:`check` says of one alert."""
    return tuple(_alert(alert, plan.every_rule_of(alert), knowledge(plan)))


def check_expression(text: str, plan: Plan, where: str) -> tuple[Problem, ...]:
    """What is wrong with one more expression, such as that of a panel; Grafana's variables are allowed in it."""
    return check_expressions([(text, where)], plan)


def check_expressions(expressions: Iterable[tuple[str, str]], plan: Plan) -> tuple[Problem, ...]:
    """The same for many expressions, each with the place where it stands."""
    known = knowledge(plan)
    return tuple(p for text, where in expressions for p in _expression(text, known, where, panel=True)[1])


def _expression(text: str, known: Knowledge, where: str, *, panel: bool = False) -> tuple[Facts | None, list[Problem]]:
    found: list[Problem] = []

    def report(check: str, message: str, hint: str) -> None:
        found.append(Problem(check=check, where=where, message=message, hint=hint))

    try:
        facts = track(parse(text, panel=panel), known, report)
    except NotPromQL as error:
        return None, [Problem(check="promql", where=where, message=error.message, hint=error.hint)]
    return facts, found


def _alert(alert: Alert, rules: tuple[PlannedAlert, ...], known: Knowledge) -> Iterator[Problem]:
    """The findings of all rules of one alert; what all of them have in common is said once."""
    by_finding: dict[Problem, list[str]] = {}
    for rule in rules:
        facts, found = _expression(rule.expr, known, "")
        more = () if facts is None else _result(alert, rule, facts, known)
        for problem in dict.fromkeys((*found, *more)):
            by_finding.setdefault(problem, []).append(rule.severity.value)
    for problem, severities in by_finding.items():
        which = "" if len(severities) == len(rules) > 1 else f" ({', '.join(severities)})"
        yield Problem(
            check=problem.check, where=f"alert {alert.name}{which}", message=problem.message, hint=problem.hint
        )


def _result(alert: Alert, rule: PlannedAlert, facts: Facts, known: Knowledge) -> Iterator[Problem]:
    if facts.copies:
        yield Problem(
            check="duplicate-exporters",
            message=f"it fires once per exporter: each exporter tells the same {facts.copies}",
            hint=f"merge them: max by ({', '.join((*known.identity, 'queue'))}) ({facts.copies})",
        )
    if facts.labels is None:
        return
    for name in sorted(rule.label_names - facts.labels):
        yield Problem(
            check="text-label",
            message=f"the signal is said to have the label {name!r}, but the expression has none",
            hint=_labels_hint(name, facts.labels),
        )
    yield from _texts(alert, facts.labels)


def _texts(alert: Alert, labels: Iterable[str]) -> Iterator[Problem]:
    names = frozenset(labels)
    for field, text in (("summary", alert.summary), ("description", alert.description)):
        for name in dict.fromkeys(placeholders(text)):
            if name not in names | _OWN_PLACEHOLDERS:
                yield Problem(
                    check="text-label",
                    message=f"the {field} names {{{name}}}, which the expression does not keep",
                    hint=_labels_hint(name, names | _OWN_PLACEHOLDERS),
                )


def _labels_hint(name: str, names: frozenset[str]) -> str:
    near = did_you_mean(name, names)
    return near if near.startswith("did you mean") else f"keep it with by=..., or leave it out; {near}"
