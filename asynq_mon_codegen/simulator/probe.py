"""How to bring a signal to a wanted value: the one thing that a rule's tests need to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration, duration

if TYPE_CHECKING:
    from asynq_mon_codegen.simulator.world import World

__all__ = ["STEP", "Drive", "Probe"]

STEP = Duration(30_000)
"""Scrape interval of every rule test."""

Drive = Callable[["World", str, float], Mapping[str, str]]
"""``drive(world, name, value)``: put a thing called ``name`` into the world whose signal is healthy,
is ``value`` during the world's fault, and is healthy again. Returns the labels of its alert."""


def _duration(value: str | Duration) -> Duration:
    return duration(value, "probe")


def _optional(value: str | Duration | None) -> Duration | None:
    return None if value is None else duration(value, "lingers")


def _pairs(value: Mapping[str, Drive] | Iterable[tuple[str, Drive]]) -> tuple[tuple[str, Drive], ...]:
    return tuple(value.items()) if isinstance(value, Mapping) else tuple(value)


@frozen(kw_only=True)
class Probe:
    """What the generated tests of an alert are driven by.

    ``drive`` breaks one thing; ``also`` are other ways to break it that must fire just as much, by what
    they are; ``quiet`` are drives that break it just as much, each with one
    reason to stay silent (the text of a guard, a blip), so that removing that guard fails a test.
    ``settle`` is how long the signal takes to show the fault in full (the rate window, if any),
    ``before`` how long the world is healthy first, ``lasting`` how long the fault lasts beyond the
    hold, ``lingers`` how long after the end of a critical fault a warning still fires (None where
    that is not known). ``ripens`` is how long after its beginning even the worst fault is still unheard,
    where a window makes that longer than the hold; ``heard`` how soon it fires, where ``settle`` is only the
    memory of a window and the fault shows at once. ``clears`` is how long after its end the fault is
    still seen, where that is not ``settle``. ``exact`` says whether the signal hits ``value`` to
    the bit; ``many`` whether several things can be driven in one world, and ``apart`` which of ``also`` and ``quiet``
    cannot all the same, for what they do to others of that world; ``top`` and ``bottom`` are the highest and
    lowest value that the signal can have; ``value`` is what a signal without a level shows;
    ``usual`` is what the band of a learnt threshold has come to in the probe's worlds, None where their
    history is too short to teach anything.
    ``floor`` is the alert's floor for which the numbers of the drives are made; where the alert has another one,
    ``World.volume`` is what a drive multiplies its counts and rates by. None: they do not hang on a floor.
    ``recovers`` is False where the alert outlives the fault, ``always`` True where it must never stop.
    """

    drive: Drive
    also: tuple[tuple[str, Drive], ...] = field(default=(), converter=_pairs)
    quiet: tuple[tuple[str, Drive], ...] = field(default=(), converter=_pairs)
    settle: Duration = field(default=Duration(0), converter=_duration)
    before: Duration = field(default=Duration(600_000), converter=_duration)
    lasting: Duration = field(default=Duration(300_000), converter=_duration)
    after: Duration = field(default=Duration(600_000), converter=_duration)
    lingers: Duration | None = field(default=None, converter=_optional)
    ripens: Duration | None = field(default=None, converter=_optional)
    heard: Duration | None = field(default=None, converter=_optional)
    clears: Duration | None = field(default=None, converter=_optional)
    exact: bool = True
    many: bool = True
    apart: tuple[str, ...] = ()
    top: float | None = None
    bottom: float | None = None
    value: float = 1
    usual: float | None = None
    floor: float | None = None
    recovers: bool = True
    always: bool = False

    def volume(self, floor: float | None) -> float:
        """How many times as much must happen in the probe's worlds, where the alert's floor is ``floor``.

        Where that is not once, a millionth more: what is just enough must be so however rates are rounded.
        Where everything is enough (a floor of 0), as much as ever.
        """
        if self.floor is None or floor is None or floor <= 0 or floor == self.floor:
            return 1
        return floor / self.floor * (1 + 1e-6)
