"""History for a Prometheus that never scraped: blocks made by promtool, raw series first, recorded ones from them.

Raw series are those that panels read, with the labels of the metric contract. `promtool tsdb create-blocks-from
rules` asks a running Prometheus for each rule alone, so a rule would not see what the rule above it records:
each is written out down to the raw series first, with the same result. What rules learn from their own past
cannot be made so; those series get a constant, for how many samples are read does not depend on values.
"""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import yaml
from attrs import frozen

from asynq_mon_codegen.plan import Plan, PlannedRecord
from asynq_mon_codegen.plan.buckets import bounds_of
from asynq_mon_codegen.promql import Counter, Histogram, Metric, Source
from bench.grafana import SCRAPE
from bench.prometheus import PROMTOOL
from bench.queues import families
from bench.written_out import inlined

__all__ = ["Size", "Track", "alerts", "constant", "raw", "record", "targets", "write"]

LONGEST_BLOCK = 486
"""Hours of the longest block that promtool makes below 31 days, the longest that Prometheus makes."""
_ERROR = re.compile(r"\blevel=error\b", re.IGNORECASE)


@frozen(kw_only=True)
class Size:
    """How much there is; each task type runs in one queue, in every worker, each on a host of its own."""

    queues: int
    exporters: int
    workers: int
    task_types: int


@frozen(kw_only=True)
class Track:
    """One series: ``value`` is of the seconds since the beginning, one sample every ``step`` of the last ``hours``.

    Without the last ``until`` hours. A series may have several tracks, the older one first.
    """

    series: str
    value: Callable[[int], float]
    hours: float
    step: int = SCRAPE
    until: float = 0.0

    def times(self, end: int) -> range:
        """The Unix times of the samples."""
        begin = end - round(self.hours * 3600) // self.step * self.step
        last = end - -(-round(self.until * 3600) // self.step) * self.step
        return range(begin, last + 1, self.step)


def raw(plan: Plan, metric: Metric, size: Size, hours: float) -> Iterator[Track]:
    """The series of a metric as its targets expose it."""
    for job, instance in targets(metric.source, size):
        target = f'job="{job}",instance="{instance}"'
        if metric.source is Source.COLLECTOR:
            (family,) = (f for f in families(size.queues) if f.name == metric.name)
            for i, text in enumerate(family.series):
                yield Track(
                    series=f"{metric.name}{{{text},{target}}}",
                    value=lambda s, i=i, of=family.value: of(i, s),  # type: ignore[misc]
                    hours=hours,
                )
            continue
        counts = isinstance(metric, Counter | Histogram)
        for labels, name in itertools.product(_label_sets(plan, metric, size), _names(plan, metric)):
            series = name.format(labels=",".join((*labels, target)))
            yield Track(series=series, value=(lambda s: s) if counts else (lambda _: 1), hours=hours)


def alerts(hours: float, step: int) -> Iterator[Track]:
    """What Prometheus itself notes of alerts: the watchdog, and three queues with a warning."""
    watchdog = 'alertname="AsynqWatchdog",severity="none",threat="monitoring"'
    warnings = [f'alertname="AsynqQueueWaitHigh",severity="warning",threat="bottleneck",queue="q{i}"' for i in range(3)]
    for labels in (watchdog, *warnings):
        common = f'component="asynq",service="asynq",{labels}'
        yield constant(f'ALERTS{{alertstate="firing",{common}}}', hours, step)
        yield constant(f"ALERTS_FOR_STATE{{{common}}}", hours, step)


def constant(series: str, hours: float, step: int) -> Track:
    """A series that is always 1."""
    return Track(series=series, value=lambda _: 1, hours=hours, step=step)


def write(tracks: Iterable[Track], folder: Path, end: int, block_hours: int = LONGEST_BLOCK) -> int:
    """Blocks below ``folder/data`` with every track up to ``end``, and how many samples that are.

    ``block_hours`` is the length of a block: 2, or 3 times as long any number of times.
    """
    samples = 0
    # a file for each block: promtool reads all of a file anew for each block in it
    with ExitStack() as stack:
        files: dict[int, TextIO] = {}
        for track in tracks:
            times = track.times(end)
            for number, part in itertools.groupby(times, lambda t: t // (block_hours * 3600)):
                if number not in files:
                    files[number] = stack.enter_context((folder / f"block-{number}.txt").open("w", encoding="utf-8"))
                files[number].write("".join([f"{track.series} {track.value(t - times[0])} {t}\n" for t in part]))
            samples += len(times)
    for file in files.values():
        path = Path(file.name)
        with path.open("a", encoding="utf-8") as out:
            out.write("# EOF\n")
        _promtool(folder, block_hours, "openmetrics", str(path))
        path.unlink()
    return samples


def record(url: str, plan: Plan, records: Sequence[PlannedRecord], folder: Path, begin: int, end: int) -> None:
    """Blocks below ``folder/data`` with what these rules would have recorded, from the raw series behind ``url``."""
    every = int(plan.monitoring.evaluation_interval.seconds)
    rules = [{"record": r.name, "expr": inlined(r.record.expr, every).render(plan.scope)} for r in records]
    path = folder / "records.yaml"
    groups = [{"name": "recorded", "interval": f"{every}s", "rules": rules}]
    path.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    _promtool(folder, LONGEST_BLOCK, "rules", f"--url={url}", f"--start={begin}", f"--end={end}", str(path))


def _promtool(folder: Path, block_hours: int, kind: str, *arguments: str) -> None:
    longest = f"--max-block-duration={block_hours}h"
    data = [str(folder / "data")] if kind == "openmetrics" else []
    flags = [] if data else [f"--output-dir={folder / 'data'}"]
    command = [PROMTOOL, "tsdb", "create-blocks-from", longest, kind, *flags, *arguments, *data]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # promtool says what is wrong with a rule and ends with success
    if done.returncode or _ERROR.search(done.stderr):
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def targets(source: Source, size: Size) -> list[tuple[str, str]]:
    """Job and instance of each target that serves metrics of this source."""
    match source:
        case Source.COLLECTOR | Source.EXPORTER:
            return [("asynq-exporter", f"exporter-{n}:9876") for n in range(size.exporters)]
        case Source.WORKER | Source.INSTRUMENTATION:
            return [("asynq-workers", f"worker-{n}:2112") for n in range(size.workers)]
        case Source.HOST:
            return [("node", f"worker-{n}:9100") for n in range(size.workers)]
        case _:
            return [(source.value, f"{source.value}:9090")]


def _label_sets(plan: Plan, metric: Metric, size: Size) -> list[tuple[str, ...]]:
    """The labels of each series of one target, without those of the target."""
    values = {
        "cpu": [str(n) for n in range(4)],
        "mode": ["idle", "iowait", "user", "system", "irq", "softirq", "nice", "steal"],
        "pod": [f"asynq-workers-{n}" for n in range(size.workers)],
        "rule_group": [f"/etc/prometheus/{g.name}.yaml;asynq-{g.name}" for g in plan.groups],
        "alertmanager": ["http://alertmanager:9093/api/v2/alerts"],
        "cmd": ["evalsha", "ping", "zadd", "info"],
        "reason": ["OOMKilled"],
        "task_type": [f"type{n}" for n in range(size.task_types)],
    }
    names = [label.name for label in metric.label_set]
    several = [
        [f'{label.name}="{value}"' for value in label.values or values.get(label.name, [f"one-{label.name}"])]
        for label in metric.label_set
        if label.name != "queue"
    ]
    sets = list(itertools.product(*several))
    if "queue" not in names:
        return sets
    position = [name for name in names if name != "queue"].index("task_type")
    kinds = list(dict.fromkeys(labels[position] for labels in sets))
    return [(*labels, f'queue="q{kinds.index(labels[position]) % size.queues}"') for labels in sets]


def _names(plan: Plan, metric: Metric) -> list[str]:
    """The names of a family's series, with a place for the labels."""
    if not isinstance(metric, Histogram):
        return [f"{metric.name}{{{{{{labels}}}}}}"]
    bounds = [f"{bound:g}" for bound in bounds_of(plan.monitoring, metric)] + ["+Inf"]
    buckets = [f'{metric.name}_bucket{{{{{{labels}},le="{bound}"}}}}' for bound in bounds]
    return [*buckets, *(f"{metric.name}_{part}{{{{{{labels}}}}}}" for part in ("count", "sum"))]
