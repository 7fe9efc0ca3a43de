"""The history that a set of rules reads: every series as far back as an evaluation looks, and no further.

Which series are read how far back is derived from the expressions (``promql/reach.py``). There the history has every
sample, from a whole chunk before on, since chunks are decoded from their beginning. Between these times a sample in
two hours keeps the older blocks as many as in production, with these series in the index of each.

Recorded series are constant. Their labels and values come from the rules themselves: a Prometheus with the history of
one queue evaluates them round by round, each with the history of what the rounds before recorded, until nothing new
comes. Series that a setup of queues and exporters does not have are left out: of workers, hosts, containers, Redis.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import evolve, frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.promql.parsed import Selector, parse, walk
from asynq_mon_codegen.promql.reach import Span, merged, spans
from bench import history
from bench.grafana import SCRAPE
from bench.prometheus import ask, prometheus
from bench.queues import families

__all__ = ["RETENTION", "Past", "Recorded", "Rules", "interval", "recorded", "rules_in"]

RETENTION = "35d"
"""What four weeks of learnt thresholds need."""
_BLOCK_HOURS = 54
"""The longest block at that retention: a tenth of it at most."""
_CHUNK_SAMPLES, _CHUNK_SECONDS = 120, 7200
"""A chunk ends at either."""


@frozen
class Recorded:
    """A series that a rule records: its labels without the name, its constant value, the rule's interval."""

    name: str
    labels: Mapping[str, str]
    value: float
    interval: int

    def of_queues(self, queues: int) -> Iterator[str]:
        """The series of every queue, made from that of the first."""
        for i in range(queues if "queue" in self.labels else 1):
            labels = {**self.labels, "queue": f"q{i}"} if "queue" in self.labels else self.labels
            text = ",".join(f'{name}="{value}"' for name, value in labels.items())
            yield f"{self.name}{{{text}}}"


@frozen
class Rules:
    """Groups of rules as their files have them, and the ages of what their expressions read."""

    groups: tuple[Mapping[str, Any], ...]
    read: Mapping[str, tuple[Span, ...]]

    @property
    def slowest(self) -> int:
        """Seconds of the longest interval."""
        return max(map(interval, self.groups))

    @property
    def oldest(self) -> int:
        """The age of the oldest chunk that is read, in seconds."""
        return max(span.oldest for found in self.read.values() for span in found) + _CHUNK_SECONDS

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Name, expression and interval of each recording rule."""
        for group in self.groups:
            yield from ((r["record"], r["expr"], interval(group)) for r in group["rules"] if "record" in r)

    def of_queues(self) -> Iterator[str]:
        """The names of records that are made from nothing but the metrics of queues."""
        behind = {
            name: {node.name for node in walk(parse(expr)) if isinstance(node, Selector)}
            for name, expr, _ in self.records()
        }
        metrics = {family.name for family in families(1)}
        for name in behind:
            seen: set[str] = set()
            left = {name}
            while left:
                seen |= left
                left = set().union(*(behind.get(one, set()) for one in left)) - seen
            if seen - {*behind} <= metrics:
                yield name


def rules_in(paths: Iterable[Path]) -> Rules:
    """The rules of these files."""
    groups = tuple(
        group
        for path in paths
        for group in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["groups"]
    )
    found: dict[str, list[Span]] = defaultdict(list)
    for rule in (rule for group in groups for rule in group["rules"]):
        for name, span in spans(parse(rule["expr"])):
            found[name].append(span)
    return Rules(groups, {name: merged(of_name) for name, of_name in found.items()})


def interval(group: Mapping[str, Any]) -> int:
    """The seconds between evaluations of a group."""
    return int(duration(group["interval"], "interval").seconds)


@frozen(kw_only=True)
class Past:
    """The history of so many queues for evaluations during ``measured`` seconds; it began at ``first``, a Unix time."""

    plan: Plan
    rules: Rules
    size: history.Size
    recorded: tuple[Recorded, ...]
    first: int
    measured: int = 0

    def write(self, folder: Path, end: int, since: int = 0) -> int:
        """Blocks below ``folder/data`` to ``end``, and how many samples; with ``since`` only what came after that."""
        return history.write(self._tracks(end, since), folder, end, _BLOCK_HOURS)

    def _tracks(self, end: int, since: int) -> Iterator[history.Track]:
        for metric in self.plan.contract:
            if metric.source is Source.COLLECTOR and metric.name in self.rules.read:
                for track in history.raw(self.plan, metric, self.size, 0):
                    yield from self._parts(track, metric.name, end, since)
        for job, instance in history.targets(Source.COLLECTOR, self.size):
            up = history.constant(f'up{{job="{job}",instance="{instance}"}}', 0, SCRAPE)
            yield from self._parts(up, "up", end, since)
        for record in self.recorded:
            for series in record.of_queues(self.size.queues):
                track = evolve(history.constant(series, 0, record.interval), value=_always(record.value))
                yield from self._parts(track, record.name, end, since)

    def _parts(self, track: history.Track, name: str, end: int, since: int) -> Iterator[history.Track]:
        """All samples of a series where it is read, few of them between."""
        chunk = min(_CHUNK_SAMPLES * track.step, _CHUNK_SECONDS)
        read = self.rules.read.get(name, ())
        dense = merged(Span(oldest=s.oldest + chunk, latest=max(0, s.latest - self.measured)) for s in read)
        if since:
            dense = (Span(oldest=end - since - track.step, latest=0),) if any(not s.latest for s in dense) else ()
        for span, later in zip(dense, (*(s.oldest for s in dense[1:]), 0), strict=False):
            yield self._since_first(evolve(track, hours=span.oldest / 3600, until=span.latest / 3600), end)
            if span.latest:
                between = evolve(track, hours=(span.latest - track.step) / 3600, until=(later + track.step) / 3600)
                yield self._since_first(evolve(between, step=_CHUNK_SECONDS), end)

    def _since_first(self, track: history.Track, end: int) -> history.Track:
        """The track with values of the seconds since the beginning of the whole history."""
        shift = track.times(end).start - self.first
        return evolve(track, value=lambda s: track.value(s + shift))


def _always(value: float) -> Callable[[int], float]:
    return lambda _: value


def recorded(plan: Plan, rules: Rules, size: history.Size) -> tuple[Recorded, ...]:
    """What the rules record of one queue, once each of them has its past.

    Raises:
        SystemExit: a rule about queues records nothing, so the history is wrong.
    """
    found: tuple[Recorded, ...] = ()
    while new := _round(plan, rules, evolve(size, queues=1), found):
        found += new
    missing = {*rules.of_queues()} - {one.name for one in found}
    if missing:
        raise SystemExit(f"with all of their history these rules record nothing: {', '.join(sorted(missing))}")
    return found


def _round(plan: Plan, rules: Rules, size: history.Size, known: tuple[Recorded, ...]) -> tuple[Recorded, ...]:
    """What is not known yet and has a value where the known series have their history."""
    names, new = {one.name for one in known}, []
    with tempfile.TemporaryDirectory(prefix="asynq-mon-bench-") as name:
        folder, end = Path(name), int(time.time())
        Past(plan=plan, rules=rules, size=size, recorded=known, first=end - rules.oldest).write(folder, end)
        with prometheus(folder, {}, retention=RETENTION) as url:
            for record, expr, every in rules.records():
                result = [] if record in names else ask(url, "query", query=expr, time=end)["result"]
                for one in result:
                    labels = {k: v for k, v in one["metric"].items() if k != "__name__"}
                    new.append(Recorded(record, labels, float(one["value"][1]), every))
    return tuple(new)
