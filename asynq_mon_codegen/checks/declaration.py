"""What does not fit together in a declaration although each of its parts is possible.

Names of the findings: ``inhibits``, ``dashboard``, ``hold``, ``duplicate-rule``, ``no-test``,
``runbook-label``, ``text``, ``link-label``, ``own-threshold``, ``own-metric``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.catalog.metrics import CONTRACT
from asynq_mon_codegen.checks.contract import of_alert
from asynq_mon_codegen.errors import Problem, did_you_mean
from asynq_mon_codegen.model import Alert, Burn, Command, Present
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.probes import probe_of
from asynq_mon_codegen.plan.texts import placeholders
from asynq_mon_codegen.promql import Raw

__all__ = ["DASHBOARDS", "check"]

DASHBOARDS = (
    "asynq-overview",
    "asynq-queue",
    "asynq-tasks",
    "asynq-workers",
    "asynq-redis",
    "asynq-slo",
    "asynq-health",
)
"""Uids of the generated dashboards."""

_GO_TEMPLATE = re.compile(r"\{\{.*?\$?\.?(?:labels|Labels)\.(\w+)|\{\{\s*\$value")
_NEAR = 0.8
_LONG = 200


def check(plan: Plan) -> tuple[Problem, ...]:
    """Everything of that kind, alert by alert."""
    found: list[Problem] = [*_metrics(plan), *_links(plan)]
    for alert in plan.monitoring.alerts:
        rules = plan.rules_of(alert)
        found += _inhibits(plan, alert)
        found += _dashboard(alert)
        found += _texts(alert)
        if rules:
            found += _runbook(plan, alert, rules[0].label_names)
            found += _thresholds(alert, rules)
            found += _tested(plan, alert)
    return (*found, *_holds(plan), *_twice(plan))


def _problem(check: str, alert: Alert | str, message: str, hint: str = "") -> Problem:
    where = f"alert {alert.name if isinstance(alert, Alert) else alert}"
    return Problem(check=check, where=where, message=message, hint=hint)


def _inhibits(plan: Plan, alert: Alert) -> Iterator[Problem]:
    known = {*plan.monitoring.alerts.names(), *ALERTS.names()}
    # the catalogue's alerts may name others of it that a declaration leaves out
    given = ALERTS[alert.name].inhibits if alert.name in ALERTS.names() else ()
    for name in alert.inhibits:
        if name not in known and name not in given:
            hint = did_you_mean(name, known)
            message = f"it inhibits {name!r}, an alert that does not exist"
            yield _problem(
                "inhibits", alert, message, hint if len(hint) < _LONG else "`asynq-mon list` shows all alerts"
            )


def _dashboard(alert: Alert) -> Iterator[Problem]:
    uid = alert.dashboard
    if uid in DASHBOARDS:
        return
    near = difflib.get_close_matches(uid, DASHBOARDS, n=1, cutoff=_NEAR)
    # any other uid may be a dashboard of the team's own
    if near or uid.startswith("asynq-") or not uid.strip():
        hint = f"did you mean {near[0]!r}?" if near else f"generated are: {', '.join(DASHBOARDS)}"
        yield _problem("dashboard", alert, f"there is no dashboard with the uid {uid!r}", hint)


def _texts(alert: Alert) -> Iterator[Problem]:
    for field, text in (("summary", alert.summary), ("description", alert.description)):
        if match := _GO_TEMPLATE.search(text):
            name = match.group(1) or "value"
            yield _problem(
                "text",
                alert,
                f"the {field} is written as a Go template",
                f"write {{{name}}}: names stand in single braces",
            )
        if not text.strip():
            yield _problem("text", alert, f"the {field} is blank", "say in a sentence what is wrong")
        if isinstance(alert.when, Present | Burn) and "threshold" in placeholders(text):
            yield _problem(
                "text",
                alert,
                f"the {field} names {{threshold}}, but {type(alert.when).__name__}(...) has none",
                "leave {threshold} out",
            )


_CHOSEN = frozenset({"queue", "task_type"})
"""What a reader can choose where the alert does not say it: any queue of the Redis that is in trouble."""


def _runbook(plan: Plan, alert: Alert, labels: frozenset[str]) -> Iterator[Problem]:
    known = labels | set(plan.monitoring.identity) | _CHOSEN
    book = alert.runbook
    commands = (*(c for x in book.causes for c in x.commands), *(c for x in book.actions for c in x.commands))
    names = dict.fromkeys(n for c in commands for n in _names_in(c))
    for name in names:
        if name not in known:
            yield _problem(
                "runbook-label",
                alert,
                f"a command of its runbook names {{{name}}}, but the alert has no label {name!r}",
                did_you_mean(name, known) or "the alert has no labels: write the command without",
            )


def _names_in(command: Command) -> tuple[str, ...]:
    return placeholders(command.text) if isinstance(command.text, str) else ()


def _thresholds(alert: Alert, rules: tuple[PlannedAlert, ...]) -> Iterator[Problem]:
    special = [c for r in rules for c in (*(r.classes[:-1] if r.own is None else r.classes), *r.apart)]
    if special and any(isinstance(expr, Raw) for expr in alert.signal.expr.walk()):
        names = ", ".join(dict.fromkeys(repr(n) for c in special for n in c.names))
        yield _problem(
            "own-threshold",
            alert,
            f"{names} cannot have a threshold, hold or floor of its own: "
            "the signal is hand-written PromQL, which is not filtered",
            "build the signal from typed metrics, such as asynq.TASKS_ENQUEUED.where(state=...).max(by=...)",
        )


def _tested(plan: Plan, alert: Alert) -> Iterator[Problem]:
    if isinstance(alert.when, Burn):
        return  # driven by the service levels themselves
    if probe_of(plan, alert) is None and not of_alert(plan, alert):
        yield _problem(
            "no-test",
            alert,
            "it has no test, and its expression does not tell how to make one",
            "give probe=Probe(drive=...), a function that breaks the thing: "
            "def drive(world, name, value): return world.queue(name, healthy=QueueState(), broken=QueueState(...))",
        )


def _holds(plan: Plan) -> Iterator[Problem]:
    """A hold between two evaluations is no hold at all."""
    interval = plan.monitoring.evaluation_interval
    short = [r for r in plan.alerts if 0 < r.hold.milliseconds < interval.milliseconds]
    for rule in plan.alerts:
        longest = rule.alert.longest_hold
        if longest is not None and rule.hold > longest:
            whose = f" of {', '.join(rule.classes[0].names)}" if rule.own is not None else ""
            yield _problem(
                "hold",
                rule.alert,
                f"hold={str(rule.hold)!r}{whose} is longer than {longest}: "
                "its windows, or the tests made of it, forget the fault sooner",
                f'hold="{longest}" at most; a higher level or floor makes it quieter too',
            )
    alerts = tuple(dict.fromkeys(r.name for r in short))
    if not alerts:
        return
    more = f", and so are those of {len(alerts) - 1} more alerts" if len(alerts) > 1 else ""
    yield _problem(
        "hold",
        alerts[0],
        f"hold={str(short[0].hold)!r} is shorter than the evaluation interval ({interval}){more}",
        "shorten evaluation_interval=" if more else f'give hold="0s" to fire at once, or at least "{interval}"',
    )


def _twice(plan: Plan) -> Iterator[Problem]:
    """Prometheus refuses two rules of one name and one set of labels."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for rule in plan.alerts:
        key = (rule.name, tuple(sorted((label.name, label.template()) for label in rule.labels)))
        if key in seen:
            yield _problem(
                "duplicate-rule",
                rule.alert,
                "two of its rules have the same labels, so Prometheus cannot tell them apart",
                "do not set severity in labels=",
            )
        seen.add(key)


def _links(plan: Plan) -> Iterator[Problem]:
    links, identity = plan.monitoring.links, set(plan.monitoring.identity)
    known = identity | {name for rule in plan.alerts for name in rule.label_names}
    for field, base in (("logs", links.logs), ("traces", links.traces)):
        for name in placeholders(base or ""):
            if name not in known:
                yield Problem(
                    check="link-label",
                    where=f"links.{field}",
                    message=f"it names {{{name}}}, a label that no alert has",
                    hint=did_you_mean(name, known),
                )


def _metrics(plan: Plan) -> Iterator[Problem]:
    known = {m.name for m in CONTRACT}
    for metric in plan.monitoring.metrics:
        if metric.name in known:
            yield Problem(
                check="own-metric",
                where=f"metric {metric.name}",
                message="it is part of the contract already, or declared twice",
                hint="take it out of metrics=",
            )
        known.add(metric.name)
