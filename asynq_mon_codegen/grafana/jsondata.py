"""Plain JSON data: what grafanalib's objects become, and how our own settings are laid over it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["JsonObject", "merged", "only", "plain", "present"]

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object: keys are strings, values are what ``json.dumps`` takes."""


def plain(value: Any) -> Any:
    """``value`` as fresh plain data, without the keys of objects that have no value.

    grafanalib's objects are replaced by their JSON. Nothing is shared with ``value``, because
    grafanalib edits the dicts it is given.
    """
    if hasattr(value, "to_json_data"):
        return plain(value.to_json_data())
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> JsonObject:
    """``extra`` laid over ``base``, objects key by key, everything else replaced; neither is changed."""
    result = dict(base)
    for key, value in extra.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def only(keys: Iterable[str], data: Mapping[str, Any]) -> JsonObject:
    """The part of ``data`` under ``keys``; a key that is absent stays absent."""
    wanted = frozenset(keys)
    return {key: value for key, value in data.items() if key in wanted}


def present(**values: Any) -> JsonObject:
    """The given values except None, empty texts and empty lists: Grafana reads an absent key as its default."""
    return {key: value for key, value in values.items() if value is not None and value != "" and value != []}
