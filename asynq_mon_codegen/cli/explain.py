"""``asynq-mon explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.catalogue_table import level_text
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.generators.rule_tests import cases
from asynq_mon_codegen.model import Guard
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.links import rule_path, runbook_path, test_path
from asynq_mon_codegen.plan.texts import level_words
from asynq_mon_codegen.routing import receivers_for


@click.command()
@config_option
@click.argument("alert")
@json_option
@told
def explain(config: Path | None, alert: str, as_json: bool) -> None:
    """Explain an alert: condition, thresholds per queue, route, runbook and test cases."""
    plan = open_declaration(declaration_path(config))
    found = plan.monitoring.alert(alert)
    rules = plan.every_rule_of(found)
    data: dict[str, Any] = {
        "alert": found.name,
        "threat": found.threat.value,
        "summary": found.summary,
        "meaning": found.runbook.meaning,
        "signal": found.signal.title,
        "rules": [_rule(plan, rule) for rule in rules],
        "guards": [_guard(g) for g in found.guards],
        "inhibits": list(found.inhibits),
        "inhibited_by": sorted({a.name for a in plan.alerts if found.name in a.alert.inhibits}),
        "runbook": runbook_path(found),
        "rule_file": rule_path(found.group),
        "test_file": test_path(found.group),
        "tests": [{"case": c.title, "checks": [f"{k.at}: {k.why}" for k in c.checks]} for c in cases(plan, found)],
    }
    print_json(data) if as_json else _tell(data)


def _guard(guard: Guard) -> str:
    return f"only while {guard.words()}" if guard.kind == "and" else f"not when {guard.words()}"


def _rule(plan: Plan, rule: PlannedAlert) -> dict[str, Any]:
    labels = {label.name: label.value for label in rule.labels} | {"alertname": rule.name}
    return {
        "severity": rule.severity.value,
        "only_for": list(rule.classes[0].names) if rule.own is not None else [],
        "fires": level_text(rule),
        "for": str(rule.hold),
        "per_name": {
            name: "off" if c.level is None else level_words(rule.alert, c.level)
            for c in rule.classes[:-1]
            for name in c.names
        },
        "receivers": list(receivers_for(plan.monitoring, labels)),
        "expr": rule.expr,
    }


def _tell(data: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(highlight=False)

    def out(text: str = "") -> None:
        console.print(text, markup=False)

    console.rule(data["alert"], align="left")
    out(f"{data['summary']}. Threat: {data['threat']}. Signal: {data['signal']}.")
    out()
    out(data["meaning"])
    if not data["rules"]:
        out("\nThis declaration makes no rule of it: nothing is declared that it could watch.")
    for rule in data["rules"]:
        only = f" ({', '.join(rule['only_for'])})" if rule["only_for"] else ""
        out(f"\n{rule['severity']}{only}: {rule['fires']} for {rule['for']}, told to {', '.join(rule['receivers'])}")
        for name, level in rule["per_name"].items():
            out(f"  {name}: {level}")
        console.print(Syntax(rule["expr"], "promql", background_color="default", word_wrap=True))
    for guard in data["guards"]:
        out(f"- {guard}")
    if data["inhibits"]:
        out(f"- while it fires, not sent: {', '.join(data['inhibits'])}")
    if data["inhibited_by"]:
        out(f"- not sent while one of these fires: {', '.join(data['inhibited_by'])}")
    out(f"\nRunbook: {data['runbook']}   rule: {data['rule_file']}   tests: {data['test_file']}")
    for case in data["tests"]:
        out(f"  {case['case']}")
        for check in case["checks"]:
            out(f"    {check}")
