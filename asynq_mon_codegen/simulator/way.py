"""A way to a value: how to put series into a world so that an expression has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from asynq_mon_codegen.simulator.world import World

__all__ = ["BASE", "TYPICAL", "Place", "Series", "Way"]

Place = Callable[[World, Mapping[str, str], float, float], dict[str, str]]
"""``place(world, labels, healthy, broken)``: the expression has these values for these labels; its labels come back."""

BASE = 8.0
"""The denominator of quotients and the subtrahend of differences."""

TYPICAL = {"queue": "orders", "task_type": "email:deliver", "instance": "worker-1:9100"}
"""Values of labels that a test need not choose."""


@frozen(kw_only=True)
class Series:
    """Which series a selector reads: the name, and the labels that it fixes."""

    name: str
    fixed: tuple[tuple[str, str], ...]

    def meets(self, other: Series) -> bool:
        """Whether one series can belong to both."""
        mine, theirs = dict(self.fixed), dict(other.fixed)
        return self.name == other.name and all(theirs[k] == v for k, v in mine.items() if k in theirs)


@frozen(kw_only=True)
class Way:
    """How to give an expression a value.

    ``labels`` are those of its result that can be chosen, ``taken`` those that matchers or the contract
    leave no choice; ``settle`` is how many milliseconds a change takes to show in full, and ``linear``
    says that it shows evenly until then.
    """

    place: Place
    labels: frozenset[str]
    taken: frozenset[str] = frozenset()
    settle: int = 0
    linear: bool = True
    exact: bool = True
    reads: tuple[Series, ...] = ()
    top: float | None = None

    def free(self) -> list[str]:
        """The labels that can carry a name of the test's choosing, the best first."""
        free = self.labels - self.taken - {"job", "le"}
        best = [label for label in ("task_type", "queue") if label in free]
        return [
            *best,
            *sorted(free - {"task_type", "queue", "instance"}),
            *(["instance"] if "instance" in free else []),
        ]

    def named(self, world: World, name: str) -> dict[str, str]:
        """Labels of something called ``name``: one label has that value, the others typical ones."""
        free = [label for label in self.free() if label not in world.identity]
        mine = world.subject if world.subject in free else next(iter(free), "")
        typical = {label: TYPICAL.get(label, f"{label}-a") for label in free}
        return {**typical, mine: name} if mine else typical
