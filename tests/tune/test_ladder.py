"""Round numbers for thresholds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynq_mon_codegen.model import Unit
from asynq_mon_codegen.tune.ladder import down, up


@pytest.mark.parametrize(
    ("level", "beyond", "unit", "rungs"),
    [
        (60, 250, Unit.SECONDS, (90, 120, 180, 300)),
        (61, 300, Unit.SECONDS, (90, 120, 180, 300)),
        (0.05, 0.22, Unit.RATIO, (0.075, 0.1, 0.15, 0.2, 0.25)),
        (0.98, 1.0, Unit.RATIO, ()),
        (100, 400, Unit.TASKS, (150, 200, 300, 500)),
        (1, 4, Unit.COUNT, (2, 3, 5)),
        (2e9, 4e9, Unit.BYTES, (3e9, 5e9)),
        (0.5, 1.2, Unit.TASKS_PER_SECOND, (0.75, 1, 1.5)),
    ],
)
def test_up_to_the_first_that_is_beyond(level: float, beyond: float, unit: Unit, rungs: tuple[float, ...]) -> None:
    assert up(level, beyond, unit) == pytest.approx(rungs)


@pytest.mark.parametrize(
    ("level", "beyond", "unit", "rungs"),
    [
        (300, 100, Unit.SECONDS, (180, 120, 90)),
        (0.05, 0.019, Unit.RATIO, (0.03, 0.02, 0.01)),
        (3, 0, Unit.COUNT, (2, 1)),
    ],
)
def test_down_to_the_first_that_is_below(level: float, beyond: float, unit: Unit, rungs: tuple[float, ...]) -> None:
    assert down(level, beyond, unit) == pytest.approx(rungs)


@given(st.floats(1e-3, 1e9), st.floats(1, 100), st.sampled_from(list(Unit)))
def test_rungs_are_in_order_and_few(level: float, times: float, unit: Unit) -> None:
    rungs = up(level, level * times, unit)
    assert len(rungs) <= 12
    assert list(rungs) == sorted(set(rungs))
    assert all(rung > level for rung in rungs)
