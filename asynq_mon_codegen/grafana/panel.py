"""A panel as a value, and the one place where grafanalib's panel JSON becomes what Grafana 13 reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import grafanalib.core as vendor
from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.grafana.fields import Override, Thresholds, ValueMapping, mappings_json
from asynq_mon_codegen.grafana.jsondata import JsonObject, merged, only, plain, present
from asynq_mon_codegen.grafana.links import DataLink
from asynq_mon_codegen.grafana.targets import LOKI, PROMETHEUS, LogQuery, Target, targets_json
from asynq_mon_codegen.grafana.units import checked_unit

__all__ = ["HIDE_FROM_NOTHING", "Panel", "PanelSettings", "Repeat", "finished", "head", "legend_json", "tooltip_json"]

PLUGIN_VERSION = "13.0.0"
"""Tells Grafana that the options are current; without it they are migrated as if they were of 6.1."""

DESCRIPTION_LENGTH = 10
"""Fewest characters of a description: a title said twice explains nothing."""

HIDE_FROM_NOTHING = {"legend": False, "tooltip": False, "viz": False}

_PANEL_KEYS = (
    "type",
    "title",
    "description",
    "datasource",
    "targets",
    "interval",
    "transformations",
    "fieldConfig",
    "options",
    "repeat",
    "repeatDirection",
    "maxPerRow",
)


@frozen(kw_only=True)
class Panel:
    """One panel: ``key`` names it within its row for good, ``w`` of 24 columns, ``h`` in steps of 30 px.

    ``body`` is its JSON without id and position, which the layout decides.
    """

    key: str
    w: int
    h: int
    body: Mapping[str, Any]


@frozen(kw_only=True)
class Repeat:
    """Draw the panel once for each value of ``variable``: side by side (``h``) or one below the other (``v``)."""

    variable: str
    direction: Literal["h", "v"] = "h"
    max_per_row: int = 2


class PanelSettings(TypedDict, total=False):
    """What every panel of data takes; all of it optional.

    ``w`` and ``h`` are the size, ``steps`` the thresholds, ``links`` the data links, ``min``,
    ``max`` and ``decimals`` belong to the unit, ``no_value`` is the text shown without data,
    ``interval`` the smallest step of the queries as a duration.
    """

    w: int
    h: int
    steps: Thresholds | None
    links: Sequence[DataLink]
    overrides: Sequence[Override]
    mappings: Sequence[ValueMapping]
    min: float | None
    max: float | None
    decimals: int | None
    no_value: str
    interval: str | None
    repeat: Repeat | None


def head(title: str, description: str, targets: Sequence[Target], settings: PanelSettings) -> JsonObject:
    """The arguments that every grafanalib panel takes.

    DeclarationError without a title or with a description below DESCRIPTION_LENGTH characters.
    """
    if not title.strip():
        raise DeclarationError("a panel needs a title")
    if len(description.strip()) < DESCRIPTION_LENGTH:
        raise DeclarationError(f"panel {title!r} needs a description of at least {DESCRIPTION_LENGTH} characters")
    repeat = settings.get("repeat")
    horizontal = repeat is not None and repeat.direction == "h"
    arguments: JsonObject = {
        "title": title,
        "description": description,
        # grafanalib's default of 100 points blurs every graph and widens $__rate_interval.
        "maxDataPoints": None,
        "interval": settings.get("interval"),
        "repeat": vendor.Repeat(
            variable=repeat.variable if repeat else None,
            direction=repeat.direction if repeat else None,
            maxPerRow=repeat.max_per_row if repeat and horizontal else None,
        ),
    }
    if targets:
        arguments["targets"] = targets_json(targets)
        arguments["dataSource"] = LOKI if isinstance(targets[0], LogQuery) else PROMETHEUS
    return arguments


def finished(
    key: str,
    vendor_json: Mapping[str, Any],
    settings: PanelSettings,
    *,
    size: tuple[int, int],
    unit: str = "",
    defaults: Mapping[str, Any] | None = None,
    custom: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    overrides: Sequence[Override] = (),
) -> Panel:
    """The panel of ``vendor_json``: our settings laid over it, legacy keys and empty parts left out.

    ``size`` is the width and height unless the settings have their own. ``defaults`` and
    ``custom`` go into the field configuration and replace grafanalib's keys of the same name.
    """
    body = only(_PANEL_KEYS, plain(vendor_json))
    vendor_custom = body.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
    steps = settings.get("steps")
    field_defaults = {
        **present(
            custom={**vendor_custom, **(custom or {})} or None,
            decimals=settings.get("decimals"),
            links=plain(list(settings.get("links", ()))),
            mappings=mappings_json(settings.get("mappings", ())),
            max=settings.get("max"),
            min=settings.get("min"),
            noValue=settings.get("no_value"),
            thresholds=steps.to_json_data() if steps else None,
            unit=checked_unit(unit) if unit else None,
        ),
        **(defaults or {}),
    }
    all_overrides = [*overrides, *settings.get("overrides", ())]
    body["fieldConfig"] = {"defaults": field_defaults, "overrides": [one.to_json_data() for one in all_overrides]}
    body["options"] = merged(body.get("options", {}), options or {})
    for name in ("targets", "transformations"):
        if not body.get(name):
            body.pop(name, None)
    body["pluginVersion"] = PLUGIN_VERSION
    return Panel(key=key, w=settings.get("w", size[0]), h=settings.get("h", size[1]), body=body)


def legend_json(
    *, shown: bool = True, mode: str = "list", placement: str = "bottom", calcs: Sequence[str] = ()
) -> JsonObject:
    """The legend's options."""
    return {"calcs": list(calcs), "displayMode": mode, "placement": placement, "showLegend": shown}


def tooltip_json(mode: Literal["single", "multi"], sort: Literal["none", "asc", "desc"]) -> JsonObject:
    """The tooltip's options."""
    return {"hideZeros": False, "mode": mode, "sort": sort}
