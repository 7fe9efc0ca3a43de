"""What a backtest costs: the default rules over the history of so many queues, beside promtool playing the same rules.

promtool's rule tests are the other way to evaluate rules with their holds over given samples; they go through time
moment by moment and are given all samples as text, so they are measured over an hour and compared by the queue-hour.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from attrs import evolve

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.generators import rules
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.promql import Source
from bench import history
from bench.process import Usage, measured
from bench.prometheus import PROMTOOL, prometheus
from bench.table import Table
from bench.tools import ROOT

__all__ = ["tables"]

SIZES = ((10, 24), (100, 24), (100, 72))
"""Queues and hours."""
PLAYED = 10
"""Queues whose hour promtool plays."""
END = 1_767_312_000
STEP = 30
HEAD = ("", "seconds", "processor", "peak MiB", "ms a queue-hour", "ratio")


def tables() -> Iterator[Table]:
    """One table; each row runs its programs."""
    plan = open_declaration(declaration_path(None))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = _played(plan, folder)
        each = 1000 * peer.seconds / PLAYED
        for queues, hours in SIZES:
            for title, usage in _backtests(plan, folder / f"{queues}-{hours}", queues, hours):
                rows.append(_row(f"{title}, {queues} queues, {hours // 24} d", usage, queues * hours, each))
        rows.append(_row(f"promtool test rules, {PLAYED} queues, 1 h", peer, PLAYED, each))
    yield Table("A backtest of the default rules", HEAD, tuple(rows))


def _row(title: str, usage: Usage, queue_hours: int, peer: float) -> tuple[str, ...]:
    each = 1000 * usage.seconds / queue_hours
    numbers = (f"{usage.seconds:.1f}", f"{usage.processor:.1f}", f"{usage.mebibytes:.0f}")
    return (title, *numbers, f"{each:.1f}", f"{each / peer:.3f}")


def _tracks(plan: Plan, queues: int, hours: float) -> Iterator[history.Track]:
    size = history.Size(queues=queues, exporters=1, workers=1, task_types=0)
    for metric in plan.contract:
        if metric.source is Source.COLLECTOR:
            yield from (evolve(track, step=STEP) for track in history.raw(plan, metric, size, hours))
    for job, instance in (*history.targets(Source.COLLECTOR, size), *history.targets(Source.WORKER, size)):
        yield history.constant(f'up{{job="{job}",instance="{instance}"}}', hours, STEP)


def _backtests(plan: Plan, folder: Path, queues: int, hours: int) -> Iterator[tuple[str, Usage]]:
    """The first run, which copies everything, and the next one, which finds it all."""
    folder.mkdir()
    history.write(_tracks(plan, queues, hours), folder, END, 18)
    with prometheus(folder, {}, retention="100y") as url:
        command = (
            *(sys.executable, "-m", "asynq_mon_codegen", "backtest", "--json", "--timeout", "120"),
            *("--prometheus", url, "--range", f"{hours}h", "--end", str(END), "--work", folder / "work"),
        )
        yield "asynq-mon backtest", measured(command, ROOT, runs=1, warm=False)
        yield "the same again", measured(command, ROOT, runs=1, warm=False)


def _played(plan: Plan, folder: Path) -> Usage:
    """promtool over an hour of the same series, the rules of learnt thresholds among the others."""
    paths = []
    for artifact in rules.generate(plan):
        path = folder / Path(artifact.path).name
        path.write_text(artifact.text, encoding="utf-8")
        paths.append(path.name)
    times = range(0, 3600 + 1, STEP)
    series = [
        {"series": track.series, "values": " ".join(f"{track.value(t)}" for t in times)}
        for track in _tracks(plan, PLAYED, 1)
    ]
    test = {
        "rule_files": paths,
        "evaluation_interval": f"{STEP}s",
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": series,
                "promql_expr_test": [{"expr": 'ALERTS{alertname="None"}', "eval_time": "1h"}],
            }
        ],
    }
    (folder / "hour.yaml").write_text(yaml.dump(test, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return measured((PROMTOOL, "test", "rules", folder / "hour.yaml"), folder, runs=3)
