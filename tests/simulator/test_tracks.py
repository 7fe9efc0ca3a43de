"""Levels and rates within one phase of a world."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.simulator.tracks import ABSENT, Level, Ramp, Rate, Saw, Then, levels, totals


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        pytest.param(7, (7, 7, 7, 7, 7, 7), id="a number stays"),
        pytest.param(Ramp(1, 0.5), (1, 6, 11, 16, 21, 26), id="a ramp climbs by its pace and the scrape interval"),
        pytest.param(Saw(0, 8, 3), (0, 4, 8, 0, 4, 8), id="a saw climbs and falls back"),
        pytest.param(Then(1, 2, Ramp(5, 0.1)), (1, 1, 5, 6, 7, 8), id="what follows begins anew"),
        pytest.param(Then(ABSENT, 4, Then(2, 1, 3)), (None, None, None, None, 2, 3), id="parts within parts"),
    ],
)
def test_levels(level: Level, expected: tuple[float | None, ...]) -> None:
    """A gauge of one phase of six scrapes, ten seconds apart."""
    assert levels([(6, level)], 10) == expected


def test_totals_grow_by_the_rate_of_each_part() -> None:
    """A counter goes on from where the part before left it, also over a gap."""
    phases: list[tuple[int, Rate]] = [(4, Then(1, 2, 0.5)), (1, ABSENT), (2, 0)]

    assert totals(phases, 10) == (0, 10, 20, 25, None, 30, 30)
