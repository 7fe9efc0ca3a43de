"""What the monitoring of a declaration costs, from the metric contract alone: series, samples, rules."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import asdict, frozen

from asynq_mon_codegen.model import Monitoring, services_of
from asynq_mon_codegen.plan import Plan, PlannedAlert, PlannedRecord
from asynq_mon_codegen.plan.buckets import bounds_of
from asynq_mon_codegen.plan.promises import promises_of
from asynq_mon_codegen.promql import Expr, Histogram, Matcher, Metric, Source
from asynq_mon_codegen.promql.parsed import Node, Selector, Subquery, parse, walk

__all__ = ["Cost", "Family", "GroupCost", "Sizes", "estimate", "sizes_of"]

_OURS = (Source.COLLECTOR, Source.INSTRUMENTATION)
_LOOKBACK_STEP = 60.0
_DEFAULT_WORKERS = 3


@frozen(kw_only=True)
class Sizes:
    """How much there is to monitor; ``task_types`` counts a task type once for each queue that it runs in."""

    queues: int
    task_types: int
    workers: int
    exporters: int


@frozen(kw_only=True)
class Family:
    """Series of one name; ``source`` says who exports it, ``rule`` for what rules record."""

    name: str
    source: str
    series: int
    samples_per_second: float


@frozen(kw_only=True)
class GroupCost:
    """One rule group; ``samples`` are what its rules read in one evaluation, when nothing is wrong."""

    name: str
    interval_seconds: float
    alerting: int
    recording: int
    samples: int

    @property
    def samples_per_second(self) -> float:
        """What it reads on average."""
        return self.samples / self.interval_seconds


@frozen(kw_only=True)
class Cost:
    """Everything that exists for this monitoring alone, and what its rules read."""

    sizes: Sizes
    exported: tuple[Family, ...]
    recorded: tuple[Family, ...]
    groups: tuple[GroupCost, ...]

    @property
    def series(self) -> int:
        """All series, exported and recorded."""
        return sum(f.series for f in (*self.exported, *self.recorded))

    @property
    def samples_per_second(self) -> float:
        """What Prometheus takes in."""
        return sum(f.samples_per_second for f in (*self.exported, *self.recorded))

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sizes": asdict(self.sizes),
            "total": {
                "series": self.series,
                "exported_series": sum(f.series for f in self.exported),
                "recorded_series": sum(f.series for f in self.recorded),
                "samples_per_second": round(self.samples_per_second, 3),
                "alerting_rules": sum(g.alerting for g in self.groups),
                "recording_rules": sum(g.recording for g in self.groups),
                "evaluated_samples_per_cycle": sum(g.samples for g in self.groups),
                "evaluated_samples_per_second": round(sum(g.samples_per_second for g in self.groups), 3),
            },
            "exported": [asdict(f) for f in self.exported],
            "recorded": [asdict(f) for f in self.recorded],
            "groups": [asdict(g) for g in self.groups],
        }


def sizes_of(
    monitoring: Monitoring,
    *,
    queues: int | None = None,
    task_types: int | None = None,
    workers: int | None = None,
    exporters: int | None = None,
) -> Sizes:
    """The sizes that are given, the rest as declared: one queue where none is, three workers, one exporter.

    Of a fleet, each service has its own queues, workers and exporter.
    """
    several = services_of(monitoring) or (monitoring,)
    declared = sum(max(1, len(one.queues)) for one in several)
    types = sum(len(t.queues) or max(1, len(one.queues)) for one in several for t in one.task_types)
    return Sizes(
        queues=declared if queues is None else queues,
        task_types=types if task_types is None else task_types,
        workers=_DEFAULT_WORKERS * len(several) if workers is None else workers,
        exporters=len(several) if exporters is None else exporters,
    )


def estimate(plan: Plan, sizes: Sizes) -> Cost:
    """The cost of a plan at these sizes."""
    count = _Counter(plan, sizes)
    scrape = plan.monitoring.scrape.interval.seconds
    exported = tuple(
        Family(name=m.name, source=m.source.value, series=n, samples_per_second=n / scrape)
        for m in plan.contract
        if m.source in _OURS and (m.source is not Source.INSTRUMENTATION or plan.monitoring.instrumentation)
        if (n := count.family(m))
    )
    recorded = []
    groups = []
    for group in plan.groups:
        interval = (group.interval or plan.monitoring.evaluation_interval).seconds
        for record in group.records:
            n = count.recorded(record)
            recorded.append(Family(name=record.name, source="rule", series=n, samples_per_second=n / interval))
        for name, rules in plan.parts_of(group):
            groups.append(
                GroupCost(
                    name=name,
                    interval_seconds=interval,
                    alerting=sum(isinstance(r, PlannedAlert) for r in rules),
                    recording=sum(isinstance(r, PlannedRecord) for r in rules),
                    samples=sum(count.read(r.expr) for r in rules),
                )
            )
    return Cost(sizes=sizes, exported=exported, recorded=tuple(recorded), groups=tuple(groups))


def _slo_series(monitoring: Monitoring, queues: int) -> dict[str, int]:
    """The series of each service level in a recorded family: one for each queue, or task type of it, that is judged.

    The declared queues are taken for typical of all ``queues``.
    """
    total = 0
    judged: Counter[str] = Counter()
    promises = promises_of(monitoring)
    for one in services_of(monitoring) or (monitoring,):
        where = {label: values[0] for label, values in one.where}
        for queue in [q.name for q in one.queues] or ["any other"]:
            total += 1
            for promise in promises:
                if promise.objective_of({**where, "queue": queue}) is not None:
                    judged[promise.slo.name] += max(1, len(promise.slo.task_types))
    return {name: math.ceil(count * queues / total) for name, count in judged.items()}


class _Counter:
    """Counts series by what tells them apart."""

    def __init__(self, plan: Plan, sizes: Sizes) -> None:
        self._plan, self._sizes = plan, sizes
        self._metrics: dict[str, Metric] = {}
        for metric in plan.contract:
            suffixes = ("_bucket", "_count", "_sum") if isinstance(metric, Histogram) else ("",)
            for suffix in suffixes:
                self._metrics.setdefault(metric.name + suffix, metric)
        self._slos = _slo_series(plan.monitoring, sizes.queues)
        self._records = {r.name: self.recorded(r) for r in plan.records}
        self._scrape = plan.monitoring.scrape.interval.seconds
        every = plan.monitoring.evaluation_interval
        self._intervals = {r.name: (g.interval or every).seconds for g in plan.groups for r in g.records}

    def family(self, metric: Metric, name: str = "", matchers: Iterable[Matcher] = ()) -> int:
        """The series of a family, or of one of a histogram's names, that the matchers let through."""
        series = self._combined({label.name: label.values for label in metric.label_set}, tuple(matchers))
        series *= self._targets(metric.source)
        if not isinstance(metric, Histogram):
            return series
        buckets = len(bounds_of(self._plan.monitoring, metric)) + 1 if metric.source in _OURS else 1
        if any(m.label == "le" and m.op == "=" for m in matchers):
            buckets = 1
        return series * {"": buckets + 2, metric.name + "_bucket": buckets}.get(name, 1)

    def recorded(self, planned: PlannedRecord) -> int:
        """The series that a rule records: one for each combination of the labels that it keeps."""
        expr: Expr = planned.record.expr
        metrics = [e for e in expr.walk() if isinstance(e, Metric)]
        known = {label.name: label.values for m in metrics for label in m.label_set}
        by = planned.record.by
        if "slo" in by:
            return sum(self._slos.values())
        matchers = tuple(m for metric in metrics for m in metric.matchers)
        targets = max((self._targets(m.source) for m in metrics), default=1) if {"instance", "host"} & set(by) else 1
        return self._combined({name: known.get(name, ()) for name in by}, matchers) * targets

    def read(self, expr: str) -> int:
        """The samples that one evaluation reads in health."""
        return math.ceil(self._samples(parse(expr)))

    def _samples(self, node: Node) -> float:
        total = 0.0
        inside: set[int] = set()
        for part in walk(node):
            if id(part) in inside:
                continue
            if isinstance(part, Subquery):
                inside |= {id(below) for below in walk(part)}
                total += self._samples(part.expr) * max(1.0, part.window / (part.step or _LOOKBACK_STEP))
            elif isinstance(part, Selector):
                every = self._interval(part.name)
                total += self._selected(part) * (1.0 if part.window is None else max(1.0, part.window / every))
        return total

    def _interval(self, name: str) -> float:
        return self._intervals.get(name, self._scrape)

    def _selected(self, selector: Selector) -> int:
        by_slo = [m for m in selector.matchers if m.label == "slo"]
        if by_slo:
            return sum(n for name, n in self._slos.items() if all(m.accepts(name) for m in by_slo))
        if selector.name in self._records:
            return self._records[selector.name]
        metric = self._metrics.get(selector.name)
        if metric is None:
            return 0 if selector.name in ("ALERTS", "ALERTS_FOR_STATE") else 1
        return self.family(metric, selector.name, selector.matchers)

    def _combined(self, labels: Mapping[str, tuple[str, ...]], matchers: tuple[Matcher, ...]) -> int:
        series = 1
        for name, values in labels.items():
            mine = [m for m in matchers if m.label == name]
            if values:
                series *= sum(all(m.accepts(v) for m in mine) for v in values)
        if "task_type" in labels:
            return series * self._sizes.task_types
        return series * (self._sizes.queues if "queue" in labels else 1)

    def _each(self, targets: int) -> int:
        """How many targets of a service show the same queue; services know only their own."""
        return math.ceil(targets / max(1, len(services_of(self._plan.monitoring))))

    def _targets(self, source: Source) -> int:
        match source:
            case Source.COLLECTOR:
                return self._each(self._sizes.exporters)
            case Source.INSTRUMENTATION:
                return self._each(self._sizes.workers)
            case Source.EXPORTER:
                return self._sizes.exporters
            case Source.WORKER | Source.HOST | Source.KUBERNETES:
                return self._sizes.workers
            case _:
                return 1
