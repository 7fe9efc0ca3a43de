"""From what single changes would do to those that are proposed: what saves most is done first, until it is enough."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.tune.changes import AlertChange, OwnChange
from asynq_mon_codegen.tune.options import Place
from asynq_mon_codegen.tune.proposal import Proposal
from asynq_mon_codegen.tune.trials import Trials

__all__ = ["Curve", "Step", "descended"]


@frozen(kw_only=True)
class Step:
    """A change, and what would have fired with it; ``everybody`` is the same change for the whole alert."""

    change: OwnChange
    fired: tuple[Firing, ...]
    everybody: AlertChange | None = None


@frozen(kw_only=True)
class Curve:
    """What an alert did for one queue or task type, and would have done with each of ever stronger changes.

    ``worth`` is the share of noise that a step may leave at most.
    """

    severity: str
    place: Place | None
    firings: tuple[Firing, ...]
    notifications: int
    steps: tuple[Step, ...]
    was: OwnChange | None = None
    worth: float = 1.0

    def proposal(self, step: int) -> Proposal:
        """The change of a step."""
        return Proposal(
            change=self.steps[step].change,
            severity=self.severity,
            place=self.place,
            was=self.was,
            before=self.firings,
            after=self.steps[step].fired,
        )

    def left(self, trials: Trials, step: int | None) -> float:
        """Notifications of what is noise, in proportion to what fires."""
        return self.notifications * self._noise(trials, step) / len(self.firings)

    def next(self, trials: Trials, step: int | None) -> int | None:
        """The next step that makes it quieter by what it is worth; None where there is none, or an incident is lost."""
        now = self._noise(trials, step)
        for further in range(0 if step is None else step + 1, len(self.steps)):
            noise = self._noise(trials, further)
            if noise < now and noise <= self.worth * now:
                return further if trials.keeps(self.firings, self.steps[further].fired) else None
        return None

    def _noise(self, trials: Trials, step: int | None) -> int:
        return trials.noise(self.firings if step is None else self.steps[step].fired)


def descended(
    trials: Trials, curves: Sequence[Curve], total: float, budget: float
) -> tuple[list[tuple[Curve, int]], float]:
    """The step to which each curve goes so that ``total`` comes down to the budget, and what is left of it."""
    at: dict[int, int] = {}
    while total > budget:
        best, gain = None, 0.0
        for i, curve in enumerate(curves):
            step = curve.next(trials, at.get(i))
            if step is None:
                continue
            saved = curve.left(trials, at.get(i)) - curve.left(trials, step)
            if saved > gain:
                best, gain = (i, step), saved
        if best is None:
            break
        at[best[0]] = best[1]
        total -= gain
    return [(curves[i], step) for i, step in sorted(at.items())], total
