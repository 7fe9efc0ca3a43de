"""What each panel type may hold: options, field configuration, targets, overrides."""

from __future__ import annotations

from asynq_mon_codegen.grafana.units import UNITS
from asynq_mon_codegen.schemas.jsonschema_parts import (
    ANY_OBJECT,
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    TEXT,
    Schema,
    array,
    by_key,
    obj,
    one_of,
    ref,
)

__all__ = ["panel_definitions"]

_UNIT = one_of(*sorted(UNITS))
_CALC = one_of("lastNotNull", "last", "firstNotNull", "mean", "max", "min", "sum", "count", "range", "delta", "diff")
_SHOW = one_of("auto", "always", "never")
_ORIENTATION = one_of("auto", "horizontal", "vertical")
_SIZING = one_of("auto", "manual")
_GRADIENT = one_of("none", "opacity", "hue", "scheme")
_AXIS = one_of("auto", "left", "right", "hidden")
_STACKING = one_of("none", "normal", "percent")
_PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
_WIDTH: Schema = {"type": "number", "minimum": 0, "maximum": 10}
_HIDE_FROM = obj({"legend": BOOLEAN, "tooltip": BOOLEAN, "viz": BOOLEAN})
_SCALE = obj({"type": one_of("linear", "log", "symlog")}, {"log": one_of(2, 10), "linearThreshold": NUMBER})
_REDUCE = obj({"calcs": array(_CALC, minItems=1, maxItems=1), "fields": STRING, "values": BOOLEAN})

_CUSTOM: dict[str, dict[str, Schema]] = {
    "timeseries": {
        "axisLabel": STRING,
        "axisPlacement": _AXIS,
        "axisSoftMax": NUMBER,
        "axisSoftMin": NUMBER,
        "barAlignment": one_of(-1, 0, 1),
        "drawStyle": one_of("line", "bars", "points"),
        "fillBelowTo": STRING,
        "fillOpacity": _PERCENT,
        "gradientMode": _GRADIENT,
        "hideFrom": _HIDE_FROM,
        "lineInterpolation": one_of("linear", "smooth", "stepBefore", "stepAfter"),
        "lineStyle": obj({"fill": one_of("solid", "dash", "dot", "square")}, {"dash": array(NUMBER, minItems=2)}),
        "lineWidth": _WIDTH,
        "pointSize": NUMBER,
        "scaleDistribution": _SCALE,
        "showPoints": _SHOW,
        "spanNulls": {"type": ["boolean", "number"]},
        "stacking": obj({"group": STRING, "mode": _STACKING}),
        "thresholdsStyle": obj({"mode": one_of("off", "line", "dashed", "area", "line+area", "dashed+area", "series")}),
    },
    "heatmap": {"hideFrom": _HIDE_FROM, "scaleDistribution": _SCALE},
    "state-timeline": {"fillOpacity": _PERCENT, "lineWidth": _WIDTH},
    "barchart": {
        "axisCenteredZero": BOOLEAN,
        "axisColorMode": one_of("text", "series"),
        "axisLabel": STRING,
        "axisPlacement": _AXIS,
        "fillOpacity": _PERCENT,
        "gradientMode": _GRADIENT,
        "hideFrom": _HIDE_FROM,
        "lineWidth": _WIDTH,
        "scaleDistribution": _SCALE,
    },
    "table": {
        "align": one_of("auto", "left", "center", "right"),
        "cellOptions": obj(
            {"type": one_of("auto", "color-text", "color-background", "gauge", "data-links")},
            {
                "applyToRow": BOOLEAN,
                "mode": one_of("basic", "gradient", "lcd"),
                "valueDisplayMode": one_of("color", "text", "hidden"),
                "wrapText": BOOLEAN,
            },
        ),
        "filterable": BOOLEAN,
        "hidden": BOOLEAN,
        "inspect": BOOLEAN,
        "minWidth": NUMBER,
        "width": NUMBER,
    },
}

_HEATMAP_COLOR = obj(
    {
        "exponent": NUMBER,
        "fill": STRING,
        "mode": one_of("scheme", "opacity"),
        "reverse": BOOLEAN,
        "scale": one_of("linear", "exponential"),
        "scheme": TEXT,
        "steps": {"type": "integer", "minimum": 2, "maximum": 128},
    }
)

_OPTIONS: dict[str, Schema] = {
    "timeseries": obj({"legend": ref("legend"), "tooltip": ref("tooltip")}),
    "stat": obj(
        {
            "colorMode": one_of("none", "value", "background", "background_solid"),
            "graphMode": one_of("none", "area"),
            "justifyMode": one_of("auto", "center"),
            "orientation": _ORIENTATION,
            "percentChangeColorMode": one_of("standard", "inverted", "same_as_value"),
            "reduceOptions": _REDUCE,
            "showPercentChange": BOOLEAN,
            "textMode": one_of("auto", "value", "value_and_name", "name", "none"),
            "wideLayout": BOOLEAN,
        }
    ),
    "gauge": obj(
        {
            "minVizHeight": INTEGER,
            "minVizWidth": INTEGER,
            "orientation": _ORIENTATION,
            "reduceOptions": _REDUCE,
            "showThresholdLabels": BOOLEAN,
            "showThresholdMarkers": BOOLEAN,
            "sizing": _SIZING,
        }
    ),
    "bargauge": obj(
        {
            "displayMode": one_of("basic", "lcd", "gradient"),
            "legend": ref("legend"),
            "maxVizHeight": INTEGER,
            "minVizHeight": INTEGER,
            "minVizWidth": INTEGER,
            "namePlacement": one_of("auto", "top", "left", "hidden"),
            "orientation": _ORIENTATION,
            "reduceOptions": _REDUCE,
            "showUnfilled": BOOLEAN,
            "sizing": _SIZING,
            "valueMode": one_of("color", "text", "hidden"),
        }
    ),
    "table": obj(
        {"cellHeight": one_of("sm", "md", "lg"), "frameIndex": INTEGER, "showHeader": BOOLEAN},
        {"sortBy": array(obj({"displayName": TEXT, "desc": BOOLEAN}))},
    ),
    "heatmap": obj(
        {
            "calculate": one_of(False),
            "cellGap": NUMBER,
            "cellValues": obj({}, {"decimals": INTEGER, "unit": _UNIT}),
            "color": _HEATMAP_COLOR,
            "exemplars": obj({"color": TEXT}),
            "filterValues": obj({"le": NUMBER}),
            "legend": obj({"show": BOOLEAN}),
            "rowsFrame": obj({"layout": one_of("auto", "le", "ge", "unknown")}),
            "showValue": _SHOW,
            "tooltip": obj(
                {"mode": one_of("single", "multi", "none"), "showColorScale": BOOLEAN, "yHistogram": BOOLEAN}
            ),
            "yAxis": obj({"axisPlacement": _AXIS, "reverse": BOOLEAN, "unit": _UNIT}),
        }
    ),
    "state-timeline": obj(
        {
            "alignValue": one_of("left", "center", "right"),
            "legend": ref("legend"),
            "mergeValues": BOOLEAN,
            "rowHeight": {"type": "number", "minimum": 0, "maximum": 1},
            "showValue": _SHOW,
            "tooltip": ref("tooltip"),
        }
    ),
    "barchart": obj(
        {
            "barRadius": NUMBER,
            "barWidth": NUMBER,
            "fullHighlight": BOOLEAN,
            "groupWidth": NUMBER,
            "legend": ref("legend"),
            "orientation": _ORIENTATION,
            "showValue": _SHOW,
            "stacking": _STACKING,
            "tooltip": ref("tooltip"),
            "xField": TEXT,
            "xTickLabelMaxLength": INTEGER,
            "xTickLabelRotation": {"type": "integer", "minimum": -90, "maximum": 90},
            "xTickLabelSpacing": INTEGER,
        }
    ),
    "logs": obj(
        {
            "dedupStrategy": one_of("none", "exact", "numbers", "signature"),
            "enableLogDetails": BOOLEAN,
            "prettifyLogMessage": BOOLEAN,
            "showCommonLabels": BOOLEAN,
            "showLabels": BOOLEAN,
            "showLogContextToggle": BOOLEAN,
            "showTime": BOOLEAN,
            "sortOrder": one_of("Ascending", "Descending"),
            "wrapLogMessage": BOOLEAN,
        }
    ),
    "text": obj({"content": TEXT, "mode": one_of("markdown")}),
}

_STANDARD: dict[str, Schema] = {
    "color": ref("color"),
    "decimals": {"type": "integer", "minimum": 0, "maximum": 10},
    "displayName": TEXT,
    "links": array(ref("dataLink"), minItems=1),
    "mappings": array(ref("mapping"), minItems=1),
    "max": NUMBER,
    "min": NUMBER,
    "noValue": STRING,
    "thresholds": ref("thresholds"),
    "unit": _UNIT,
}

_WITH_UNIT = frozenset(_OPTIONS) - {"heatmap", "logs", "text"}
"""Types whose unit stands in the field defaults; the heatmap's is its y axis'."""


def panel_definitions() -> dict[str, Schema]:
    """The definitions ``panel`` (any type) and ``panel-<type>``."""
    by_type = {name: ref(f"panel-{name}") for name in _OPTIONS}
    return {"panel": by_key("type", by_type)} | {f"panel-{name}": _panel(name) for name in _OPTIONS}


def _panel(name: str) -> Schema:
    required: dict[str, Schema] = {
        "description": {"type": "string", "minLength": 10},
        "gridPos": ref("gridPos"),
        "id": ref("panelId"),
        "options": _OPTIONS[name],
        "pluginVersion": {"type": "string", "pattern": r"^13\.[0-9]+\.[0-9]+$"},
        "title": TEXT,
        "type": one_of(name),
    }
    if name == "text":
        return obj(required)
    kind = "loki" if name == "logs" else "prometheus"
    required |= {
        "datasource": ref(f"{kind}Datasource"),
        "fieldConfig": _field_config(name),
        "targets": array(ref(f"{kind}Target"), minItems=1, maxItems=26),
    }
    optional = {
        "interval": ref("duration"),
        "maxPerRow": {"type": "integer", "minimum": 1, "maximum": 24},
        "repeat": ref("variableName"),
        "repeatDirection": one_of("h", "v"),
        "transformations": array(by_key("id", _transformations()), minItems=1),
    }
    return obj(required, optional)


def _field_config(name: str) -> Schema:
    custom = _CUSTOM.get(name, {})
    required = {"unit": _UNIT} if name in _WITH_UNIT else {}
    optional = _STANDARD | ({"custom": obj({}, custom)} if custom else {})
    values = _STANDARD | {f"custom.{key}": schema for key, schema in custom.items()}
    properties = {key: obj({"id": one_of(key), "value": schema}) for key, schema in values.items()}
    one_override = obj(
        {
            "matcher": obj({"id": one_of("byName", "byRegexp", "byFrameRefID", "byType"), "options": TEXT}),
            "properties": array(by_key("id", properties), minItems=1),
        }
    )
    return obj({"defaults": obj(required, optional), "overrides": array(one_override)})


def _transformations() -> dict[str, Schema]:
    renaming: Schema = {"type": "object", "additionalProperties": TEXT}
    hiding: Schema = {"type": "object", "additionalProperties": BOOLEAN}
    order: Schema = {"type": "object", "additionalProperties": INTEGER}
    organize = obj({"excludeByName": hiding, "indexByName": order, "renameByName": renaming})
    return {
        "merge": obj({"id": one_of("merge"), "options": {**ANY_OBJECT, "maxProperties": 0}}),
        "organize": obj({"id": one_of("organize"), "options": organize}),
    }
