"""Values over time, by minutes since the fault began."""

from __future__ import annotations

from collections.abc import Callable

from asynq_mon_codegen.promql import Metric
from asynq_mon_codegen.simulator import Track, World

__all__ = ["Labels", "Level", "constant", "over", "put", "spell"]

Labels = dict[str, str]
Level = Callable[[float], float | None]
"""A value by minutes since the fault began, negative before it; None where there is no series."""


def over(world: World, level: Level) -> Track:
    """The level, scrape by scrape."""
    return tuple(level((i - world.phases[0]) * world.step.seconds / 60) for i in range(sum(world.phases)))


def constant(value: float) -> Level:
    """The same value all the time."""
    return lambda _: value


def spell(world: World, value: float) -> Level:
    """``value`` during the fault and a third of it around."""
    end = world.phases[1] * world.step.seconds / 60
    return lambda minute: value if 0 <= minute < end else value / 3


def put(world: World, metric: Metric, labels: Labels, level: Level) -> None:
    """One series with exactly these labels, those that only a real scrape adds included."""
    world.gauge_track(metric.name, labels, over(world, level))
