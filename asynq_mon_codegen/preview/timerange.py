"""Moments as Grafana's time picker writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from attrs import frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError, UsageError

__all__ = ["Span", "moment_of", "span_of"]

_RELATIVE = re.compile(r"now(?:-(?P<ago>\w+))?(?:/(?P<whole>[smhd]))?")
_WHOLE = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@frozen
class Span:
    """From ``start`` to ``end``, seconds since 1970."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """The length."""
        return self.end - self.start


def span_of(start: str, end: str, now: float) -> Span:
    """The range from ``start`` to ``end``; UsageError when one is not a moment or nothing lies between them."""
    span = Span(moment_of(start, now), moment_of(end, now, last=True))
    if span.seconds <= 0:
        raise UsageError(f"the range from {start} to {end} is empty", "for example: --from now-6h --to now")
    return span


def moment_of(text: str, now: float, *, last: bool = False) -> float:
    """``now-6h``, ``now-1d/d`` (the day's first moment, or its ``last``), ISO 8601, or seconds since 1970.

    Raises:
        UsageError: nothing of these.
    """
    hint = "write now-6h, 2026-01-15T12:00:00Z, or seconds since 1970"
    if match := _RELATIVE.fullmatch(text):
        try:
            ago = duration(match["ago"]).seconds if match["ago"] else 0
        except DeclarationError as error:
            raise UsageError(f"{text!r}: {error.message}", hint) from None
        if not match["whole"]:
            return now - ago
        whole = _WHOLE[match["whole"]]
        return ((now - ago) // whole + last) * whole
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment", hint) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
