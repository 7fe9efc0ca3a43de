"""A made-up deployment over six hours, seeded: what five queues, their workers, hosts and Redis would have exported.

Slow handlers in the middle; at the end a mail server that is down, a flood of reports, and a queue
that somebody paused: enough for every panel to have something to show.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

END = 1_768_507_200
"""The last moment: 2026-01-15 20:00 UTC."""
HOURS = 6
STEP = 30
"""Seconds between two scrapes."""
START = END - HOURS * 3600
WARM_UP = 1200
"""Seconds before START that give rates their first values."""
TIMES = range(START - WARM_UP, END + 1, STEP)

EXPORTERS = ("exporter-1:9876", "exporter-2:9876")
WORKERS = ("node-1:2112", "node-1:2113", "node-2:2112")
HOSTS = ("node-1:9100", "node-2:9100")
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

OUTAGE = (END - 2700, END + STEP)
FLOOD = END - 1500
PAUSED = END - 720
SLOW = (END - 3 * 3600, END - 3 * 3600 + 1500)

Labels = tuple[tuple[str, str], ...]


@dataclass
class Series:
    """One series: values at TIMES."""

    name: str
    kind: str
    labels: dict[str, str]
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class QueueStory:
    """What a queue is like when nothing is wrong; ``types`` are task types with share and median seconds."""

    name: str
    rate: float
    capacity: float
    types: tuple[tuple[str, float, float], ...]
    payload: int = 900


QUEUES = (
    QueueStory("critical", 18, 60, (("payment:capture", 0.7, 0.09), ("payment:refund", 0.3, 0.2))),
    QueueStory("default", 42, 90, (("image:resize", 0.6, 0.4), ("index:update", 0.4, 0.05)), 2400),
    QueueStory("emails", 12, 40, (("email:deliver", 1.0, 0.25),)),
    QueueStory("reports", 1.6, 5, (("report:render", 1.0, 2.2),), 5200),
    QueueStory("newsletter", 3, 20, (("newsletter:send", 1.0, 0.12),)),
)


@dataclass
class Moment:
    """A queue at one scrape."""

    pending: float = 0
    active: float = 0
    retry: float = 0
    archived: float = 0
    scheduled: float = 0
    completed: float = 0
    wait: float = 0
    processed: float = 0
    failed: float = 0
    given_up: float = 0
    paused: bool = False


def _arrivals(queue: QueueStory, t: int, rnd: random.Random) -> float:
    """New tasks per second: a slow wave, noise, an hourly batch of reports, the flood at the end."""
    wave = 1 + 0.25 * math.sin((t - START) / 5400 + len(queue.name))
    rate = queue.rate * wave * rnd.uniform(0.85, 1.15)
    if queue.name == "reports":
        rate += 9 if t % 3600 < 240 else 0
        rate += 6.5 if t > FLOOD else 0
    return rate


def _failure_share(queue: QueueStory, t: int) -> float:
    if queue.name == "emails" and OUTAGE[0] <= t < OUTAGE[1]:
        return 0.98
    return {"emails": 0.012, "default": 0.006, "reports": 0.02}.get(queue.name, 0.002)


def _capacity(queue: QueueStory, t: int) -> float:
    if queue.name == "newsletter" and t >= PAUSED:
        return 0
    if queue.name == "default" and SLOW[0] <= t < SLOW[1]:
        return queue.capacity * 0.4
    return queue.capacity


def moments(queue: QueueStory) -> list[Moment]:
    """The queue at every scrape, as a fluid that flows from state to state."""
    rnd = random.Random(queue.name)
    now = Moment(archived=rnd.randint(2, 40))
    came: list[float] = []
    total_in = total_out = 0.0
    out = []
    for t in TIMES:
        back = now.retry * STEP / 90
        arriving = _arrivals(queue, t, rnd) * STEP + back
        total_in += arriving
        came.append(total_in)
        done = min(now.pending + arriving, _capacity(queue, t) * STEP)
        total_out += done
        failed = done * _failure_share(queue, t) * rnd.uniform(0.97, 1.02)
        failed = min(failed, done)
        given_up = failed * 0.006 if failed > 20 else float(rnd.random() < failed * 0.0005)
        now.pending += arriving - done
        now.retry += failed - given_up - back
        now.archived += given_up
        now.given_up += given_up
        now.processed += done
        now.failed += failed
        now.completed = 0.95 * now.completed + (done - failed) * 0.1
        now.scheduled = 40 + 15 * math.sin(t / 900 + len(queue.name)) if queue.name != "critical" else 0
        now.paused = queue.name == "newsletter" and t >= PAUSED
        busy = done / STEP * sum(share * median * 1.3 for _, share, median in queue.types)
        now.active = 0 if now.paused else busy * rnd.uniform(0.7, 1.3)
        now.wait = rnd.uniform(0, 1.2) if now.pending < 1 else _age(came, total_out)
        out.append(Moment(**{**vars(now), "pending": now.pending if now.pending >= 1 else rnd.randint(0, 6)}))
    return out


def _age(came: list[float], gone: float) -> float:
    """Seconds since the task that is next in line came, when ``came`` are totals per scrape and ``gone`` have left."""
    index = bisect_right(came, gone)
    before = came[index - 1] if index else 0.0
    within = (gone - before) / (came[index] - before) if index < len(came) else 1.0
    return max(0.0, (len(came) - index - within) * STEP)


def all_series(told: dict[str, list[Moment]]) -> Iterator[Series]:
    """What asynq's exporters and the instrumentation export; ``told`` are the moments of each queue."""
    yield from _collector(told)
    yield from _instrumentation(told)


def _collector(told: dict[str, list[Moment]]) -> Iterator[Series]:
    states = ("active", "pending", "scheduled", "retry", "archived", "completed")
    for instance in EXPORTERS:
        target = {"job": "asynq-exporter", "instance": instance}
        for queue in QUEUES:
            own = {**target, "queue": queue.name}
            story = told[queue.name]
            for state in states:
                yield gauge(
                    "asynq_tasks_enqueued_total", {**own, "state": state}, [round(getattr(m, state)) for m in story]
                )
            size = [
                sum(round(getattr(m, state)) for state in states) + (7 * (i // 8 % 2) if queue.name == "default" else 0)
                for i, m in enumerate(story)
            ]
            yield gauge("asynq_queue_size", own, size)
            yield gauge("asynq_queue_latency_seconds", own, [m.wait for m in story])
            yield gauge("asynq_queue_memory_usage_approx_bytes", own, [4096 + n * queue.payload for n in size])
            yield gauge("asynq_queue_paused_total", own, [float(m.paused) for m in story])
            yield counter("asynq_tasks_processed_total", own, [5e6 + round(m.processed) for m in story])
            yield counter("asynq_tasks_failed_total", own, [4e4 + round(m.failed) for m in story])
        rnd = random.Random(instance)
        yield gauge("up", target, [1.0 for _ in TIMES])
        yield gauge("scrape_duration_seconds", target, [0.012 * rnd.uniform(0.7, 1.6) for _ in TIMES])
        yield gauge("scrape_samples_scraped", target, [12.0 * len(QUEUES) + 35 for _ in TIMES])


def _below(bound: float, median: float) -> float:
    """Share of durations at or below the bound: log-normal around the median."""
    return 0.5 * (1 + math.erf(math.log(bound / median) / (0.6 * math.sqrt(2))))


def _instrumentation(told: dict[str, list[Moment]]) -> Iterator[Series]:
    for queue in QUEUES:
        story = told[queue.name]
        steps = [
            (b.processed - a.processed, b.failed - a.failed, b.given_up - a.given_up, b) for a, b in pairwise(story)
        ]
        for task_type, share, median in queue.types:
            own = {"queue": queue.name, "task_type": task_type}
            for index, instance in enumerate(WORKERS):
                part = share * (0.4, 0.35, 0.25)[index]
                target = {"job": "asynq-worker", "instance": instance, **own}
                yield from _histogram("asynq_task_duration_seconds", target, queue, median, steps, part)
                yield from _histogram("asynq_task_wait_seconds", target, queue, None, steps, part)
                amounts = {
                    "succeeded": [(d - f) * part for d, f, _, _ in steps],
                    "retried": [(f - g) * part for _, f, g, _ in steps],
                    "archived": [g * part for _, _, g, _ in steps],
                    "revoked": [0.0 for _ in steps],
                    "skipped": [0.0 for _ in steps],
                }
                for outcome, amount in amounts.items():
                    yield count("asynq_task_outcomes_total", {**target, "outcome": outcome}, amount)
                yield gauge("asynq_task_in_progress", target, [round(m.active * part) for m in story])
                rnd = random.Random(f"{task_type}{instance}")
                started = [
                    t - median * rnd.uniform(0.1, 3) if round(m.active * part) else 0.0
                    for t, m in zip(TIMES, story, strict=True)
                ]
                yield gauge("asynq_task_oldest_in_progress_start_seconds", target, started)
                last = [
                    float(t - rnd.randint(0, 20)) if not m.paused else float(PAUSED)
                    for t, m in zip(TIMES, story, strict=True)
                ]
                yield gauge("asynq_task_last_success_timestamp_seconds", target, last)
            rnd = random.Random(task_type)
            sent = [_arrivals(queue, t, rnd) * share * STEP for t in TIMES][1:]
            for result, portion in (("ok", 0.985), ("duplicate", 0.012), ("conflict", 0.001), ("error", 0.002)):
                labels = {"job": "shop-api", "instance": "api-1:8080", **own, "result": result}
                yield count("asynq_client_enqueues_total", labels, [n * portion for n in sent])
    total = [sum(told[queue.name][i].active for queue in QUEUES) for i in range(len(TIMES))]
    for index, instance in enumerate(WORKERS):
        target = {"job": "asynq-worker", "instance": instance}
        server = {**target, "server": f"worker-{index + 1}"}
        yield gauge("asynq_server_concurrency", server, [24.0 for _ in TIMES])
        yield gauge("asynq_server_busy_workers", server, [min(24, round(n * (0.4, 0.35, 0.25)[index])) for n in total])
        yield gauge("asynq_servers", target, [3.0 for _ in TIMES])
    labels = {"job": "asynq-worker", "instance": WORKERS[0], "task_type": "newsletter:send"}
    yield counter(
        "asynq_scheduler_enqueue_errors_total", labels, [float(t > OUTAGE[0]) + (t > OUTAGE[1]) for t in TIMES]
    )


def _histogram(
    name: str,
    labels: dict[str, str],
    queue: QueueStory,
    median: float | None,
    steps: list[tuple[float, float, float, Moment]],
    part: float,
) -> Iterator[Series]:
    """``median`` None takes each moment's wait."""
    middles = []
    for t, (_, _, _, moment) in zip(TIMES[1:], steps, strict=True):
        slow = (
            4
            if queue.name == "emails" and OUTAGE[0] <= t < OUTAGE[1]
            else 2.5
            if queue.name == "default" and SLOW[0] <= t < SLOW[1]
            else 1
        )
        middles.append(max(0.3, moment.wait) if median is None else median * slow)
    counts = [done * part for done, *_ in steps]
    for bound in BOUNDS:
        grown = [n * _below(bound, middle) for n, middle in zip(counts, middles, strict=True)]
        yield count(f"{name}_bucket", {**labels, "le": str(bound)}, grown)
    yield count(f"{name}_bucket", {**labels, "le": "+Inf"}, counts)
    yield count(f"{name}_count", labels, counts)
    yield counter(f"{name}_sum", labels, summed([n * middle * 1.2 for n, middle in zip(counts, middles, strict=True)]))


def gauge(name: str, labels: dict[str, str], values: list[float]) -> Series:
    """A series that goes up and down."""
    return Series(name, "gauge", labels, list(values))


def counter(name: str, labels: dict[str, str], values: list[float]) -> Series:
    """A series that only grows."""
    return Series(name, "counter", labels, list(values))


def count(name: str, labels: dict[str, str], growth: list[float]) -> Series:
    """A counter of whole things, from what it grows by between two scrapes."""
    return Series(name, "counter", labels, [float(round(value)) for value in summed(growth)])


def summed(growth: list[float]) -> list[float]:
    """Running totals from 0: one value more than the steps."""
    return list(accumulate((max(amount, 0.0) for amount in growth), initial=0.0))
