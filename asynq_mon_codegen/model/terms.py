"""The closed vocabularies of a declaration: severities, threats and units."""

from __future__ import annotations

import math
from enum import Enum

from asynq_mon_codegen.duration import Duration

__all__ = ["Severity", "Threat", "Unit", "threshold_text", "value_text"]


class Severity(Enum):
    """How fast a person has to act."""

    CRITICAL = "critical"
    """Users are hurt now: wake somebody."""
    WARNING = "warning"
    """It will hurt if nobody looks today: a ticket or a chat message."""
    INFO = "info"
    """Worth knowing beside something worse; never notifies loudly."""
    NONE = "none"
    """The watchdog: it must always fire."""


class Threat(Enum):
    """What kind of trouble an alert is about."""

    TASK_ERRORS = "task-errors"
    DEPENDENCY = "dependency"
    BOTTLENECK = "bottleneck"
    SURGE = "surge"
    AVAILABILITY = "availability"
    EXHAUSTION = "exhaustion"
    DATA_LOSS = "data-loss"
    MONITORING = "monitoring"


class Unit(Enum):
    """What a number counts: it decides how rule annotations and panels write it.

    Each member has the pipeline of a Prometheus template and the unit id of Grafana.
    """

    TASKS = ("tasks", 'printf "%.0f"', " tasks", "short")
    ATTEMPTS = ("attempts", 'printf "%.0f"', " attempts", "short")
    SECONDS = ("seconds", "humanizeDuration", "", "s")
    RATIO = ("ratio", "humanizePercentage", "", "percentunit")
    BYTES = ("bytes", "humanize1024", "B", "bytes")
    BYTES_PER_SECOND = ("bytes per second", "humanize1024", "B/s", "Bps")
    TASKS_PER_SECOND = ("tasks per second", 'printf "%.3g"', " tasks/s", "ops")
    TIMES = ("times", 'printf "%.3g"', "×", "none")
    COUNT = ("count", 'printf "%.0f"', "", "short")
    TIMESTAMP = ("seconds since 1970", "humanizeTimestamp", "", "dateTimeAsIso")

    def __init__(self, words: str, pipeline: str, suffix: str, grafana: str) -> None:
        self.words = words
        self.pipeline = pipeline
        self.suffix = suffix
        self.grafana = grafana


def value_text(unit: Unit, value: float) -> str:
    """What Prometheus' template function of this unit prints for ``value``.

    The functions are ``humanizeDuration``, ``humanizePercentage``, ``humanize1024`` and ``printf``
    of Prometheus' template package; promtool compares the two in every generated rule test.
    """
    match unit.pipeline:
        case "humanizeDuration":
            text = _humanize_duration(value)
        case "humanizePercentage":
            text = f"{_g(value * 100, 4)}%"
        case "humanize1024":
            text = _humanize_1024(value)
        case 'printf "%.0f"':
            text = _special(value) or f"{value:.0f}"
        case _:
            text = _g(value, 3)
    return text + unit.suffix


def threshold_text(unit: Unit, value: float) -> str:
    """A threshold as a person writes it: ``1m``, ``5%``, ``100 tasks``."""
    if unit is Unit.SECONDS and math.isfinite(value) and float(value * 1000).is_integer() and value > 0:
        return str(Duration(int(value * 1000)))
    return value_text(unit, value)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else ""


def _g(value: float, digits: int) -> str:
    return _special(value) or f"{value:.{digits}g}"


def _humanize_duration(value: float) -> str:
    if not math.isfinite(value):
        return _g(value, 4)
    if value == 0:
        return "0s"
    if abs(value) >= 1:
        sign = "-" if value < 0 else ""
        whole = int(abs(value))
        seconds, minutes, hours, days = whole % 60, whole // 60 % 60, whole // 3600 % 24, whole // 86_400
        if days:
            return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
        if hours:
            return f"{sign}{hours}h {minutes}m {seconds}s"
        if minutes:
            return f"{sign}{minutes}m {seconds}s"
        return f"{_g(value, 4)}s"
    prefix = ""
    for letter in "mun":
        if abs(value) >= 1:
            break
        prefix, value = letter, value * 1000
    return f"{_g(value, 4)}{prefix}s"


def _humanize_1024(value: float) -> str:
    if not math.isfinite(value) or abs(value) <= 1:
        return _g(value, 4)
    prefix = ""
    for prefix_next in ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"):
        if abs(value) < 1024:
            break
        prefix, value = prefix_next, value / 1024
    return f"{_g(value, 4)}{prefix}"
