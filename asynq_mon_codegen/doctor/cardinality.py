"""How many series there are beside how many there should be."""

from __future__ import annotations

from collections.abc import Iterator

from asynq_mon_codegen.cost import Sizes, estimate
from asynq_mon_codegen.doctor.finding import Finding, Level, listed
from asynq_mon_codegen.doctor.running import Running

__all__ = ["cardinality"]

_FAMILIES = 'count by (__name__) ({__name__=~"asynq_.+"})'
_FACTOR = 2.0
_FEW = 500
"""Nobody minds so many series more than expected."""
_MANY_QUEUES = 1_000
_PARTS = ("_bucket", "_sum", "_count")


def cardinality(running: Running) -> Iterator[Finding]:
    """Families with far more series than queues, task types and targets explain; queues and task types without end."""
    families = {s.label("__name__"): s.value for s in running.prometheus.query(_FAMILIES)}
    yield from _too_many(running, families)
    yield from _names(running)


def _number(running: Running, expr: str) -> int:
    return int(sum(running.values(f"count({expr})").values()))


def _too_many(running: Running, families: dict[str, float]) -> Iterator[Finding]:
    by = running.queue_labels()
    kinds = ", ".join((*running.plan.scope.identity, "queue", "task_type"))
    sizes = Sizes(
        queues=_number(running, f"group by ({by}) ({running.queue_metric('asynq_queue_size')})"),
        task_types=_number(running, f"group by ({kinds}) (asynq_task_outcomes_total)"),
        workers=_number(running, "group by (job, instance) (asynq_task_outcomes_total)"),
        exporters=_number(running, f"group by (job, instance) ({running.queue_metric('asynq_queue_size')})"),
    )
    expected = {family.name: family.series for family in estimate(running.plan, sizes).exported}
    known = {m.name: {label.name for label in m.label_set} for m in running.plan.contract}
    for name, series in expected.items():
        there = sum(families.get(name + part, 0.0) for part in ("", *_PARTS))
        if there > _FACTOR * series and there - series > _FEW:
            usual = {*known[name], *running.plan.scope.identity, "job", "instance", "__name__", "le"}
            more = [label for label in running.prometheus.label_names(name) if label not in usual]
            because = f", by the labels {listed(more)}" if more else ""
            yield Finding(
                level=Level.WARNING,
                what=f"{name} has {there:,.0f} series where {series:,} are expected{because}",
                where=name,
                fix="drop labels that change with every task, process or deployment: metric_relabel_configs with "
                "action labeldrop",
            )


def _names(running: Running) -> Iterator[Finding]:
    declared = {q.name for one in running.services for q in one.queues}
    queues = running.prometheus.label_values("queue", running.queue_metric("asynq_queue_size"))
    if len(queues) > max(_MANY_QUEUES, 10 * len(declared)):
        yield Finding(
            level=Level.WARNING,
            what=f"there are {len(queues):,} queues, {len(declared)} declared: do names hold ids or dates?",
            where=f"queue {listed(q for q in queues if q not in declared)}",
            fix="asynq never forgets a queue: use few, and put ids into payloads; `asynq queue rm` removes old ones",
        )
    limit = running.plan.monitoring.task_type_limit
    found = running.values("count by (job, instance) (group by (job, instance, task_type) (asynq_task_outcomes_total))")
    types = {t.name for one in running.services for t in one.task_types}
    over = {dict(labels).get("instance", ""): n for labels, n in found.items() if n > limit + len(types)}
    if over:
        yield Finding(
            level=Level.WARNING,
            what=f"workers export up to {max(over.values()):g} task types; the declared and {limit} more were meant",
            where=f"instance {listed(sorted(over))}",
            fix="generate the instrumentation anew (`asynq-mon instrument`) and deploy it; name task types without ids",
        )
