"""One row per alert: for ``asynq-mon list``, the README and the documentation."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen.model import Above, Alert, Below, Burn
from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.links import rule_path, runbook_path
from asynq_mon_codegen.plan.texts import level_words
from asynq_mon_codegen.promql import Metric, Source

__all__ = ["level_text", "rows", "sources_of"]

_NEEDS = {
    Source.INSTRUMENTATION: "instrumentation",
    Source.HOST: "node_exporter",
    Source.REDIS: "redis_exporter",
    Source.KUBERNETES: "kube-state-metrics, cAdvisor",
    Source.WORKER: "worker targets",
    Source.PROMETHEUS: "Prometheus itself",
    Source.ALERTMANAGER: "Alertmanager itself",
}


def sources_of(alert: Alert) -> frozenset[Source]:
    """Who exports the metrics of the alert's signal."""
    return frozenset(e.source for e in alert.signal.expr.walk() if isinstance(e, Metric))


def level_text(rule: PlannedAlert) -> str:
    """The default level of a rule in words: ``above 5m``."""
    when, level = rule.alert.when, rule.default_level
    if isinstance(when, Burn):
        return when.text(rule.severity)
    if not isinstance(when, Above | Below):
        return "present"
    return "declared ones only" if level is None else f"{when.words} {level_words(rule.alert, level)}"


def rows(plan: Plan) -> list[dict[str, Any]]:
    """Every alert that has a rule, in order of the files."""
    out = []
    for alert in dict.fromkeys(rule.alert for rule in plan.alerts):
        rules = plan.rules_of(alert)
        holds = list(dict.fromkeys(str(r.hold) for r in rules))
        out.append(
            {
                "alert": alert.name,
                "threat": alert.threat.value,
                "summary": alert.summary,
                "fires": ", ".join(f"{r.severity.value} {level_text(r)}" for r in reversed(rules)),
                "for": " / ".join(holds),
                "needs": ", ".join(text for source, text in _NEEDS.items() if source in sources_of(alert)),
                "severities": [r.severity.value for r in rules],
                "file": rule_path(alert.group),
                "runbook": runbook_path(alert),
            }
        )
    return out
