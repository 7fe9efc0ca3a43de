"""Recording and alerting rules: one group, one file."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen.artifact import Artifact, yaml_text
from asynq_mon_codegen.plan import Group, Plan, PlannedAlert, PlannedRecord
from asynq_mon_codegen.plan.links import rule_path

__all__ = ["generate"]


def generate(plan: Plan) -> tuple[Artifact, ...]:
    """One rule file per group, records before the alerts that read them."""
    return tuple(
        Artifact(path=rule_path(group.name), text=yaml_text({"groups": _groups(plan, group)})) for group in plan.groups
    )


def _groups(plan: Plan, group: Group) -> list[dict[str, Any]]:
    interval = str(plan.paced(group.interval or plan.monitoring.evaluation_interval))
    limit = plan.monitoring.groups.limit
    return [
        {
            "name": name,
            "interval": interval,
            **({"limit": limit} if limit else {}),
            "rules": [_record(r) if isinstance(r, PlannedRecord) else _alert(r) for r in rules],
        }
        for name, rules in plan.parts_of(group)
    ]


def _record(record: PlannedRecord) -> dict[str, Any]:
    return {"record": record.name, "expr": record.expr}


def _alert(alert: PlannedAlert) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.hold.milliseconds:
        rule["for"] = str(alert.hold)
    if alert.keep_firing_for is not None:
        rule["keep_firing_for"] = str(alert.keep_firing_for)
    rule["labels"] = {label.name: label.template() for label in alert.labels}
    rule["annotations"] = {
        **{name: text.template() for name, text in alert.annotations},
        **{link.name: link.template() for link in alert.links},
    }
    return rule
