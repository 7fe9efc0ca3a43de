"""JSON Schemas of rule files and of promtool's test files, as this project writes them."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen.schemas.jsonschema_parts import TEXT, obj

__all__ = ["rule_file_schema", "test_file_schema"]

_DURATION = {"type": "string", "pattern": "^([0-9]+(ms|[smhdwy]))+$"}
_LABEL = "^[a-zA-Z_][a-zA-Z0-9_]*$"


def _texts(pattern: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": pattern},
        "additionalProperties": {"type": "string"},
        "required": list(required),
    }


def rule_file_schema() -> dict[str, Any]:
    """One group of recording and alerting rules; every alert has severity, threat, texts and component."""
    record = obj({"record": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*:[a-zA-Z0-9_:]*$"}, "expr": TEXT})
    labels = _texts(_LABEL, ("severity", "service", "component", "threat"))
    annotations = _texts(_LABEL, ("summary", "description"))
    alert = obj(
        {
            "alert": {"type": "string", "pattern": "^[A-Z][a-zA-Z0-9]+$"},
            "expr": TEXT,
            "labels": labels,
            "annotations": annotations,
        },
        {"for": _DURATION, "keep_firing_for": _DURATION},
    )
    rule = {"if": {"required": ["record"]}, "then": record, "else": alert}
    group = obj(
        {
            "name": {"type": "string", "pattern": "^asynq-"},
            "interval": _DURATION,
            "rules": {"type": "array", "items": rule, "minItems": 1},
        },
        {"limit": {"type": "integer", "minimum": 1}},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule file of asynq-mon",
        **obj({"groups": {"type": "array", "items": group, "minItems": 1}}),
    }


def test_file_schema() -> dict[str, Any]:
    """Unit tests of one group, in what promtool 2.42 understands."""
    series = obj({"series": TEXT, "values": TEXT})
    expected = obj({"exp_labels": _texts(_LABEL), "exp_annotations": _texts(_LABEL)})
    alert_test = obj({"eval_time": _DURATION, "alertname": TEXT, "exp_alerts": {"type": "array", "items": expected}})
    sample = obj({"labels": {"type": "string"}, "value": {"type": "number"}})
    expr_test = obj({"expr": TEXT, "eval_time": _DURATION, "exp_samples": {"type": "array", "items": sample}})
    test = obj(
        {"name": TEXT, "interval": _DURATION, "input_series": {"type": "array", "items": series}},
        {
            "alert_rule_test": {"type": "array", "items": alert_test, "minItems": 1},
            "promql_expr_test": {"type": "array", "items": expr_test, "minItems": 1},
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A test file of asynq-mon for promtool test rules",
        **obj(
            {
                "rule_files": {
                    "type": "array",
                    "items": {"type": "string", "pattern": r"^\.\./.+\.yaml$"},
                    "minItems": 1,
                },
                "evaluation_interval": _DURATION,
                "group_eval_order": {"type": "array", "items": TEXT, "uniqueItems": True},
                "tests": {"type": "array", "items": test, "minItems": 1},
            }
        ),
    }
