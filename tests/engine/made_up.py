"""A made-up asynq deployment: queues with times in which nobody works, and ones in which all fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.engine.blocks import Writer, periods

STEP = 30
STATES = ("pending", "active", "scheduled", "retry", "archived", "completed", "aggregating")
TARGET = 'job="asynq-exporter",instance="exporter:9876"'


@frozen(kw_only=True)
class Queue:
    """``rate`` tasks a second arrive; in ``stopped`` nothing is worked off, in ``failing`` everything fails."""

    name: str
    rate: float = 2.0
    stopped: tuple[tuple[float, float], ...] = ()
    failing: tuple[tuple[float, float], ...] = ()


def samples(queue: Queue, times: Sequence[int]) -> Iterator[tuple[str, list[float]]]:
    """Series and their values at these times."""
    pending = oldest = processed = failed = 0.0
    found: dict[str, list[float]] = {}

    def note(name: str, value: float, state: str = "") -> None:
        more = f',state="{state}"' if state else ""
        found.setdefault(f'{name}{{{TARGET},queue="{queue.name}"{more}}}', []).append(round(value, 3))

    for t in times:
        stopped = any(a <= t < b for a, b in queue.stopped)
        failing = any(a <= t < b for a, b in queue.failing)
        arrived = queue.rate * STEP
        done = 0.0 if stopped else min(pending + arrived, 3 * arrived)
        pending += arrived - done
        oldest = oldest + STEP if stopped else pending / (3 * queue.rate)
        processed += done
        failed += done if failing else 0
        note("asynq_tasks_processed_total", processed)
        note("asynq_tasks_failed_total", failed)
        note("asynq_queue_latency_seconds", oldest)
        note("asynq_queue_size", pending + 1)
        note("asynq_queue_paused_total", 0)
        note("asynq_queue_memory_usage_approx_bytes", 1000 * pending)
        for state in STATES:
            note("asynq_tasks_enqueued_total", {"pending": pending, "active": 1.0}.get(state, 0.0), state)
    yield from found.items()


def history(
    data: Path,
    queues: Sequence[Queue],
    start: float,
    end: float,
    *,
    without: tuple[float, float] = (0, 0),
    ones: Sequence[tuple[str, float, float]] = (),
) -> None:
    """Blocks with the deployment from ``start`` to before ``end``; the exporter was not there ``without``.

    ``ones`` are more series that were 1 from when to before when.
    """
    times = range(int(start), int(end), STEP)
    series = [one for queue in queues for one in samples(queue, times)]
    up = [1.0] * len(times)
    series += [(f"up{{{TARGET}}}", up), ('up{job="asynq-workers",instance="worker:2112"}', up)]
    with Writer(data, 18) as writer:
        for begin, until in periods(start, end, 18):
            chunks = (
                f"{name} {value} {t}\n"
                for name, values in series
                for t, value in zip(times, values, strict=True)
                if begin <= t < until and not without[0] <= t < without[1]
            )
            more = (f"{name} 1 {t}\n" for name, a, b in ones for t in times if begin <= t < until and a <= t < b)
            writer.write((*chunks, *more), lambda: None)
