"""Panels of single values: stat, gauge, bar gauge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, Unpack

import grafanalib.core as vendor

from asynq_mon_codegen.grafana.fields import threshold_steps
from asynq_mon_codegen.grafana.panel import Panel, PanelSettings, finished, head, legend_json
from asynq_mon_codegen.grafana.targets import Query

__all__ = ["Calc", "bargauge", "gauge", "stat"]

Calc: TypeAlias = Literal["lastNotNull", "last", "mean", "max", "min", "sum", "count", "range", "delta", "diff"]
"""How a series becomes one value."""

_COLOR_BY_THRESHOLDS = {"color": {"mode": "thresholds"}}


def stat(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    calc: Calc = "lastNotNull",
    color_mode: Literal["none", "value", "background", "background_solid"] = "value",
    graph_mode: Literal["none", "area"] = "area",
    text_mode: Literal["auto", "value", "value_and_name", "name", "none"] = "auto",
    **settings: Unpack[PanelSettings],
) -> Panel:
    """One big number for each series, with a small graph behind it unless ``graph_mode`` is none."""
    number = vendor.Stat(
        **head(title, description, targets, settings),
        colorMode=color_mode,
        graphMode=graph_mode,
        textMode=text_mode,
    )
    options = {
        "percentChangeColorMode": "standard",
        "reduceOptions": _reduced(calc),
        "showPercentChange": False,
        "wideLayout": True,
    }
    return finished(
        key,
        number.to_json_data(),
        _with_steps(settings),
        size=(4, 4),
        unit=unit,
        defaults=_COLOR_BY_THRESHOLDS,
        options=options,
    )


def gauge(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    calc: Calc = "lastNotNull",
    threshold_labels: bool = False,
    **settings: Unpack[PanelSettings],
) -> Panel:
    """An arc from ``min`` to ``max`` for each series, coloured by ``steps``."""
    # grafanalib's gauge and bar gauge write options where Grafana has not read them since version 7.
    base = vendor.Panel(**head(title, description, targets, settings)).panel_json({"type": "gauge"})
    options = {
        "minVizHeight": 75,
        "minVizWidth": 75,
        "orientation": "auto",
        "reduceOptions": _reduced(calc),
        "showThresholdLabels": threshold_labels,
        "showThresholdMarkers": True,
        "sizing": "auto",
    }
    return finished(
        key, base, _with_steps(settings), size=(4, 4), unit=unit, defaults=_COLOR_BY_THRESHOLDS, options=options
    )


def bargauge(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    calc: Calc = "lastNotNull",
    display_mode: Literal["basic", "gradient", "lcd"] = "gradient",
    orientation: Literal["auto", "horizontal", "vertical"] = "horizontal",
    **settings: Unpack[PanelSettings],
) -> Panel:
    """One bar for each series, coloured by ``steps``."""
    base = vendor.Panel(**head(title, description, targets, settings)).panel_json({"type": "bargauge"})
    options = {
        "displayMode": display_mode,
        "legend": legend_json(shown=False),
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": orientation,
        "reduceOptions": _reduced(calc),
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    }
    return finished(
        key, base, _with_steps(settings), size=(8, 8), unit=unit, defaults=_COLOR_BY_THRESHOLDS, options=options
    )


def _reduced(calc: Calc) -> dict[str, Any]:
    return {"calcs": [calc], "fields": "", "values": False}


def _with_steps(settings: PanelSettings) -> PanelSettings:
    """Without steps of their own these panels are green, where Grafana would turn red at 80."""
    return {**settings, "steps": settings.get("steps") or threshold_steps("green")}
