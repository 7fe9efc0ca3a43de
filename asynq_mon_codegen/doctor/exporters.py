"""Exporters that tell the same queues, or contradict each other; counters that fall though their process lives on."""

from __future__ import annotations

from collections.abc import Iterator

from asynq_mon_codegen.doctor.finding import Finding, Level, counted, listed
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.prometheus_api import Labels

__all__ = ["duplicates", "resets"]

_WINDOW = "5m"
_PAST = "6h"


def duplicates(running: Running) -> Iterator[Finding]:
    """Queues that several exporters show: of one Redis it costs, of two under one identity nothing is right."""
    by = running.queue_labels()
    size = running.queue_metric("asynq_queue_size")
    several = running.values(f"count by ({by}) ({size}) > 1")
    if not several:
        return
    processed = running.queue_metric("asynq_tasks_processed_total")
    # the counter of one Redis has one value at a time: the ranges that two exporters saw must overlap
    apart = running.values(
        f"max by ({by}) (min_over_time({processed}[{_WINDOW}])) > min by ({by}) (max_over_time({processed}[{_WINDOW}]))"
    )
    instances = _instances(running, f"group by (instance) ({size} and on ({by}) (count by ({by}) ({size}) > 1))")
    if apart:
        identity = running.plan.scope.identity
        have = f"by {listed(identity)}" if identity else "and no identity label is declared"
        yield Finding(
            level=Level.ERROR,
            what=f"exporters contradict each other about {counted(len(apart), 'queue')}: they read different Redis "
            f"servers or databases, {have}",
            where=f"queue {listed(_queues(apart))}; instances {listed(instances)}",
            alerts=tuple(dict.fromkeys(r.name for r in running.plan.alerts if "queue" in r.label_names)),
            fix="give each deployment a label at its target and declare it: identity=(...,); or stop the exporter that "
            "reads the wrong Redis",
        )
        return
    yield Finding(
        level=Level.NOTE,
        what=f"{counted(len(several), 'queue')} exported by {max(several.values()):g} exporters; rules take that well, "
        "but every one asks Redis and costs series",
        where=f"instances {listed(instances)}",
        fix="one exporter for each Redis is enough, two if it must never be missing",
    )


def resets(running: Running) -> Iterator[Finding]:
    """Counters that fell: those of Redis at all, those of a process more often than it started anew."""
    by = running.queue_labels()
    processed = running.queue_metric("asynq_tasks_processed_total")
    fell = running.values(f"max by ({by}) (resets({processed}[{_PAST}])) > 0")
    if fell:
        worst = max(fell.values())
        yield Finding(
            level=Level.WARNING,
            what=f"asynq_tasks_processed_total fell up to {worst:g} times in the last {_PAST}; Redis keeps it, so a "
            "restart does not explain that",
            where=f"queue {listed(_queues(fell))}",
            alerts=running.reads.readers("asynq_tasks_processed_total"),
            fix="was Redis flushed, restored or failed over without its data, or the queue deleted? If it goes on, the "
            "exporter's address leads to several Redis servers in turn",
        )
    again = running.values(
        f"max by (job, instance) (resets(asynq_task_outcomes_total[{_PAST}]))"
        f" > on (job, instance) max by (job, instance) (changes(process_start_time_seconds[{_PAST}]))"
    )
    if again:
        yield Finding(
            level=Level.WARNING,
            what=f"asynq_task_outcomes_total fell more often than its processes started in the last {_PAST}",
            where=f"instance {listed(sorted({dict(labels).get('instance', '') for labels in again}))}",
            alerts=running.reads.readers("asynq_task_outcomes_total"),
            fix="do several processes answer behind one target, a service or load balancer? Scrape each one itself",
        )


def _queues(found: dict[Labels, float]) -> list[str]:
    return sorted({dict(labels).get("queue", "") for labels in found})


def _instances(running: Running, expr: str) -> list[str]:
    return sorted(sample.label("instance") for sample in running.prometheus.query(expr))
