"""Weeks of a queue as its recorded series show them: healthy life, and incidents that are known."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from attrs import field, frozen

__all__ = ["STEP", "THREATS", "TRAINING_WEEKS", "WEEKS", "Incident", "QueueLife", "lives"]

STEP = 300
"""Seconds between two samples."""
DAY = 86_400 // STEP
WEEK = 7 * DAY
HOUR = DAY // 24
TRAINING_WEEKS = 4
WEEKS = 8
"""Half of them is history, without incidents that are counted; the other half is judged."""

THREATS = ("task-errors", "dependency", "bottleneck", "surge", "availability", "exhaustion", "data-loss")


@frozen(kw_only=True)
class Incident:
    """Something that somebody should be told of: samples ``start`` to ``end``."""

    threat: str
    start: int
    end: int


@frozen(kw_only=True)
class QueueLife:
    """One queue: its series by signal, one value per step, and what happened to it."""

    name: str
    series: dict[str, list[float]]
    incidents: tuple[Incident, ...]
    batch: tuple[str, str] | None = None
    traits: tuple[str, ...] = field(default=())


@frozen(kw_only=True)
class _Shape:
    rate: float
    swing: float
    weekend: float
    peak: int
    growth: float
    noise: float
    cron: float
    cron_every: int
    batch: float
    batch_hour: int
    step: float
    step_at: int
    wait: float
    load: float
    failures: float
    flaky: float


def lives(queues: int, seed: int) -> Iterator[QueueLife]:
    """So many queues, always the same ones for a seed."""
    holiday = TRAINING_WEEKS * WEEK + 8 * DAY
    past_holiday = WEEK + 2 * DAY
    for i in range(queues):
        yield _life(f"queue-{i:03d}", random.Random(f"{seed}:{i}"), (past_holiday, holiday))


def _shape(r: random.Random) -> _Shape:
    return _Shape(
        rate=math.exp(r.uniform(math.log(0.05), math.log(40))),
        swing=r.uniform(0.1, 0.95),
        weekend=r.choice((1.0, r.uniform(0.15, 0.6))),
        peak=r.randrange(DAY),
        growth=r.choice((0.0, r.uniform(-0.02, 0.06))),
        noise=r.uniform(0.03, 0.2),
        cron=r.choice((0.0, 0.0, r.uniform(1, 8))),
        cron_every=r.choice((HOUR, 6 * HOUR, DAY)),
        batch=r.choice((0.0, 0.0, 0.0, r.uniform(3, 15))),
        batch_hour=r.randrange(24),
        step=r.choice((1.0, 1.0, 1.0, r.uniform(1.4, 2.5))),
        step_at=r.randrange(TRAINING_WEEKS * WEEK, (WEEKS - 1) * WEEK),
        wait=math.exp(r.uniform(math.log(0.5), math.log(30))),
        load=r.uniform(0.2, 1.0),
        failures=r.choice((0.001, 0.005, 0.02)),
        flaky=r.choice((0.0, 0.0, r.uniform(0.05, 0.3))),
    )


def _life(name: str, r: random.Random, holidays: tuple[int, ...]) -> QueueLife:
    s = _shape(r)
    n = WEEKS * WEEK
    arrivals, wait, failures = [], [], []
    drift = 0.0
    flaky_hour = r.randrange(24)
    jitter = {day: r.randrange(-3, 4) for day in range(WEEKS * 7 + 1)}
    for t in range(n):
        day, minute = divmod(t, DAY)
        level = 1 + s.swing * math.cos(2 * math.pi * (minute - s.peak) / DAY)
        level *= s.weekend if day % 7 in (5, 6) else 1
        level *= (1 + s.growth) ** (t / WEEK)
        level *= s.step if t >= s.step_at else 1
        level *= 0.3 if any(h <= t < h + DAY for h in holidays) else 1
        drift = 0.97 * drift + r.gauss(0, s.noise * 0.24)
        level *= math.exp(drift + r.gauss(0, s.noise / 2))
        if s.cron and t % s.cron_every < 2:
            level += s.cron * r.uniform(0.6, 1.2)
        begins = s.batch_hour * HOUR + jitter[day]
        in_batch = bool(s.batch) and begins <= minute < begins + 8
        if in_batch:
            level += s.batch * r.uniform(0.8, 1.2)
        mean = s.rate * level * STEP
        arrivals.append(_poisson(r, mean) / STEP)
        busy = s.load * level
        tail = math.exp(r.gauss(0, 0.35)) * (1 + (busy / 1.5) ** 3)
        wait.append(s.wait * min(tail, 60) + r.uniform(0, 1.5))
        ratio = s.failures * math.exp(r.gauss(0, 0.4))
        if s.flaky and minute // HOUR == flaky_hour:
            ratio += s.flaky * r.uniform(0.5, 1.2)
        failures.append(min(1.0, _binomial_share(r, mean, ratio)))
    throughput = list(arrivals)
    for _ in range(r.randrange(2, 5) * WEEKS):  # rolling deploys and restarts: minutes, not incidents
        t = r.randrange(n - 4)
        for k in range(r.randrange(1, 3)):
            throughput[t + k] *= r.uniform(0.3, 0.9)
            wait[t + k] += r.uniform(5, 90)
    for _ in range(WEEKS):  # a blip of a dependency
        t = r.randrange(n - 4)
        failures[t] = min(1.0, failures[t] + r.uniform(0.05, 0.6))
    series = {"arrivals": arrivals, "throughput": throughput, "wait": wait, "failures": failures}
    # incidents of the past, as every history has them: nobody may learn from them
    for week in range(TRAINING_WEEKS):
        if r.random() < 0.5:
            _incident(r, series, week * WEEK + r.randrange(WEEK - DAY))
    found = [
        _incident(r, series, week * WEEK + r.randrange(HOUR, WEEK - 12 * HOUR)) for week in range(TRAINING_WEEKS, WEEKS)
    ]
    smooth = series["throughput"]
    series["throughput"] = [sum(smooth[max(0, t - 2) : t + 1]) / len(smooth[max(0, t - 2) : t + 1]) for t in range(n)]
    batch = None
    if s.batch and 1 <= s.batch_hour <= 21:
        batch = (f"{s.batch_hour - 1:02d}:30", f"{s.batch_hour + 1:02d}:00")
    return QueueLife(name=name, series=series, incidents=tuple(found), batch=batch)


def _incident(r: random.Random, series: dict[str, list[float]], start: int) -> Incident:
    threat = r.choice(THREATS)
    length = r.randrange(4, 30)
    end = min(start + length, WEEKS * WEEK - 1)
    a, p, w, f = (series[name] for name in ("arrivals", "throughput", "wait", "failures"))
    size = r.random()
    producers = r.random() < 0.5
    for t in range(start, end):
        done = t - start + 1
        match threat:
            case "task-errors":
                f[t] = min(1.0, f[t] + 0.04 + 0.4 * size)
            case "dependency":
                f[t] = r.uniform(0.9, 1.0)
            case "bottleneck":
                p[t] *= 0.3 + 0.5 * size
                w[t] += done * STEP * (0.7 - 0.5 * size)
            case "surge":
                a[t] *= 2 + 6 * size
                p[t] *= 1.2
                w[t] += done * STEP * (0.3 + 0.5 * size)
            case "availability" if producers:
                a[t] = p[t] = w[t] = f[t] = 0.0
            case "availability":
                p[t] = f[t] = 0.0
                w[t] += done * STEP
            case "exhaustion":
                w[t] *= 1 + (1 + 9 * size) * done / length
                p[t] *= 1 - 0.4 * done / length
            case _:
                share = 0.05 + 0.45 * size
                a[t] *= share
                p[t] *= share
    return Incident(threat=threat, start=start, end=end)


def _poisson(r: random.Random, mean: float) -> float:
    if mean > 50:
        return max(0.0, r.gauss(mean, math.sqrt(mean)))
    limit, k, p = math.exp(-mean), 0, r.random()
    while p > limit:
        k += 1
        p *= r.random()
    return float(k)


def _binomial_share(r: random.Random, attempts: float, ratio: float) -> float:
    """The share of failures that so many attempts show."""
    if attempts < 1:
        return 0.0
    sigma = math.sqrt(max(ratio * (1 - min(ratio, 1)), 1e-9) / attempts)
    return max(0.0, r.gauss(ratio, sigma))
