"""Alertmanager's configuration, its message templates, and a table of routes to test it with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asynq_mon_codegen.artifact import HEADER, Artifact, yaml_text
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.alertmanager_inhibition import InhibitRule, inhibit_rules
from asynq_mon_codegen.generators.alertmanager_receivers import receiver_config
from asynq_mon_codegen.generators.alertmanager_route_tests import route_tests
from asynq_mon_codegen.model import Monitoring, MuteTime, Severity
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.promql.labels import regex_of
from asynq_mon_codegen.routing import NOBODY, Criterion, Node, applies_to, routing_tree
from asynq_mon_codegen.templating import environment

__all__ = ["CONFIG", "ROUTE_TESTS", "TEMPLATE", "generate", "matcher"]

CONFIG = "alertmanager/alertmanager.yaml"
TEMPLATE = "alertmanager/templates/asynq.tmpl"
ROUTE_TESTS = "alertmanager/route-tests.yaml"

_RESOLVE_TIMEOUT = Duration(300_000)
_SHOWN = 10
"""How many alerts a message lists: Slack cuts longer attachments, and nobody reads on."""

_COMMENT = f"""\
# To merge this into an Alertmanager that others use too: put the route with component="asynq" among the
# routes there (before any that would take its alerts), and add the receivers, time intervals, inhibit rules
# and the template. Nothing here touches alerts without component="asynq"; in this file they end in
# {NOBODY}, which tells nobody.
# Secrets are read from the files named here, on the host of Alertmanager.
"""


def generate(plan: Plan) -> tuple[Artifact, ...]:
    """The configuration, the message templates, and the table of labels and the receivers they must reach."""
    monitoring = plan.monitoring
    head, _, body = yaml_text(_config(plan)).partition("\n")
    table = [
        {"name": case.name, "labels": dict(case.labels), "receivers": list(case.receivers)}
        for case in route_tests(plan)
    ]
    return (
        Artifact(path=CONFIG, text=f"{head}\n{_COMMENT}{body}"),
        Artifact(path=TEMPLATE, text=_template(monitoring)),
        Artifact(path=ROUTE_TESTS, text=yaml_text(table)),
    )


def matcher(criterion: Criterion) -> str:
    """A criterion as an element of ``matchers:``, the same for Alertmanager's old and new parser.

    The old one knows the escapes of backslash, quote and line break only, so every other character
    stays as it is.
    """
    if len(criterion.values) == 1:
        op, value = "=", criterion.values[0]
    else:
        op, value = "=~", regex_of(criterion.values)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{criterion.label}{op}"{escaped}"'


def _config(plan: Plan) -> dict[str, Any]:
    monitoring = plan.monitoring
    quiet = _only_watchdog(monitoring)
    config: dict[str, Any] = {
        "global": {"resolve_timeout": str(plan.paced(_RESOLVE_TIMEOUT))},
        "templates": [TEMPLATE.removeprefix("alertmanager/")],
        "route": _route(routing_tree(monitoring), plan.paced),
    }
    rules = inhibit_rules(plan)
    if rules:
        config["inhibit_rules"] = [_inhibit_rule(rule) for rule in rules]
    mutes = {m.name: m for route in monitoring.routes for m in route.mute}
    if mutes:
        config["time_intervals"] = [_time_interval(m) for m in mutes.values()]
    config["receivers"] = [
        {"name": NOBODY},
        *(
            receiver_config(r, send_resolved=r.send_resolved and r.name not in quiet)
            for r in monitoring.all_receivers()
        ),
    ]
    return config


def _only_watchdog(monitoring: Monitoring) -> frozenset[str]:
    """Receivers of nothing but the watchdog: "resolved" would reach the dead man's switch as one more heartbeat."""
    loud = {r.name for severity, to in monitoring.receivers if severity is not Severity.NONE for r in to}
    for route in monitoring.routes:
        if any(applies_to(route, s, monitoring) for s in Severity if s is not Severity.NONE):
            loud |= {r.name for r in route.to}
    return frozenset(r.name for r in monitoring.receivers_for(Severity.NONE)) - loud


def _route(node: Node, paced: Callable[[Duration], Duration]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if node.criteria:
        out["matchers"] = [matcher(c) for c in node.criteria]
    out["receiver"] = node.receiver
    if node.group_by:
        out["group_by"] = list(node.group_by)
    if node.timing:
        out["group_wait"] = str(paced(node.timing.wait))
        out["group_interval"] = str(paced(node.timing.interval))
        out["repeat_interval"] = str(paced(node.timing.repeat))
    if node.mute:
        out["mute_time_intervals"] = list(dict.fromkeys(node.mute))
    if node.goes_on:
        out["continue"] = True
    if node.routes:
        out["routes"] = [_route(child, paced) for child in node.routes]
    return out


def _inhibit_rule(rule: InhibitRule) -> dict[str, Any]:
    return {
        "source_matchers": [matcher(c) for c in rule.source],
        "target_matchers": [matcher(c) for c in rule.target],
        "equal": list(rule.equal),
    }


def _time_interval(mute: MuteTime) -> dict[str, Any]:
    interval: dict[str, Any] = {"times": [{"start_time": mute.start, "end_time": mute.end}]}
    if mute.weekdays:
        interval["weekdays"] = list(mute.weekdays)
    interval["location"] = mute.location
    return {"name": mute.name, "time_intervals": [interval]}


def _template(monitoring: Monitoring) -> str:
    # What every alert of a message has in common is in its title, or says nothing about what is wrong.
    hidden = ("alertname", "severity", "component", "threat", "service", "team", *(n for n, _ in monitoring.labels))
    return (
        environment()
        .get_template("alertmanager/asynq.tmpl.j2")
        .render(header=HEADER, shown=_SHOWN, hidden=" ".join(f'"{name}"' for name in hidden))
    )
