"""Grafana's own published types read the dashboards without losing anything."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from asynq_mon_codegen import grafana

with warnings.catch_warnings():
    # Importing its classic model raises a DeprecationWarning in favour of the next one.
    warnings.simplefilter("ignore", DeprecationWarning)
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    units = pytest.importorskip("grafana_foundation_sdk.models.units")


def lost(before: Any, after: Any, place: str = "$") -> Iterator[str]:
    """The places of ``before`` that are missing or different in ``after``; what was added is a default."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{place}.{key}"
            else:
                yield from lost(value, after[key], f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from lost(one, other, f"{place}[{index}]")
    elif before != after:
        yield place


def round_trip(dashboard: dict[str, Any]) -> Any:
    """The dashboard read into Grafana's types and written again."""
    plugins.register_default_plugins()
    return json.loads(json.dumps(models.Dashboard.from_json(dashboard), cls=encoder.JSONEncoder))


def test_nothing_is_dropped(sample: dict[str, Any]) -> None:
    """Every key of the sample dashboard is one that Grafana's types know."""
    assert list(lost(sample, round_trip(sample))) == []


def test_unknown_key_is_dropped(sample: dict[str, Any]) -> None:
    """The round trip does notice: a key that Grafana lacks does not come back."""
    sample["panels"][1]["options"]["colour"] = "red"

    assert list(lost(sample, round_trip(sample))) == ["$.panels[1].options.colour"]


def test_units_are_grafanas() -> None:
    """Each unit of the closed list is an identifier of Grafana's."""
    known = {value for value in vars(units).values() if isinstance(value, str)}

    assert frozenset() == grafana.UNITS - known
