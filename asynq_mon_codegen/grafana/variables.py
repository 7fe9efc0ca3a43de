"""What the reader of a dashboard may choose: data sources, label values, ad hoc filters."""

from __future__ import annotations

from typing import Any, Literal

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.grafana.jsondata import JsonObject, only, plain, present
from asynq_mon_codegen.grafana.targets import PROMETHEUS

__all__ = ["Variable", "adhoc_variable", "datasource_variable", "query_variable"]

_COMMON_KEYS = ("name", "type", "label", "hide")
_LABELS = {"prometheus": "Prometheus data source", "loki": "Loki data source", "tempo": "Tempo data source"}


@frozen(kw_only=True)
class Variable:
    """A variable ``$name`` of a dashboard; ``body`` is its JSON."""

    name: str
    body: JsonObject


def datasource_variable(
    kind: Literal["prometheus", "loki", "tempo"], *, hide: bool = False, regex: str = ""
) -> Variable:
    """``$<kind>_datasource``: which data source of this kind; ``regex`` narrows the choice by name."""
    return _variable(
        ("query", "refresh"),
        present(regex=regex),
        name=f"{kind}_datasource",
        type="datasource",
        label=_LABELS[kind],
        query=kind,
        hide=_hidden(hide),
        refresh=vendor.REFRESH_ON_DASHBOARD_LOAD,
    )


def query_variable(
    name: str,
    label: str,
    query: str,
    *,
    multi: bool = True,
    all: bool = True,  # noqa: A002
    hide: bool = False,
    regex: str = "",
) -> Variable:
    """Values that Prometheus knows: ``query`` is ``label_values(<selector>, <label>)`` or ``query_result(<expr>)``.

    ``multi`` allows several values, ``all`` offers and chooses all of them (``.+``).
    """
    extra: JsonObject = {"definition": query, "query": {"query": query, "qryType": 1, "refId": f"Var-{name}"}}
    if all:
        extra["allValue"] = ".+"
        chosen: Any = (["All"], ["$__all"]) if multi else ("All", "$__all")
        extra["current"] = {"selected": True, "text": chosen[0], "value": chosen[1]}
    return _variable(
        ("datasource", "refresh", "sort", "multi", "includeAll"),
        extra | present(regex=regex),
        name=name,
        type="query",
        label=label,
        query=query,
        dataSource=PROMETHEUS,
        multi=multi,
        includeAll=all,
        hide=_hidden(hide),
        refresh=vendor.REFRESH_ON_TIME_RANGE_CHANGE,
        sort=vendor.SORT_ALPHA_ASC,
    )


def adhoc_variable(name: str = "filter", label: str = "Filter") -> Variable:
    """Any further label filters, which Grafana adds to every Prometheus query of the dashboard."""
    return _variable(("datasource",), {}, name=name, type="adhoc", label=label, query="", dataSource=PROMETHEUS)


def _hidden(hide: bool) -> int:
    hidden: int = vendor.HIDE_VARIABLE if hide else vendor.SHOW
    return hidden


def _variable(keys: tuple[str, ...], extra: JsonObject, **settings: Any) -> Variable:
    """grafanalib writes the keys of every type; ``keys`` are those that this type has."""
    body = only((*_COMMON_KEYS, *keys), plain(vendor.Template(**settings))) | extra
    return Variable(name=settings["name"], body=body)
