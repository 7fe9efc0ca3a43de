"""The contract of a generated dashboard: Grafana's classic model, version 42, as far as this project uses it.

Stricter than Grafana, which ignores what it does not know: no other keys, closed lists of
values, a fixed uid, a description and a unit on every panel of data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.schemas.dashboard_panels import panel_definitions
from asynq_mon_codegen.schemas.jsonschema_parts import (
    BOOLEAN,
    INTEGER,
    STRING,
    TEXT,
    Schema,
    array,
    by_key,
    obj,
    one_of,
    ref,
)

__all__ = ["dashboard_schema", "validate_dashboard"]

_CALCS = one_of("lastNotNull", "last", "firstNotNull", "mean", "max", "min", "sum", "count", "range", "delta", "diff")


def dashboard_schema() -> Schema:
    """The JSON Schema (2020-12) of one dashboard, as plain data."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Generated Grafana dashboard",
        **obj(
            {
                "annotations": obj({"list": array(ref("annotation"), minItems=1)}),
                "description": STRING,
                "editable": one_of(False),
                "fiscalYearStartMonth": one_of(0),
                "graphTooltip": one_of(1),
                "links": array(ref("dashboardLink")),
                "panels": array(_panel_or_row(), minItems=1),
                "refresh": ref("duration"),
                "schemaVersion": one_of(42),
                "tags": array(TEXT, contains={"const": "asynq"}, uniqueItems=True),
                "templating": obj({"list": array(ref("variable"), minItems=1)}),
                "time": obj({"from": {"type": "string", "pattern": "^now-[0-9]+[smhdw]$"}, "to": one_of("now")}),
                "timepicker": obj({"hidden": BOOLEAN, "refresh_intervals": array(ref("duration"))}),
                "timezone": one_of("browser"),
                "title": TEXT,
                "uid": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,39}$"},
            }
        ),
        "$defs": _definitions() | panel_definitions(),
    }


def validate_dashboard(dashboard: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What in ``dashboard`` breaks the schema, in the order of its places."""
    uid = dashboard.get("uid", "")
    found = {(_path(error), error.message) for error in _validator().iter_errors(dashboard)}
    return tuple(
        Problem(check="dashboard-schema", message=_shortened(message), where=f"dashboard {uid}: {path}")
        for path, message in sorted(found)
    )


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(dashboard_schema())


def _path(error: ValidationError) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)


def _shortened(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[: limit // 2]} ... {message[-limit // 2 :]}"


def _panel_or_row() -> Schema:
    is_row = {"properties": {"type": {"const": "row"}}, "required": ["type"]}
    return {"if": is_row, "then": ref("row"), "else": ref("panel")}


def _row() -> Schema:
    row = obj(
        {
            "collapsed": BOOLEAN,
            "gridPos": ref("gridPos"),
            "id": ref("panelId"),
            "panels": array(ref("panel")),
            "title": TEXT,
            "type": one_of("row"),
        },
        {"repeat": ref("variableName")},
    )
    is_open = {"properties": {"collapsed": {"const": False}}}
    return row | {
        "if": is_open,
        "then": {"properties": {"panels": {"maxItems": 0}}},
        "else": {"properties": {"panels": {"minItems": 1}}},
    }


def _datasource(kind: str) -> Schema:
    return obj({"type": one_of(kind), "uid": one_of(f"${{{kind}_datasource}}")})


def _variables() -> dict[str, Schema]:
    name = {"name": ref("variableName")}
    shown = {"hide": one_of(0, 2), "label": TEXT}
    current = obj({"selected": BOOLEAN, "text": {}, "value": {}})
    lookup = obj({"qryType": one_of(1), "query": TEXT, "refId": TEXT})
    return {
        "datasource": obj(
            {**name, **shown, "query": one_of("prometheus", "loki", "tempo"), "refresh": one_of(1), "type": {}},
            {"regex": TEXT},
        ),
        "query": obj(
            {
                **name,
                **shown,
                "datasource": ref("prometheusDatasource"),
                "definition": {"type": "string", "pattern": r"^(label_values|query_result)\(.+\)$"},
                "includeAll": BOOLEAN,
                "multi": BOOLEAN,
                "query": lookup,
                "refresh": one_of(2),
                "sort": one_of(1),
                "type": {},
            },
            {"allValue": one_of(".+"), "current": current, "regex": TEXT},
        ),
        "adhoc": obj({**name, **shown, "datasource": ref("prometheusDatasource"), "type": {}}),
    }


def _annotation() -> Schema:
    looks = {"enable": BOOLEAN, "hide": BOOLEAN, "iconColor": TEXT, "name": TEXT}
    built_in = obj(
        {
            **looks,
            "builtIn": one_of(1),
            "datasource": obj({"type": one_of("grafana"), "uid": one_of("-- Grafana --")}),
            "type": one_of("dashboard"),
        }
    )
    target = obj(
        {
            "datasource": ref("prometheusDatasource"),
            "editorMode": one_of("code"),
            "expr": TEXT,
            "instant": one_of(False),
            "interval": ref("duration"),
            "range": one_of(True),
            "refId": one_of("Anno"),
        }
    )
    query = obj(
        {
            **looks,
            "datasource": ref("prometheusDatasource"),
            "tagKeys": STRING,
            "target": target,
            "textFormat": STRING,
            "titleFormat": STRING,
            "useValueForTime": BOOLEAN,
        }
    )
    return {"if": {"required": ["builtIn"]}, "then": built_in, "else": query}


def _mappings() -> dict[str, Schema]:
    result = obj({"index": INTEGER, "text": TEXT}, {"color": TEXT})
    end = {"type": ["number", "null"]}
    options = {
        "value": {"type": "object", "minProperties": 1, "additionalProperties": result},
        "range": obj({"from": end, "result": result, "to": end}),
        "special": obj({"match": one_of("null", "nan", "null+nan"), "result": result}),
    }
    return {kind: obj({"options": schema, "type": one_of(kind)}) for kind, schema in options.items()}


def _target(kind: str, **keys: Schema) -> Schema:
    required = {
        "datasource": ref(f"{kind}Datasource"),
        "editorMode": one_of("code"),
        "expr": TEXT,
        "refId": {"type": "string", "pattern": "^[A-Z]$"},
    }
    optional = {"interval": ref("duration")} if kind == "prometheus" else {"maxLines": INTEGER}
    return obj(required | keys, optional)


def _grid_position() -> Schema:
    return obj(
        {
            "h": {"type": "integer", "minimum": 1, "maximum": 40},
            "w": {"type": "integer", "minimum": 1, "maximum": 24},
            "x": {"type": "integer", "minimum": 0, "maximum": 23},
            "y": INTEGER,
        }
    )


def _definitions() -> dict[str, Schema]:
    color_modes = ("palette-classic", "palette-classic-by-name", "thresholds", "fixed", "continuous-GrYlRd")
    url: Schema = {"type": "string", "pattern": r"^(/(d|explore)[/?]|https?://|\$\{)"}
    flags = dict.fromkeys(("asDropdown", "includeVars", "keepTime", "targetBlank"), BOOLEAN)
    base_step = obj({"color": TEXT, "value": {"type": "null"}})
    step = obj({"color": TEXT, "value": {"type": "number"}})
    return {
        "annotation": _annotation(),
        "color": obj({"mode": one_of(*color_modes)}, {"fixedColor": TEXT}),
        "dashboardLink": obj(
            {
                **flags,
                "icon": TEXT,
                "tags": array(TEXT),
                "title": TEXT,
                "tooltip": STRING,
                "type": one_of("dashboards", "link"),
                "url": STRING,
            }
        ),
        "dataLink": obj({"targetBlank": BOOLEAN, "title": TEXT, "url": url}),
        "duration": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"},
        "gridPos": _grid_position(),
        "legend": obj(
            {
                "calcs": array(_CALCS),
                "displayMode": one_of("list", "table"),
                "placement": one_of("bottom", "right"),
                "showLegend": BOOLEAN,
            }
        ),
        "lokiDatasource": _datasource("loki"),
        "lokiTarget": _target("loki", queryType=one_of("range")),
        "mapping": by_key("type", _mappings()),
        "panelId": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "prometheusDatasource": _datasource("prometheus"),
        "prometheusTarget": _target(
            "prometheus",
            exemplar=BOOLEAN,
            format=one_of("time_series", "table", "heatmap"),
            instant=BOOLEAN,
            legendFormat=TEXT,
            range=BOOLEAN,
        ),
        "row": _row(),
        "thresholds": obj(
            {
                "mode": one_of("absolute"),
                "steps": array(step, minItems=1, prefixItems=[base_step]),
            }
        ),
        "tooltip": obj(
            {"hideZeros": BOOLEAN, "mode": one_of("single", "multi", "none"), "sort": one_of("none", "asc", "desc")}
        ),
        "variable": by_key("type", _variables()),
        "variableName": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
    }
