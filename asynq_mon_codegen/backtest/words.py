"""Times and lengths of time as people read them."""

from __future__ import annotations

import datetime as dt
import math

__all__ = ["day", "length", "moment", "stamp"]

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def length(seconds: float) -> str:
    """``95`` seconds as ``1m 35s``: the two largest units."""
    if not math.isfinite(seconds):
        return "?"
    left, out = round(seconds), []
    for unit, size in _UNITS:
        if left >= size:
            out.append(f"{left // size}{unit}")
            left %= size
    return " ".join(out[:2]) or "0s"


def moment(at: float) -> str:
    """Unix seconds as a date and time of day in UTC."""
    return _utc(at).strftime("%Y-%m-%d %H:%M")


def stamp(at: float) -> str:
    """Unix seconds as RFC 3339."""
    return _utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: float) -> str:
    """Unix seconds as a date."""
    return _utc(at).strftime("%Y-%m-%d")


def _utc(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, dt.UTC)
