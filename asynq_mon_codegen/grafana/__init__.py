"""Grafana dashboards as typed functions over grafanalib: the only package that imports it."""

from __future__ import annotations

from asynq_mon_codegen.grafana.dashboard import Annotation, alerts_annotation, dashboard
from asynq_mon_codegen.grafana.fields import (
    Override,
    Thresholds,
    ValueMapping,
    color_override,
    map_range,
    map_special,
    map_value,
    override,
    threshold_steps,
)
from asynq_mon_codegen.grafana.graphs import barchart, heatmap, state_timeline, timeseries
from asynq_mon_codegen.grafana.layout import Row, row
from asynq_mon_codegen.grafana.links import (
    DashboardLink,
    DataLink,
    dashboard_data_link,
    dashboards_link,
    data_link,
    explore_link,
    external_link,
)
from asynq_mon_codegen.grafana.panel import Panel, Repeat
from asynq_mon_codegen.grafana.tables import Column, label_column, table, value_column
from asynq_mon_codegen.grafana.targets import LogQuery, Query, ThresholdLine, log_query, query, threshold_line
from asynq_mon_codegen.grafana.texts import logs, text
from asynq_mon_codegen.grafana.units import UNITS
from asynq_mon_codegen.grafana.values import bargauge, gauge, stat
from asynq_mon_codegen.grafana.variables import Variable, adhoc_variable, datasource_variable, query_variable

__all__ = [
    "UNITS",
    "Annotation",
    "Column",
    "DashboardLink",
    "DataLink",
    "LogQuery",
    "Override",
    "Panel",
    "Query",
    "Repeat",
    "Row",
    "ThresholdLine",
    "Thresholds",
    "ValueMapping",
    "Variable",
    "adhoc_variable",
    "alerts_annotation",
    "barchart",
    "bargauge",
    "color_override",
    "dashboard",
    "dashboard_data_link",
    "dashboards_link",
    "data_link",
    "datasource_variable",
    "explore_link",
    "external_link",
    "gauge",
    "heatmap",
    "label_column",
    "log_query",
    "logs",
    "map_range",
    "map_special",
    "map_value",
    "override",
    "query",
    "query_variable",
    "row",
    "stat",
    "state_timeline",
    "table",
    "text",
    "threshold_line",
    "threshold_steps",
    "timeseries",
    "value_column",
]
