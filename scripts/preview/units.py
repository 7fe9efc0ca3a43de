"""Numbers as Grafana writes them, for the units that the dashboards use."""

from __future__ import annotations

import math

__all__ = ["text"]

_SECONDS = (
    (1e-3, 1e-6, "µs"),
    (1, 1e-3, "ms"),
    (60, 1, "s"),
    (3600, 60, "min"),
    (86_400, 3600, "h"),
    (math.inf, 86_400, "d"),
)


def text(value: float, unit: str, decimals: int | None = None) -> str:
    """``value`` with its unit; ``decimals`` None keeps three significant digits or so."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    match unit:
        case "percentunit":
            return f"{_digits(value * 100, decimals)}%"
        case "s":
            size, word = next((size, word) for limit, size, word in _SECONDS if abs(value) < limit)
            return f"{_digits(value / size, decimals)} {word}" if value else "0 s"
        case "dtdurations":
            minutes, seconds = divmod(int(value), 60)
            hours, minutes = divmod(minutes, 60)
            return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
        case "bytes":
            return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB"), decimals)
        case "Bps":
            return _scaled(value, 1000, ("B/s", "kB/s", "MB/s", "GB/s"), decimals)
        case "ops":
            return _scaled(value, 1000, ("ops/s", "K ops/s", "M ops/s"), decimals)
        case _:
            return _scaled(value, 1000, ("", "K", "Mil", "Bil"), decimals)


def _digits(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    places = next((p for p, limit in enumerate((100, 10, 0.1)) if abs(value) >= limit), 3)
    out = f"{value:.{places}f}"
    return out.rstrip("0").rstrip(".") if "." in out else out


def _scaled(value: float, base: int, words: tuple[str, ...], decimals: int | None) -> str:
    power = 0
    while abs(value) >= base and power < len(words) - 1:
        value, power = value / base, power + 1
    return f"{_digits(value, decimals)} {words[power]}".rstrip()
