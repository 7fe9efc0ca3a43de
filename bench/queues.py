"""A healthy asynq as its exporter shows it: the seven families of so many queues, 12 series a queue."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

__all__ = ["STATES", "Family", "families", "scrape_text"]

STATES = ("active", "pending", "scheduled", "retry", "archived", "completed")
_MOVING = STATES[:4]
_PER_SECOND = 5
"""Attempts of each queue."""


@frozen
class Family:
    """``series`` are the labels of each series as text; ``value`` is of a series' number and of the seconds so far."""

    name: str
    kind: str
    series: tuple[str, ...]
    value: Callable[[int, int], float]


def families(queues: int) -> tuple[Family, ...]:
    """The families of so many queues; one attempt in a hundred fails and is retried, none is archived or kept."""

    def tasks_of(queue: int, seconds: int) -> int:
        return (queue + seconds * _PER_SECOND) % 7

    def in_state(series: int, seconds: int) -> int:
        queue, state = divmod(series, len(STATES))
        return tasks_of(queue, seconds) if STATES[state] in _MOVING else 0

    names = tuple(f'queue="q{i}"' for i in range(queues))
    states = tuple(f'{name},state="{state}"' for name in names for state in STATES)
    return (
        Family("asynq_tasks_enqueued_total", "gauge", states, in_state),
        Family("asynq_queue_size", "gauge", names, lambda i, s: len(_MOVING) * tasks_of(i, s)),
        Family("asynq_queue_latency_seconds", "gauge", names, lambda _i, _s: 1),
        Family("asynq_queue_memory_usage_approx_bytes", "gauge", names, lambda _i, _s: 4096),
        Family("asynq_tasks_processed_total", "counter", names, lambda _i, s: s * _PER_SECOND),
        Family("asynq_tasks_failed_total", "counter", names, lambda _i, s: s * _PER_SECOND // 100),
        Family("asynq_queue_paused_total", "gauge", names, lambda _i, _s: 0),
    )


def scrape_text(queues: int, seconds: int) -> str:
    """What a scrape reads after so many seconds."""
    out = []
    for family in families(queues):
        out.append(f"# TYPE {family.name} {family.kind}")
        out += [f"{family.name}{{{labels}}} {family.value(i, seconds)}" for i, labels in enumerate(family.series)]
    return "\n".join(out) + "\n"
