"""Grafana's field configuration: the settings of one series or column after all overrides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["legend_of", "settings_of"]

_LABEL = re.compile(r"\{\{\s*(.+?)\s*\}\}")


def settings_of(panel: Mapping[str, Any], *, name: str, ref: str = "", number: bool = True) -> dict[str, Any]:
    """The settings of a field by Grafana's ids (``unit``, ``custom.lineWidth``), the last override first.

    ``name`` is what it shows as, ``ref`` the refId of its query.
    """
    config = panel.get("fieldConfig", {})
    defaults = dict(config.get("defaults", {}))
    settings = {f"custom.{key}": value for key, value in (defaults.pop("custom", None) or {}).items()} | defaults
    for override in config.get("overrides", ()):
        if _matches(override["matcher"], name, ref, number):
            settings |= {one["id"]: one.get("value") for one in override["properties"]}
    return settings


def _matches(matcher: Mapping[str, Any], name: str, ref: str, number: bool) -> bool:
    wanted = matcher.get("options", "")
    match matcher["id"]:
        case "byName":
            return bool(wanted == name)
        case "byRegexp":
            text = str(wanted)
            body, _, flags = text[1:].rpartition("/") if text.startswith("/") else (text, "", "")
            return re.search(body, name, re.IGNORECASE if "i" in flags else 0) is not None
        case "byFrameRefID":
            return bool(wanted == ref)
        case "byType":
            return bool(wanted == ("number" if number else "string"))
        case "byNames":
            return name in wanted.get("names", ())
        case _:
            return False


def legend_of(pattern: str, labels: Mapping[str, str], expr: str) -> str:
    """A legend pattern (``{{queue}}``) filled in; without one the labels as PromQL writes them, or the expression."""
    if pattern and pattern != "__auto":
        return _LABEL.sub(lambda m: labels.get(m[1], ""), pattern)
    own = {name: value for name, value in labels.items() if name != "__name__"}
    if pattern == "__auto" and len(own) == 1:
        return next(iter(own.values()))
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(own.items()))
    metric = labels.get("__name__", "")
    return f"{metric}{{{inside}}}" if inside else metric or expr
