"""Panels over time: time series, heatmap, state timeline; and the bar chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, Unpack

import grafanalib.core as vendor
from attrs import evolve

from asynq_mon_codegen.grafana.fields import Override, override, threshold_steps
from asynq_mon_codegen.grafana.jsondata import present
from asynq_mon_codegen.grafana.panel import (
    HIDE_FROM_NOTHING,
    Panel,
    PanelSettings,
    finished,
    head,
    legend_json,
    tooltip_json,
)
from asynq_mon_codegen.grafana.targets import Query, Target, ThresholdLine, as_table, ref_ids
from asynq_mon_codegen.grafana.units import checked_unit

__all__ = ["Legend", "ThresholdsStyle", "barchart", "heatmap", "state_timeline", "timeseries"]

ThresholdsStyle: TypeAlias = Literal["off", "line", "dashed", "area", "line+area", "dashed+area"]
Legend: TypeAlias = Literal["list", "table", "table-right", "hidden"]

_TABLE_CALCS = ("mean", "max", "lastNotNull")


def timeseries(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query | ThresholdLine],
    unit: str,
    *,
    thresholds_style: ThresholdsStyle = "off",
    stack: bool = False,
    legend: Legend = "list",
    legend_calcs: Sequence[str] | None = None,
    draw_style: Literal["line", "bars", "points"] = "line",
    fill_opacity: int = 10,
    line_width: int = 1,
    log_scale: bool = False,
    soft_min: float | None = None,
    soft_max: float | None = None,
    axis_label: str = "",
    **settings: Unpack[PanelSettings],
) -> Panel:
    """Lines over time.

    A ThresholdLine among ``targets`` is drawn dashed over the others. ``thresholds_style`` says
    how ``steps`` are drawn. ``stack`` adds the series up. ``legend_calcs`` are the columns of a
    table legend (mean, max and last by default). ``soft_min`` and ``soft_max`` are in the unit.
    """
    graph = vendor.TimeSeries(
        **head(title, description, targets, settings),
        axisLabel=axis_label,
        drawStyle=draw_style,
        fillOpacity=40 if stack and fill_opacity == 10 else fill_opacity,
        lineWidth=line_width,
        showPoints="never",
    )
    # The soft limits stand here because grafanalib takes whole numbers only.
    custom = {
        "scaleDistribution": {"type": "log", "log": 10} if log_scale else {"type": "linear"},
        "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        "thresholdsStyle": {"mode": thresholds_style},
        **present(axisSoftMax=soft_max, axisSoftMin=soft_min),
    }
    return finished(
        key,
        graph.to_json_data(),
        settings,
        size=(8, 8),
        unit=unit,
        defaults={"color": {"mode": "palette-classic"}},
        custom=custom,
        options={"legend": _legend(legend, legend_calcs), "tooltip": tooltip_json("multi", "desc")},
        overrides=_line_overrides(targets),
    )


def heatmap(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    scheme: str = "Oranges",
    **settings: Unpack[PanelSettings],
) -> Panel:
    """A classic histogram over time: each target is ``sum by (le) (increase(..._bucket[$__rate_interval]))``.

    ``unit`` is that of the buckets' bounds, ``scheme`` one of Grafana's colour schemes.
    """
    buckets = [evolve(one, format="heatmap", legend=one.legend or "{{le}}") for one in targets]
    # grafanalib's own heatmap is the Angular one of Grafana 8: only its generic panel is of use.
    base = vendor.Panel(**head(title, description, buckets, settings)).panel_json({"type": "heatmap"})
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {},
        "color": {
            "exponent": 0.5,
            "fill": "dark-orange",
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": scheme,
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": checked_unit(unit)},
    }
    custom = {"hideFrom": HIDE_FROM_NOTHING, "scaleDistribution": {"type": "linear"}}
    return finished(key, base, settings, size=(12, 8), custom=custom, options=options)


def state_timeline(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    row_height: float = 0.9,
    merge_values: bool = True,
    show_value: Literal["auto", "always", "never"] = "auto",
    **settings: Unpack[PanelSettings],
) -> Panel:
    """States over time, one lane a series; ``mappings`` name and colour the states."""
    timeline = vendor.StateTimeline(
        **head(title, description, targets, settings),
        mergeValues=merge_values,
        rowHeight=float(row_height),
        showValue=show_value,
    )
    return finished(
        key,
        timeline.to_json_data(),
        {**settings, "steps": settings.get("steps") or threshold_steps("green")},
        size=(12, 6),
        unit=unit,
        defaults={"color": {"mode": "thresholds"}},
        options={"legend": legend_json(), "tooltip": tooltip_json("single", "none")},
    )


def barchart(
    key: str,
    title: str,
    description: str,
    targets: Sequence[Query],
    unit: str,
    *,
    x_field: str,
    orientation: Literal["auto", "horizontal", "vertical"] = "auto",
    stack: bool = False,
    **settings: Unpack[PanelSettings],
) -> Panel:
    """One bar for each value of the label ``x_field``; the targets are read once over the whole range."""
    chart = vendor.BarChart(
        **head(title, description, [as_table(one) for one in targets], settings),
        orientation=orientation,
        showValue="auto",
        stacking="normal" if stack else "none",
    )
    options: Mapping[str, Any] = {
        "fullHighlight": False,
        # The bars of a single query are all named "Value".
        "legend": legend_json(shown=len(targets) > 1),
        "tooltip": tooltip_json("single", "none"),
        "xField": x_field,
        "xTickLabelMaxLength": 0,
    }
    defaults = {"color": {"mode": "palette-classic"}}
    return finished(key, chart.to_json_data(), settings, size=(12, 8), unit=unit, defaults=defaults, options=options)


def _legend(legend: Legend, calcs: Sequence[str] | None) -> dict[str, Any]:
    table = legend.startswith("table")
    chosen = _TABLE_CALCS if calcs is None and table else calcs or ()
    return legend_json(
        shown=legend != "hidden",
        mode="table" if table else "list",
        placement="right" if legend == "table-right" else "bottom",
        calcs=chosen,
    )


def _line_overrides(targets: Sequence[Target]) -> list[Override]:
    """Matched by refId, for a threshold's legend may hold labels."""
    return [
        override(
            ref,
            matcher="byFrameRefID",
            color=target.color,
            custom={
                "fillOpacity": 0,
                "hideFrom": HIDE_FROM_NOTHING | {"tooltip": True},
                "lineStyle": {"dash": [10, 10], "fill": "dash"},
                "lineWidth": 2,
                "stacking": {"group": "thresholds", "mode": "none"},
            },
        )
        for target, ref in zip(targets, ref_ids(len(targets)), strict=True)
        if isinstance(target, ThresholdLine)
    ]
