"""Declared queues and task types, and those that are there."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from asynq_mon_codegen.doctor.finding import Finding, Level, counted, listed
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.errors import did_you_mean
from asynq_mon_codegen.model import Queue

__all__ = ["Met", "queues", "task_types"]


@frozen(kw_only=True)
class Met:
    """The declared queues of a service beside those that are there; names in order."""

    declared: tuple[Queue, ...]
    there: frozenset[str]

    @property
    def strangers(self) -> tuple[str, ...]:
        """There, and not declared; none where nothing is declared, for then all are meant."""
        return tuple(sorted(self.there - {q.name for q in self.declared})) if self.declared else ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Declared, and not there, though they must be."""
        return tuple(q.name for q in self.declared if not q.optional and q.name not in self.there)

    @property
    def absent(self) -> tuple[str, ...]:
        """Declared as optional, and not there."""
        return tuple(q.name for q in self.declared if q.optional and q.name not in self.there)


def queues(running: Running) -> Iterator[Finding]:
    """Queues without series, and series of queues that nobody declared."""
    for service in running.services:
        size = running.queue_metric("asynq_queue_size", service)
        there = {s.label("queue") for s in running.prometheus.query(f"group by (queue) ({size})")}
        if not there:
            continue  # told where metrics are looked at
        found = Met(declared=service.queues, there=frozenset(there))
        strangers, absent = found.strangers, found.absent
        for name in found.missing:
            near = did_you_mean(name, strangers) if strangers else ""
            yield Finding(
                level=Level.ERROR,
                what=f"queue {name!r} is declared, and no exporter shows it",
                where=f"service {service.service}",
                alerts=tuple(dict.fromkeys(r.name for r in running.plan.alerts if "queue" in r.label_names)),
                fix=f"{near + ' ' if near.startswith('did') else ''}asynq shows a queue after its first task; else "
                "the exporter reads another Redis, or the queue is not used any more: Queue(..., optional=True)",
            )
        if absent:
            yield Finding(
                level=Level.NOTE,
                what=f"optional queues are not there: {listed(map(repr, absent))}",
                where=f"service {service.service}",
                fix="nothing to do if they are not used now",
            )
        if strangers:
            yield Finding(
                level=Level.NOTE,
                what=f"{counted(len(strangers), 'queue')} that nobody declared, watched with the default thresholds: "
                f"{listed(map(repr, strangers))}",
                where=f"service {service.service}",
                fix="declare them where the defaults do not fit, or to be told when one vanishes: queues=Queue(...)",
            )


def task_types(running: Running) -> Iterator[Finding]:
    """Declared task types that no instrumented worker shows, which they do from their start."""
    there = {s.label("task_type") for s in running.prometheus.query("group by (task_type) (asynq_task_outcomes_total)")}
    declared = {task.name for service in running.services for task in service.task_types}
    if there and (absent := sorted(declared - there)):
        yield Finding(
            level=Level.WARNING,
            what=f"{counted(len(absent), 'declared task type')} shown by no worker: {listed(map(repr, absent))}",
            alerts=tuple(dict.fromkeys(r.name for r in running.plan.alerts if "task_type" in r.label_names)),
            fix="generate the instrumentation anew (`asynq-mon instrument`) and deploy the workers; or is the name "
            f"another? There are {listed(map(repr, sorted(there - declared)))}",
        )
