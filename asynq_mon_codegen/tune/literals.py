"""How a person writes a value in a declaration: ``"5m"``, ``"7.5%"``, ``5_000``, ``"it's"``."""

from __future__ import annotations

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Unit

__all__ = ["duration_text", "level_text", "number_text", "string_text"]

_UNITS = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_MOST = 120
_GROUPED = 10_000


def string_text(text: str, quote: str) -> str:
    """A Python literal in these quotes, or in the others where fewer characters must be escaped."""
    other = "'" if quote == '"' else '"'
    if text.count(quote) > text.count(other):
        quote = other
    named = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", quote: "\\" + quote}
    return quote + "".join(named.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + quote


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def number_text(value: float) -> str:
    """``20``, ``0.5``, ``50_000``."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):_}" if abs(value) >= _GROUPED else str(int(value))
    return repr(float(value))


def duration_text(length: Duration) -> str:
    """``90s``, ``5m``, ``2h``: one unit where its number stays small, else ``1h1m1s``."""
    rest = length.milliseconds
    text = str(length)
    if sum(c.isalpha() for c in text.replace("ms", "m")) == 1:
        return text
    unit, size = next((u, s) for u, s in _UNITS if rest % s == 0)
    return f"{rest // size}{unit}" if rest // size <= _MOST else text


def level_text(value: float, unit: Unit, quote: str) -> str:
    """A level in the unit of its signal: lengths of time and ratios as text where that is exact, else a number."""
    length = Duration(round(value * 1000))
    if unit is Unit.SECONDS and value > 0 and length.seconds == value:
        return string_text(duration_text(length), quote)
    if unit is Unit.RATIO:
        percent = f"{value * 100:.12g}"
        if float(percent) / 100 == value and "e" not in percent:
            return string_text(f"{percent}%", quote)
    return number_text(value)
