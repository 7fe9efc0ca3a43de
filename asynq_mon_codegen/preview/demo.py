"""The demo recording as a declaration would see it: with its labels and names, what its rules record, its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.engine.blocks import Writer, block_hours, lines_of, periods, series_text
from asynq_mon_codegen.engine.conditions import conditions
from asynq_mon_codegen.engine.holds import firings
from asynq_mon_codegen.engine.recording import Evaluation, record
from asynq_mon_codegen.engine.rules import Rule, RuleSet
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.model import Fleet, Monitoring
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.preview.recording import Recorded, Recording
from asynq_mon_codegen.prometheus_api import Prometheus
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.simulator import World

__all__ = ["demo_server", "suited"]

Points = list[tuple[float, float]]
_SERVICES = 3
"""So many services of a fleet are shown: each is the whole recording once more."""
_JOBS = {
    "asynq-exporter": Source.EXPORTER,
    "asynq-worker": Source.WORKER,
    "node": Source.HOST,
    "redis": Source.REDIS,
    "kubelet": Source.KUBERNETES,
    "prometheus": Source.PROMETHEUS,
    "alertmanager": Source.ALERTMANAGER,
}
_ONCE = frozenset({"prometheus", "alertmanager"})
"""Jobs that a fleet shares; their series have no identity of a service."""


@frozen
class _Names:
    """What the names of the recording are called in a declaration."""

    by_label: Mapping[str, Mapping[str, str]]

    def of(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels with these names."""
        return {key: self.by_label.get(key, {}).get(value, value) for key, value in labels.items()}


def suited(recording: Recording, plan: Plan) -> Iterator[Recorded]:
    """The recording with the identity labels, targets, queues and task types of a declaration.

    Declared names that the recording lacks take the place of its own that nobody declared, in order.
    """
    for number, service in enumerate(_services(plan.monitoring)):
        names = _Names(
            {
                "queue": _renamed(recording.names("queue"), [one.name for one in service.queues]),
                "task_type": _renamed(recording.names("task_type"), [one.name for one in service.task_types]),
            }
        )
        nothing = Duration(0)
        world = World(
            step=Duration(recording.step * 1000),
            before=nothing,
            fault=nothing,
            after=nothing,
            identity=plan.monitoring.identity,
            selectors=dict(plan.scope.selectors),
        )
        world.identity |= {label: values[0] for label, values in service.where}
        for one in recording.series:
            job = one.labels.get("job", "")
            if number and job in _ONCE:
                continue
            source = _JOBS.get(job, Source.OTHER)
            target = world.target(source, one.labels.get("instance", ""))
            # what tells deployments apart, and where it is scraped from, is the declaration's
            fixed = {**world.identity, "job": target["job"] if job in _JOBS else job}
            yield one.labelled({**target, **names.of(one.labels), **fixed})


def _services(monitoring: Monitoring) -> tuple[Monitoring, ...]:
    return (monitoring.services[:_SERVICES] if isinstance(monitoring, Fleet) else ()) or (monitoring,)


def _renamed(recorded: Iterable[str], declared: Iterable[str]) -> Mapping[str, str]:
    wanted = list(dict.fromkeys(declared))
    known = list(recorded)
    free = [name for name in known if name not in wanted]
    return dict(zip(free, [name for name in wanted if name not in known], strict=False))


@contextmanager
def demo_server(recording: Recording, plan: Plan, rules: RuleSet, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus over the recording, what the rules record of it, and the alerts that fire in it.

    ``folder`` holds its files. The server is there while the block lasts.

    Raises:
        UsageError: Prometheus or promtool is not installed, or fails.
    """
    data, end = folder / "data", recording.end + recording.step
    scraped = [(series_text(one.name, one.labels), _points(recording, one)) for one in suited(recording, plan)]
    hours = block_hours(len(scraped) * 3600 / recording.step)
    _write(scraped, recording, data, hours)
    evaluation = Evaluation(rules, data, step=recording.step, hours=hours)
    record(evaluation, {rule.name: recording.start for rule in rules.records}, end, lambda *_: None)
    fired: list[tuple[str, Points]] = []
    for some, serving_some in evaluation.batches(rules.alerts):
        with serving_some as server:
            fired += (one for rule in some for one in _fired(evaluation, server, rule, recording, end))
    _write(list(_joined(fired)), recording, data, hours)
    with serving(data, step=recording.step, lookback=_lookback(rules, recording)) as server:
        yield server


def _write(series: Iterable[tuple[str, Points]], recording: Recording, data: Path, hours: int) -> None:
    with Writer(data, hours) as writer:
        for begin, until in periods(recording.start, recording.end + recording.step, hours):
            inside = ((name, [(t, v) for t, v in points if begin <= t < until]) for name, points in series)
            writer.write((lines_of(name, points) for name, points in inside), lambda: None)


def _lookback(rules: RuleSet, recording: Recording) -> float:
    """Seconds for which a sample counts: until the slowest rule records again. Backfilled series have no end marks."""
    slowest = max((rule.interval for rule in rules.records), default=0.0)
    return min(300.0, max(slowest, recording.step) + 1)


def _points(recording: Recording, one: Recorded) -> Points:
    return [(recording.start + i * recording.step, value) for i, value in enumerate(one.values)]


def _fired(
    evaluation: Evaluation, server: Prometheus, rule: Rule, recording: Recording, end: float
) -> Iterator[tuple[str, Points]]:
    """``ALERTS`` and ``ALERTS_FOR_STATE`` of a rule while it fires, as Prometheus writes them."""
    held = conditions(evaluation, server, rule, recording.start, end)
    for one in firings(rule, held, end):
        labels = dict(one.labels)
        moments = [one.start + i * rule.interval for i in range(int((one.until(end) - one.start) / rule.interval) + 1)]
        moments = [moment for moment in moments if moment < end]
        since = one.start - rule.hold
        yield series_text("ALERTS", {**labels, "alertstate": "firing"}), [(t, 1) for t in moments]
        yield series_text("ALERTS_FOR_STATE", labels), [(t, since) for t in moments]


def _joined(fired: Iterable[tuple[str, Points]]) -> Iterator[tuple[str, Points]]:
    """Each series once, in order of time, every moment once: an alert may fire several times."""
    for series, group in groupby(sorted(fired, key=lambda one: one[0]), key=lambda one: one[0]):
        yield series, sorted(dict(chain.from_iterable(points for _, points in group)).items())
