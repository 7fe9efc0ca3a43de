"""Three ways to set a threshold, and what each of them would have told and when."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from bench.alarms.engine import PER_HOUR, RISING
from bench.alarms.traffic import STEP, THREATS, TRAINING_WEEKS, WEEK, WEEKS, QueueLife

__all__ = ["STRATEGIES", "Score", "score"]

HOLD = 600 // STEP
"""``for: 10m``, in steps."""
LATE = 900 // STEP
"""An alert so long after the end of an incident still counts as told of it."""
AFTERMATH = 2 * 3_600 // STEP
"""What fires so long after an incident is its echo, not a false alarm."""
APART = 3_600 // STEP
"""Alarms of one queue that are closer than this are one notification."""
FLOORS = {"wait": 60.0, "failures": 0.05}
"""What nobody wants to hear of, whoever sets the threshold."""
_ATTEMPTS = 20
"""Attempts in five minutes below which a ratio says nothing."""
_EXPECTED = 9
"""Attempts in a quarter of an hour below which silence says nothing."""

STRATEGIES = ("static", "band", "mean+n*sigma")
Learnt = Mapping[str, Mapping[str, Sequence[float | None]]]


@frozen(kw_only=True)
class Score:
    """What a strategy did: incidents told of by threat, false alarms, minutes to the first alarm."""

    scale: float
    told: dict[str, tuple[int, int]]
    false_alarms: int
    by_signal: dict[str, int]
    queue_weeks: int
    delays: tuple[float, ...]

    @property
    def recall(self) -> float:
        """Incidents told of over all."""
        return sum(a for a, _ in self.told.values()) / max(1, sum(b for _, b in self.told.values()))

    @property
    def false_per_week(self) -> float:
        """False alarms per queue and week."""
        return self.false_alarms / self.queue_weeks

    @property
    def delay(self) -> float:
        """Median minutes from the beginning of an incident to its first alarm."""
        return statistics.median(self.delays) if self.delays else float("nan")


def score(strategy: str, queues: Iterable[QueueLife], learnt: Learnt, scales: Sequence[float]) -> list[Score]:
    """Plays the second half of the weeks, once for each scale.

    A scale moves all thresholds of a strategy away from (above 1) or towards (below 1) what is usual.
    """
    lowest = min(scales)
    lives = [(q, _firing(strategy, q, learnt, lowest)) for q in queues]
    return [_score(lives, scale) for scale in scales]


def _score(lives: Sequence[tuple[QueueLife, list[_Moment]]], scale: float) -> Score:
    told = dict.fromkeys(THREATS, (0, 0))
    by_signal = dict.fromkeys(RISING, 0)
    false_alarms, weeks, delays = 0, 0, []
    for queue, moments in lives:
        weeks += WEEKS - TRAINING_WEEKS
        firing = [(t, signal) for t, signal, beyond, cap in moments if scale < beyond and scale <= cap]
        times = [t for t, _ in firing]
        for incident in queue.incidents:
            hit, every = told[incident.threat]
            i = bisect.bisect_left(times, incident.start + 1)
            found = i < len(times) and times[i] <= incident.end + LATE
            told[incident.threat] = (hit + found, every + 1)
            if found:
                delays.append((times[i] - incident.start) * STEP / 60)
        last = -APART - 1
        for t, signal in firing:
            if any(x.start <= t <= x.end + AFTERMATH for x in queue.incidents):
                continue
            if t - last > APART:
                false_alarms += 1
                by_signal[signal] += 1
            last = t
    return Score(
        scale=scale,
        told=told,
        false_alarms=false_alarms,
        by_signal=by_signal,
        queue_weeks=weeks,
        delays=tuple(delays),
    )


_Moment = tuple[int, str, float, float]
"""A step at which an alert fires at every scale below the first number and not above the second."""
_NEVER = (0.0, math.inf)


def _firing(strategy: str, queue: QueueLife, learnt: Learnt, lowest: float) -> list[_Moment]:
    """Where alerts fire: their condition has held for ten minutes, that is for three steps in a row."""
    out: list[_Moment] = []
    for signal in RISING:
        beyond = _beyond(strategy, queue, signal, learnt)
        first = TRAINING_WEEKS * WEEK
        margins = [beyond(t) for t in range(first, WEEKS * WEEK)]
        for i in range(HOLD, len(margins)):
            held = margins[i - HOLD : i + 1]
            least, cap = min(m for m, _ in held), min(c for _, c in held)
            if least > lowest:
                out.append((first + i, signal, least, cap))
    return sorted(out)


def _beyond(strategy: str, queue: QueueLife, signal: str, learnt: Learnt) -> Callable[[int], tuple[float, float]]:
    """For a step, the scale below which its value is beyond the threshold, and the highest scale that has one."""
    rising, values, volume = RISING[signal], queue.series[signal], queue.series["throughput"]
    least = FLOORS.get(signal, 0.0)
    low, high = _seen(queue, signal)
    usual, mean, sigma = (learnt[f"{signal}/{ending}"][queue.name] for ending in ("usual", "mean", "sigma"))

    def beyond(t: int) -> tuple[float, float]:
        value, hour = values[t], t // PER_HOUR
        if rising and (value <= least or (signal == "failures" and volume[t] * STEP < _ATTEMPTS)):
            return _NEVER
        if strategy == "mean+n*sigma":
            m, s = mean[hour], sigma[hour]
            if m is None or not s:
                return _NEVER
            return ((value - m) / (3 * s), math.inf) if rising else ((m - value) / (3 * s), (m - 1 / 900) / (3 * s))
        base = (high if rising else low) if strategy == "static" else usual[hour]
        if not base:
            return (math.inf, math.inf) if rising and base == 0.0 else _NEVER
        if rising:
            return value / (1.5 * base), math.inf
        if base * 900 < _EXPECTED:
            return _NEVER
        return 0.5 * base / value if value else math.inf, math.inf

    return beyond


def _seen(queue: QueueLife, signal: str) -> tuple[float, float]:
    """What somebody with four weeks of graphs goes by: nearly the lowest and nearly the highest that was seen."""
    seen = sorted(queue.series[signal][: TRAINING_WEEKS * WEEK])
    return seen[len(seen) // 100], seen[-len(seen) // 200]
