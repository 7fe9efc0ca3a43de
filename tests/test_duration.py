"""Tests of durations: Prometheus' own text form, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError


@pytest.mark.parametrize(
    ("text", "milliseconds", "printed", "words"),
    [
        ("0s", 0, "0s", "0 seconds"),
        ("1ms", 1, "1ms", "1 millisecond"),
        ("90s", 90_000, "1m30s", "1 minute 30 seconds"),
        ("60m", 3_600_000, "1h", "1 hour"),
        ("36h", 129_600_000, "36h", "36 hours"),
        ("1d12h", 129_600_000, "36h", "36 hours"),
        ("2d", 172_800_000, "2d", "2 days"),
        ("7d", 604_800_000, "1w", "1 week"),
        ("8d", 691_200_000, "8d", "8 days"),
        ("1h1m1s1ms", 3_661_001, "1h1m1s1ms", "1 hour 1 minute 1 second 1 millisecond"),
        ("30d", 2_592_000_000, "30d", "30 days"),
    ],
)
def test_text_and_words(text: str, milliseconds: int, printed: str, words: str) -> None:
    """A duration is read exactly, printed as Prometheus reads it, and said as a person does."""
    value = duration(text)

    assert (value.milliseconds, str(value), value.words()) == (milliseconds, printed, words)
    assert value.seconds == milliseconds / 1000


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "5 m", "5min", "15 minutes", "1m1h", "-5m", "1.5h", "5M", "1h1h", "5m\n", "٥m", None, 5, 5.0, True],
)
def test_what_is_not_a_duration(text: object) -> None:
    """The error names the argument and shows what to write."""
    with pytest.raises(DeclarationError) as caught:
        duration(text, "hold")  # type: ignore[arg-type]
    assert caught.value.message == f"hold={text!r} is not a duration"
    assert '"5m"' in caught.value.hint


@given(st.integers(min_value=0, max_value=10**14))
def test_what_is_printed_is_read_back(milliseconds: int) -> None:
    """Printing loses nothing."""
    assert duration(str(Duration(milliseconds))) == Duration(milliseconds)


def test_durations_are_ordered() -> None:
    """Shorter is less, whatever the units; a duration is its own duration."""
    assert duration("59s") < duration("1m") < duration("1h")
    assert duration(duration("1m")) == Duration(60_000)
