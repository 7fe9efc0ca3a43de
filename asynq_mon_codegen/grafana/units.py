"""The units a panel may have: Grafana's identifiers, a closed list."""

from __future__ import annotations

from asynq_mon_codegen.errors import DeclarationError, did_you_mean

__all__ = ["UNITS", "checked_unit"]

UNITS = frozenset(
    {
        "none",
        "short",
        "locale",
        "string",
        "bool",
        "bool_on_off",
        "bool_yes_no",
        "percent",
        "percentunit",
        "ms",
        "s",
        "m",
        "h",
        "d",
        "dtdurations",
        "dateTimeAsIso",
        "dateTimeFromNow",
        "ops",
        "opm",
        "reqps",
        "reqpm",
        "cps",
        "cpm",
        "bytes",
        "decbytes",
        "Bps",
        "binBps",
        "hertz",
    }
)
"""Grafana's identifiers: ``s`` seconds, ``percentunit`` 0 to 1, ``bytes`` IEC, ``ops`` operations a second, ..."""


def checked_unit(unit: str) -> str:
    """``unit`` itself; DeclarationError when the list does not have it, as Grafana would show it as a suffix."""
    if unit not in UNITS:
        raise DeclarationError(f"unknown Grafana unit {unit!r}", did_you_mean(unit, UNITS))
    return unit
