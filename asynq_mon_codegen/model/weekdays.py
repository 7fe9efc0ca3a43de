"""The days of a week by name."""

from __future__ import annotations

from collections.abc import Iterable

from asynq_mon_codegen.errors import DeclarationError, did_you_mean

__all__ = ["WEEKDAYS", "check_weekdays"]

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order in which PromQL counts them from 0."""


def check_weekdays(days: Iterable[str]) -> None:
    """Raise DeclarationError for what is no day of the week."""
    for day in days:
        if day not in WEEKDAYS:
            raise DeclarationError(f"{day!r} is not a weekday", did_you_mean(day, WEEKDAYS))
