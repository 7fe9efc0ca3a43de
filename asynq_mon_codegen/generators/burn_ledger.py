"""Whether an error budget burns, computed from the events themselves and not from the rules."""

from __future__ import annotations

from itertools import accumulate

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.generators.burn_stories import Work
from asynq_mon_codegen.model import BurnWindow

__all__ = ["Ledger", "fires", "ledger_of"]

_LAG = 5
"""Minutes until a rate shows all of an event."""
_NEAR = 0.05


@frozen(kw_only=True)
class Ledger:
    """Errors and what was allowed, summed up minute by minute since the world began."""

    errors: tuple[float, ...]
    allowed: tuple[float, ...]

    def counts(self, now: int, window: Duration) -> tuple[float, float]:
        """Errors and allowed errors of the window that ends ``now``."""
        now = max(0, min(now, len(self.errors) - 1))
        begin = max(0, now - round(window.seconds / 60))
        return self.errors[now] - self.errors[begin], self.allowed[now] - self.allowed[begin]

    def burns(self, pair: BurnWindow, factor: float, floor: float, now: int) -> bool | None:
        """Whether both windows burn; None where it is too close to call."""
        long, short = self.counts(now, pair.long), self.counts(now, pair.short)
        conditions = ((long[0], long[1] * factor), (short[0], short[1] * factor), (long[0], floor))
        verdicts = [_above(*condition) for condition in conditions]
        if False in verdicts:
            return False
        return None if None in verdicts else True


def _above(value: float, level: float) -> bool | None:
    if value > level * (1 + _NEAR) and value > 0:
        return True
    return False if value < level * (1 - _NEAR) or value == 0 else None


def ledger_of(work: Work, minutes: range, budget: float) -> Ledger:
    """What the work of these minutes adds up to."""
    events = [work(m) for m in minutes]
    return Ledger(
        errors=tuple(accumulate((60 * rate * share for rate, share in events), initial=0.0)),
        allowed=tuple(accumulate((60 * rate * budget for rate, _ in events), initial=0.0)),
    )


def fires(
    ledger: Ledger, pairs: tuple[tuple[BurnWindow, float], ...], floor: float, now: float, slack: int
) -> bool | None:
    """Whether any pair burns, now and a little earlier or later alike; None where that is not certain."""
    verdicts = set()
    for minute in (round(now) - _LAG - slack, round(now) - _LAG, round(now), round(now) + 1):
        by_pair = [ledger.burns(pair, factor, floor, minute) for pair, factor in pairs]
        verdicts.add(True if True in by_pair else (None if None in by_pair else False))
    return verdicts.pop() if len(verdicts) == 1 else None
