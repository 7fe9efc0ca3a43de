"""Queues and task types that are there and declared nowhere, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from asynq_mon_codegen.doctor.queues import Met
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.engine.recording import Evaluation
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.model import Fleet
from asynq_mon_codegen.review.section import Section, Table, counted, name, names

__all__ = ["Queues", "Stranger", "Unseen", "queues", "section"]

_SIZE = "asynq_queue_size"
_TASKS = "asynq_tasks_processed_total"
_OUTCOMES = "asynq_task_outcomes_total"


@frozen(kw_only=True)
class Stranger:
    """A queue that nobody declared; ``tasks`` were worked off in the period, None where that is not known.

    ``service`` is empty where it belongs to no declared one.
    """

    queue: str
    service: str
    tasks: int | None


@frozen(kw_only=True)
class Unseen:
    """A declared queue that was never there."""

    queue: str
    service: str
    optional: bool


@frozen(kw_only=True)
class Queues:
    """``there`` is how many queues the server knows, ``declared`` how many are; task types by name."""

    there: int
    declared: int
    strangers: tuple[Stranger, ...]
    unseen: tuple[Unseen, ...]
    strange_types: tuple[str, ...]
    unseen_types: tuple[str, ...]


def queues(running: Running, history: History, work: Evaluation) -> Queues:
    """What there was at any time of the period.

    Raises:
        UsageError: the server does not answer.
    """
    span = {"start": history.start, "end": history.end}
    everything = set(running.prometheus.label_values("queue", running.queue_metric(_SIZE), **span))
    tasks = _tasks(history, work)
    strangers: list[Stranger] = []
    unseen: list[Unseen] = []
    for service in running.services:
        there = running.prometheus.label_values("queue", running.queue_metric(_SIZE, service), **span)
        met = Met(declared=service.queues, there=frozenset(there))
        strangers += [Stranger(queue=q, service=service.service, tasks=tasks.get(q)) for q in met.strangers]
        missing = ((met.missing, False), (met.absent, True))
        unseen += [Unseen(queue=q, service=service.service, optional=o) for some, o in missing for q in some]
        everything -= set(there)
    if isinstance(running.plan.monitoring, Fleet):
        strangers += [Stranger(queue=q, service="", tasks=tasks.get(q)) for q in sorted(everything)]
    types = {t.name for service in running.services for t in service.task_types}
    shown = set(running.prometheus.label_values("task_type", _OUTCOMES, **span))
    return Queues(
        there=len(running.prometheus.label_values("queue", running.queue_metric(_SIZE), **span)),
        declared=sum(len(service.queues) for service in running.services),
        strangers=tuple(sorted(strangers, key=lambda s: (-(s.tasks or 0), s.service, s.queue))),
        unseen=tuple(sorted(unseen, key=lambda u: (u.optional, u.service, u.queue))),
        strange_types=tuple(sorted(shown - types)) if types else (),
        unseen_types=tuple(sorted(types - shown)) if shown else (),
    )


def section(found: Queues) -> Section:
    """The sixth section."""
    title = "Queues and task types beside the declaration"
    notes = []
    tables = []
    if not found.declared:
        notes.append(
            f"No queue is declared: all {found.there:,} are watched with the default levels, and none is missed when "
            "it vanishes."
        )
    if found.strangers:
        rows = tuple(
            (name(s.queue), name(s.service) if s.service else "none", "?" if s.tasks is None else f"{s.tasks:,}")
            for s in found.strangers
        )
        tables.append(
            Table(
                caption="There, and declared by nobody: watched with the default levels, not missed when they vanish.",
                columns=("queue", "service", ">tasks in the period"),
                rows=rows,
            )
        )
    if found.unseen:
        rows = tuple((name(u.queue), name(u.service), "yes" if u.optional else "no") for u in found.unseen)
        tables.append(Table(caption="Declared, and never there.", columns=("queue", "service", "optional"), rows=rows))
    if found.strange_types:
        notes.append(f"Task types that nobody declared: {names(found.strange_types, 10)}.")
    if found.unseen_types:
        notes.append(f"Declared task types that no worker ever showed: {names(found.unseen_types, 10)}.")
    differ = len(found.strangers) + len(found.unseen) + len(found.strange_types) + len(found.unseen_types)
    if not differ:
        lead = "Every declared queue and task type was there, and no others." if found.declared else ""
        return Section(
            title=title,
            lead=lead or f"{counted(found.there, 'queue')} there, none declared.",
            notes=tuple(notes),
            decide=""
            if found.declared
            else "Which queues matter enough to be missed: declare those (`queues=Queue(...)`).",
            task="" if found.declared else "which queues to declare",
        )
    decide = []
    if found.strangers or found.strange_types:
        decide.append("For what is there: declare it, with levels of its own where the defaults do not fit.")
    if found.unseen or found.unseen_types:
        decide.append("For what never was: take it out, or find out who should be filling it.")
    return Section(
        title=title,
        lead=f"{counted(found.there, 'queue')} there, {found.declared:,} declared: {len(found.strangers):,} that "
        f"nobody declared, {len(found.unseen):,} that never were there.",
        tables=tuple(tables),
        notes=tuple(notes),
        decide=" ".join(decide),
        task=f"declare {len(found.strangers) + len(found.strange_types):,} that are there, remove "
        f"{len(found.unseen) + len(found.unseen_types):,} that never were",
    )


def _tasks(history: History, work: Evaluation) -> Mapping[str, int]:
    """How many tasks of each queue ended in the period; several exporters of one queue tell the same."""
    if history.extents.get(_TASKS) is None:
        return {}
    seconds = round(history.end - history.start)
    with serving(work.data, step=history.step, lookback=history.step) as local:
        found = local.query(f"max by (queue) (increase({_TASKS}[{seconds}s]))", history.end - history.step)
    return {sample.label("queue"): round(sample.value) for sample in found}
