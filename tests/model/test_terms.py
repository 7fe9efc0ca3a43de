"""Numbers as Prometheus' templates write them; promtool compares the same in every rule test."""

from __future__ import annotations

import math

import pytest

from asynq_mon_codegen.model import Above, Below, Present, Severity, Unit, threshold_text, value_text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        pytest.param(Unit.SECONDS, 0, "0s", id="nothing"),
        pytest.param(Unit.SECONDS, 0.25, "250ms", id="milliseconds"),
        pytest.param(Unit.SECONDS, 1.5, "1.5s", id="a second and a half"),
        pytest.param(Unit.SECONDS, 75, "1m 15s", id="minutes"),
        pytest.param(Unit.SECONDS, 3_725, "1h 2m 5s", id="hours"),
        pytest.param(Unit.SECONDS, 90_061, "1d 1h 1m 1s", id="days"),
        pytest.param(Unit.SECONDS, -75, "-1m 15s", id="negative"),
        pytest.param(Unit.SECONDS, math.inf, "+Inf", id="infinite"),
        pytest.param(Unit.RATIO, 0.0525, "5.25%", id="a ratio"),
        pytest.param(Unit.BYTES, 1536, "1.5kiB", id="bytes"),
        pytest.param(Unit.BYTES, 1, "1B", id="one byte"),
        pytest.param(Unit.TASKS, 12_345.6, "12346 tasks", id="tasks are whole"),
        pytest.param(Unit.TASKS, math.nan, "NaN tasks", id="not a number"),
        pytest.param(Unit.TIMES, 2.5, "2.5×", id="times"),
        pytest.param(Unit.TASKS_PER_SECOND, 1234.5, "1.23e+03 tasks/s", id="rates have three digits"),
    ],
)
def test_value_text(unit: Unit, value: float, text: str) -> None:
    """Each unit prints as its template function does."""
    assert value_text(unit, value) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        pytest.param(Unit.SECONDS, 300, "5m", id="a duration as it was declared"),
        pytest.param(Unit.SECONDS, 0, "0s", id="zero"),
        pytest.param(Unit.RATIO, 0.05, "5%", id="a percentage"),
        pytest.param(Unit.TASKS, 100, "100 tasks", id="a count"),
    ],
)
def test_threshold_text(unit: Unit, value: float, text: str) -> None:
    """Thresholds read as a person writes them."""
    assert threshold_text(unit, value) == text


def test_levels_may_be_durations_and_percentages() -> None:
    """They are numbers in the signal's unit afterwards."""
    assert Above(warning="1m", critical="5m") == Above(warning=60, critical=300)
    assert Below(warning="10%", critical="5%") == Below(warning=0.1, critical=0.05)


def test_level_of_each_severity() -> None:
    """What is not given is None."""
    above = Above(info=1, warning=2)

    assert [above.level(s) for s in Severity] == [None, 2, 1, None]
    assert Present(Severity.CRITICAL).level(Severity.CRITICAL) is None
