"""A world that is healthy, breaks, and is healthy again; series come out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.promql import Counter, Gauge, Histogram, Matcher, Metric, Source
from asynq_mon_codegen.simulator.tracks import ABSENT, Level, Rate, Track, later, levels, notation, times, totals

__all__ = ["ARCHIVE_CAP", "QueueState", "World"]

ARCHIVE_CAP = 9_999
"""asynq trims the archive to this many tasks and drops the oldest (rdb.go, archiveCmd)."""

STATES = ("active", "pending", "scheduled", "retry", "archived", "completed")

_JOBS = {
    Source.EXPORTER: "asynq-exporter",
    Source.COLLECTOR: "asynq-exporter",
    Source.WORKER: "asynq-worker",
    Source.INSTRUMENTATION: "asynq-worker",
    Source.HOST: "node",
    Source.REDIS: "redis",
    Source.KUBERNETES: "kubelet",
    Source.PROMETHEUS: "prometheus",
    Source.ALERTMANAGER: "alertmanager",
    Source.OTHER: "app",
}
_EXAMPLES = {
    "job": ("asynq-exporter", "asynq-worker", "asynq", "redis", "node", "prometheus", "alertmanager", "kubelet"),
    "instance": ("host-1:9876",),
}


@frozen(kw_only=True)
class QueueState:
    """What a queue is like during one phase: levels per state, and attempts per second.

    ``latency`` is the age of the oldest pending task; asynq reports 0 when nothing is pending,
    and also when the oldest task was put back by a stopping worker.
    """

    pending: Level = 0
    active: Level = 0
    scheduled: Level = 0
    retry: Level = 0
    archived: Level = 0
    completed: Level = 0
    aggregating: Level = 0
    latency: Level = 0
    paused: bool = False
    processed: Rate = 0
    failed: Rate = 0
    memory: Level = 65_536

    def __attrs_post_init__(self) -> None:
        failed, processed = self.failed, self.processed
        if isinstance(failed, int | float) and isinstance(processed, int | float) and failed > processed:
            raise DeclarationError("a queue cannot fail more attempts than it processes")
        if self.pending == 0 and self.latency != 0:
            raise DeclarationError("a queue without pending tasks has latency 0")

    def times(self, factor: float) -> QueueState:
        """The same with ``factor`` times as many tasks and attempts; age and memory stay."""
        counts = (*STATES, "aggregating", "processed", "failed")
        more: dict[str, Any] = {name: times(getattr(self, name), factor) for name in counts}
        return evolve(self, **more)


class World:
    """Everything that Prometheus would scrape during one test.

    It is healthy for ``before``, broken for ``fault`` and healthy again for ``after``; the
    methods take the value of each phase. ``exporters`` are the targets that export the same
    queues; the second is scraped a little later than the first. ``declared`` are the names that
    the declaration lists, by kind (``queues``, ``optional_queues``). ``volume`` is how many times as much must
    happen as the probe's drives say, for the alert's floor is not the one they are made for (``Probe.floor``);
    ``later`` is how many seconds later than they say it fires, for its hold is not the one they are made for.
    """

    def __init__(
        self,
        *,
        step: Duration,
        before: Duration,
        fault: Duration,
        after: Duration,
        identity: tuple[str, ...] = (),
        selectors: Mapping[str, tuple[Matcher, ...]] | None = None,
        exporters: int = 2,
        subject: str = "",
        declared: Mapping[str, tuple[str, ...]] | None = None,
        volume: float = 1,
        later: float = 0,
    ) -> None:
        self.volume = volume
        self.later = later
        self.subject = subject
        self.declared = dict(declared or {})
        self.step = step
        self.phases = (self._scrapes(before), self._scrapes(fault), self._scrapes(after) + 1)
        self.identity = {label: f"{label}-a" for label in identity}
        self.selectors = dict(selectors or {})
        self.exporters = tuple(f"exporter-{i + 1}:9876" for i in range(exporters))
        self._series: dict[tuple[tuple[str, str], ...], Track] = {}
        self._targets: dict[Source, dict[str, str]] = {}

    def _scrapes(self, length: Duration) -> int:
        return -(-length.milliseconds // self.step.milliseconds)

    @property
    def start(self) -> Duration:
        """When the fault begins."""
        return Duration(self.phases[0] * self.step.milliseconds)

    @property
    def end(self) -> Duration:
        """When the fault is over: the first healthy scrape."""
        return Duration((self.phases[0] + self.phases[1]) * self.step.milliseconds)

    # -- whole systems ---------------------------------------------------------------------

    def queue(
        self, name: str, healthy: QueueState, broken: QueueState, after: QueueState | None = None
    ) -> dict[str, str]:
        """A queue as every exporter shows it; returns the labels of a queue alert."""
        tracks = self._queue_series(name, (healthy, broken, after or healthy))
        for index, instance in enumerate(self.exporters):
            own = {**self.target(Source.COLLECTOR, instance), **self.target(Source.EXPORTER, instance)}
            for (metric, *pairs), track in tracks.items():
                self._put(metric, {**own, "queue": name, **dict(pairs)}, later(track, index))
            self.gauge_track("up", self.target(Source.EXPORTER, instance), self._constant(1))
        return {"queue": name}

    def _queue_series(self, name: str, states: tuple[QueueState, ...]) -> dict[tuple, Track]:  # type: ignore[type-arg]
        tracks: dict[str, Track] = {}
        for state in (*STATES, "aggregating"):
            track = self._levels(*(getattr(s, state) for s in states))
            tracks[state] = (
                tuple(None if v is None else min(v, ARCHIVE_CAP) for v in track) if state == "archived" else track
            )
        known = (t if None not in t else tuple(v or 0 for v in t) for t in tracks.values())
        size = tuple(map(sum, zip(*known, strict=True)))
        out: dict[tuple, Track] = {  # type: ignore[type-arg]
            ("asynq_tasks_enqueued_total", ("state", state)): tracks[state] for state in STATES
        }
        out["asynq_queue_size",] = size
        out["asynq_queue_latency_seconds",] = self._levels(*(s.latency for s in states))
        out["asynq_queue_memory_usage_approx_bytes",] = self._levels(*(s.memory for s in states))
        out["asynq_queue_paused_total",] = self._levels(*(float(s.paused) for s in states))
        out["asynq_tasks_processed_total",] = self._totals(*(s.processed for s in states))
        out["asynq_tasks_failed_total",] = self._totals(*(s.failed for s in states))
        return out

    def lose_redis(self, *exporters: str) -> None:
        """During the fault the exporters (all, or these) answer, but without any queue series."""
        self._blank(("asynq_queue_", "asynq_tasks_"), exporters or self.exporters)

    def lose_queue(self, name: str) -> None:
        """During the fault the exporters know nothing of this queue: asynq's set of queues lacks it."""
        self._blank(("asynq_queue_", "asynq_tasks_"), self.exporters, queue=name)

    def stop_exporters(self, *exporters: str, gone: bool = False) -> None:
        """During the fault these exporters do not answer; ``gone`` takes them out of service discovery too."""
        self.lose_redis(*exporters)
        for instance in exporters:
            self.exporter(instance, broken=ABSENT if gone else 0)

    def _blank(self, prefixes: tuple[str, ...], instances: tuple[str, ...], queue: str | None = None) -> None:
        before, fault, _ = self.phases
        for key, track in self._series.items():
            labels = dict(key)
            mine = labels["__name__"].startswith(prefixes) and labels.get("instance") in instances
            if mine and queue in (None, labels.get("queue")):
                self._series[key] = tuple(None if before <= i < before + fault else v for i, v in enumerate(track))

    def exporter(
        self, instance: str, healthy: Level = 1, broken: Level = 1, after: Level | None = None
    ) -> dict[str, str]:
        """An exporter target and its ``up``."""
        labels = self.target(Source.EXPORTER, instance)
        self.gauge_track("up", labels, self._levels(healthy, broken, after))
        return labels

    def worker(
        self, instance: str, healthy: Level = 1, broken: Level = 1, after: Level | None = None
    ) -> dict[str, str]:
        """A worker target and its ``up``."""
        labels = self.target(Source.WORKER, instance)
        self.gauge_track("up", labels, self._levels(healthy, broken, after))
        return labels

    # -- single series ---------------------------------------------------------------------

    def gauge(
        self, metric: Gauge, labels: Mapping[str, str], healthy: Level, broken: Level, after: Level | None = None
    ) -> dict[str, str]:
        """One series of a gauge; returns its labels, those of its target included."""
        own = self._checked(metric, labels)
        self._put(metric.name, own, self._levels(healthy, broken, after))
        return own

    def counter(
        self,
        metric: Counter,
        labels: Mapping[str, str],
        healthy: Rate,
        broken: Rate,
        after: Rate | None = None,
        *,
        start: float = 0,
    ) -> dict[str, str]:
        """One series of a counter, by its growth per second; returns its labels."""
        own = self._checked(metric, labels)
        self._put(metric.name, own, self._totals(healthy, broken, after, start=start))
        return own

    def histogram(
        self,
        metric: Histogram,
        labels: Mapping[str, str],
        healthy: Mapping[str, Rate],
        broken: Mapping[str, Rate],
        after: Mapping[str, Rate] | None = None,
    ) -> dict[str, str]:
        """A classic histogram: for each phase and bound (``le``) how many observations a second fall at or below it."""
        own = self._checked(metric, labels)
        last = after or healthy
        for le in broken:
            rates = (healthy[le], broken[le], last[le])
            self._put(f"{metric.name}_bucket", {**own, "le": le}, self._totals(*rates))
        inf = tuple(p["+Inf"] for p in (healthy, broken, last))
        self._put(f"{metric.name}_count", own, self._totals(*inf))
        return own

    def track(self, metric: Metric, labels: Mapping[str, str], values: Track) -> dict[str, str]:
        """One series whose values are given scrape by scrape (the last one is repeated)."""
        own = self._checked(metric, labels)
        total = sum(self.phases)
        self._put(metric.name, own, (*values, *([values[-1]] * total))[:total])
        return own

    def gauge_track(self, name: str, labels: Mapping[str, str], track: Track) -> None:
        """One series by its name; for what several sources share, such as ``up``."""
        self._put(name, {**self.identity, **labels}, track)

    def task(self, name: str) -> dict[str, str]:
        """Queue and task type of something called ``name``: a task type, or a queue where the test is about one."""
        if self.subject == "queue":
            return {"queue": name, "task_type": "email:deliver"}
        return {"queue": "orders", "task_type": name}

    # -- labels ----------------------------------------------------------------------------

    def label(self, source: Source, label: str, preferred: str) -> str:
        """A value of ``label`` that the declaration's selector of this source accepts."""
        wanted = [m for m in self.selectors.get(source.value, ()) if m.label == label]
        candidates = [preferred, *_EXAMPLES.get(label, ())]
        for matcher in wanted:
            parts = [matcher.value] if matcher.op == "=" else matcher.value.split("|")
            candidates += [re.sub(r"\\(.)", r"\1", re.sub(r"\.[*+]", "x", p)) for p in parts]
        for candidate in candidates:
            if all(m.accepts(candidate) for m in wanted):
                return candidate
        raise DeclarationError(
            f"no value of {label!r} is known that the {source.value} selector accepts",
            "use an equality or a plain alternation, so that rule tests can name a target",
        )

    def target(self, source: Source, instance: str) -> dict[str, str]:
        """The labels of a scrape target of this source."""
        if source not in self._targets:
            others = {m.label for m in self.selectors.get(source.value, ())} - {"job", "instance"}
            found = {label: self.label(source, label, f"{label}-a") for label in sorted(others)}
            job = self.label(source, "job", _JOBS[source])
            self._targets[source] = {**{k: v for k, v in found.items() if v}, "job": job}
        return {**self.identity, **self._targets[source], "instance": instance}

    def _checked(self, metric: Metric, labels: Mapping[str, str]) -> dict[str, str]:
        known = metric.labels
        for name in labels:
            if name not in known:
                raise DeclarationError(f"{metric.name} has no label {name!r}")
        instance = labels.get("instance", "worker-1:9100")
        return {**self.target(metric.source, instance), **labels}

    # -- values ----------------------------------------------------------------------------

    def _levels(self, healthy: Level, broken: Level, after: Level | None = None) -> Track:
        values = (healthy, broken, healthy if after is None else after)
        return levels(zip(self.phases, values, strict=True), self.step.seconds)

    def _totals(self, healthy: Rate, broken: Rate, after: Rate | None = None, *, start: float = 0) -> Track:
        values = (healthy, broken, healthy if after is None else after)
        return totals(zip(self.phases, values, strict=True), self.step.seconds, start)

    def _constant(self, value: float) -> Track:
        return (float(value),) * sum(self.phases)

    def _put(self, name: str, labels: Mapping[str, str], track: Track) -> None:
        key = tuple(sorted({"__name__": name, **self.identity, **labels}.items()))
        self._series[key] = track

    def series(self) -> tuple[tuple[str, dict[str, str], str], ...]:
        """Every series: metric name, labels, values in promtool's notation; sorted."""
        out = []
        for key, track in sorted(self._series.items()):
            if track[0] is None and track.count(None) == len(track):
                continue
            labels = dict(key)
            out.append((labels.pop("__name__"), labels, notation(track, steady=self.volume != 1)))
        return tuple(out)
