"""A runbook page per alert, and their index."""

from __future__ import annotations

import re
from typing import Any

from attrs import evolve

from asynq_mon_codegen.artifact import HEADER, Artifact
from asynq_mon_codegen.model import Above, Alert, Below, Burn, Command, Severity, services_of
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.links import rule_path, runbook_path, test_path
from asynq_mon_codegen.plan.texts import PLACEHOLDER, level_words
from asynq_mon_codegen.promql import Expr, Matcher
from asynq_mon_codegen.templating import environment

__all__ = ["command_text", "generate"]

_LANGUAGES = {"promql": "promql", "asynq": "bash", "redis": "bash", "shell": "bash"}
_EXAMPLE = {"queue": "default", "task_type": "email:deliver", "instance": "10.0.0.7:9100", "state": "scheduled"}


def generate(plan: Plan) -> tuple[Artifact, ...]:
    """One page per alert that has a rule, and ``runbooks/README.md``."""
    env = environment()
    env.filters["page"] = lambda name: f"[{name}]({name}.md)"
    env.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    alerts = tuple(dict.fromkeys(rule.alert for rule in plan.alerts))
    page, index = env.get_template("runbooks/runbook.md.j2"), env.get_template("runbooks/index.md.j2")
    pages = [
        Artifact(path=runbook_path(alert), text=page.render(**_page(plan, alert), header=HEADER)) for alert in alerts
    ]
    rows = [_row(plan, alert) for alert in alerts]
    by_threat = {
        threat: [r for r in rows if r["threat"] == threat] for threat in dict.fromkeys(r["threat"] for r in rows)
    }
    return (*pages, Artifact(path="runbooks/README.md", text=index.render(threats=by_threat, header=HEADER)))


def _row(plan: Plan, alert: Alert) -> dict[str, Any]:
    rules = plan.rules_of(alert)
    return {
        "name": alert.name,
        "threat": alert.threat.value,
        "severities": ", ".join(r.severity.value for r in rules),
        "summary": markdown(alert.summary),
    }


def _page(plan: Plan, alert: Alert) -> dict[str, Any]:
    rules = plan.rules_of(alert)
    book = alert.runbook
    names = _variables(plan, alert)
    return {
        "alert": alert,
        "summary": markdown(alert.summary),
        "description": markdown(dict(rules[0].annotations)["description"].words()),
        "service": "the alert's label `service`" if services_of(plan.monitoring) else markdown(plan.monitoring.service),
        "severities": [_severity(rule) for rule in plan.every_rule_of(alert)],
        "guards": [g.words() for g in alert.guards if g.kind == "unless"],
        "floors": [g.words() for g in alert.guards if g.kind == "and"],
        "expr": rules[0].expr,
        "inhibits": [n for n in alert.inhibits if any(a.name == n for a in plan.alerts)],
        "muted_by": sorted({a.name for a in plan.alerts if alert.name in a.alert.inhibits}),
        "variables": [{"name": n.upper(), "label": n, "example": _EXAMPLE.get(n, f"{n}-a")} for n in names],
        "chosen": " and no ".join(
            n.replace("_", " ")
            for n in names
            if n not in (alert.signal.expr.labels or ()) and n not in plan.monitoring.identity
        ),
        "causes": [
            {"title": prose(c.title), "tell": prose(c.tell), "commands": [_command(plan, names, x) for x in c.commands]}
            for c in book.causes
        ],
        "actions": [
            {"text": prose(s.text), "commands": [_command(plan, names, x) for x in s.commands]} for s in book.actions
        ],
        "meaning": prose(book.meaning),
        "impact": prose(book.impact),
        "tuning": prose(book.tuning),
        "lies": prose(book.lies),
        "links": [{"name": link.name, "base": link.base} for link in rules[0].links if link.name != "runbook_url"],
        "file": rule_path(alert.group),
        "test": test_path(alert.group),
    }


def _severity(rule: PlannedAlert) -> dict[str, str]:
    verb = {
        Severity.CRITICAL: "act now",
        Severity.WARNING: "look today",
        Severity.INFO: "know about it",
        Severity.NONE: "must always fire",
    }[rule.severity]
    return {"name": rule.severity.value, "verb": verb, "level": _level(rule), "hold": rule.hold.words() or "none"}


def _whose(rule: PlannedAlert) -> str:
    """For whom a rule with a hold or floor of its own is, and that floor."""
    if rule.own is None:
        return ""
    floors = [g.words() for g in rule.own.alert(rule.alert).guards if g.minimum is not None]
    only = f" ({'; '.join(map(markdown, floors))})" if rule.own.floor is not None else ""
    return f"{', '.join(code(n) for n in rule.classes[0].names)}{only}: "


def _level(rule: PlannedAlert) -> str:
    when, default = rule.alert.when, rule.default_level
    if isinstance(when, Burn):
        return when.text(rule.severity)
    if not isinstance(when, Above | Below):
        return f"{_whose(rule)}present"
    parts = [] if default is None else [f"{_whose(rule)}{when.words} {level_words(rule.alert, default)}"]
    for cls in rule.classes[:-1]:
        names = ", ".join(code(n) for n in cls.names)
        parts.append(
            f"{names}: " + ("off" if cls.level is None else f"{when.words} {level_words(rule.alert, cls.level)}")
        )
    return "; ".join(parts)


def _variables(plan: Plan, alert: Alert) -> tuple[str, ...]:
    labels = alert.signal.expr.labels or frozenset()
    used: set[str] = set()
    for command in (
        *(x for c in alert.runbook.causes for x in c.commands),
        *(x for s in alert.runbook.actions for x in s.commands),
    ):
        used |= set(PLACEHOLDER.findall(command.text)) if isinstance(command.text, str) else set()
    return _ordered(plan, labels, used)


def _ordered(plan: Plan, labels: frozenset[str], used: set[str]) -> tuple[str, ...]:
    """The labels that commands on the page need: identity first, then those that are named or filtered by."""
    wanted = used | (labels & {"queue", "task_type", "instance"}) | set(plan.monitoring.identity)
    order = (*plan.monitoring.identity, "queue", "task_type", "instance")
    return tuple(dict.fromkeys([n for n in order if n in wanted] + sorted(wanted - set(order))))


def _command(plan: Plan, names: tuple[str, ...], command: Command) -> dict[str, str]:
    text = command_text(plan, names, command)
    return {"language": _LANGUAGES[command.kind], "text": text, "shows": prose(command.shows)}


def command_text(plan: Plan, names: tuple[str, ...], command: Command) -> str:
    """A command ready to paste: labels as shell variables, expressions as the rules write them."""
    if isinstance(command.text, Expr):
        scope = evolve(plan.scope, matchers=tuple(Matcher(n, "=", f"${n.upper()}") for n in names))
        return command.text.render(scope)
    quoted = command.kind != "promql"

    def variable(match: re.Match[str]) -> str:
        name = f"${match.group(1).upper()}"
        before = command.text[: match.start()] if isinstance(command.text, str) else ""
        inside = before.count('"') % 2 == 1 or before.count("'") % 2 == 1
        return name if inside or not quoted else f'"{name}"'

    return PLACEHOLDER.sub(variable, command.text)


def prose(text: str) -> str:
    """Text of the catalogue on a page: labels in braces become angle brackets, kept as code."""
    return PLACEHOLDER.sub(lambda m: f"`<{m.group(1)}>`", text)


def markdown(text: str) -> str:
    """A name or sentence from a declaration, without power over the page."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """A name as code on a page, whatever it holds."""
    flat = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall(r"`+", flat)), default=0) + 1)
    pad = " " if fence != "`" else ""
    return f"{fence}{pad}{flat}{pad}{fence}"
