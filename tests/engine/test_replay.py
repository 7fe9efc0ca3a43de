"""Rules over the history of a server: the same alerts as when Prometheus' rule engine sees the samples themselves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.engine import history as copying
from asynq_mon_codegen.engine.blocks import Writer
from asynq_mon_codegen.engine.programs import program
from asynq_mon_codegen.engine.replay import Replay, open_history, replayed
from asynq_mon_codegen.engine.rules import Rule, RuleSet, rules_of
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.generators import rules as rule_files
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.prometheus_api import Prometheus
from tests.engine.made_up import STEP, TARGET, Queue, history, samples

pytestmark = pytest.mark.engine

START = 1_767_225_600
END = START + 3 * 3600
NAMES = (
    "AsynqQueueWaitHigh",
    "AsynqQueueStalled",
    "AsynqTaskFailureRatioHigh",
    "AsynqDependencyOutage",
    "AsynqExporterDown",
)
QUEUES = (
    Queue(name="mail", stopped=((START + 3600, START + 5400),)),
    Queue(name="reports", rate=0.5, failing=((START + 4000, START + 7000),)),
    Queue(name="calm"),
)
LOOKBACK = 300
SILENT = (START + 8400, START + 9300)
"""When the exporter was not there."""


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


def generated() -> dict[str, str]:
    return {a.path: a.text for a in rule_files.generate(resolve(Monitoring(alerts=ALERTS)))}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    data = tmp_path_factory.mktemp("server") / "data"
    history(data, QUEUES, START - 3600, END, without=SILENT)
    with serving(data) as running:
        yield running


@pytest.fixture(scope="module")
def replay(server: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Replay, Path]:
    folder = tmp_path_factory.mktemp("work")
    rules = rules_of(generated()).only(NAMES)
    return replayed(open_history(server, [rules], START, END, folder, nothing), rules, nothing), folder


def fired(of: Replay) -> set[tuple[str, str, str, float, float]]:
    return {
        (f.label("alertname"), f.label("severity"), f.label("queue"), f.start - START, f.until(END) - START)
        for f in of.firings
    }


def test_what_happened_fires(replay: tuple[Replay, Path]) -> None:
    found = {(name, queue) for name, _, queue, _, _ in fired(replay[0])}
    assert found == {
        ("AsynqQueueWaitHigh", "mail"),
        ("AsynqQueueStalled", "mail"),
        ("AsynqTaskFailureRatioHigh", "reports"),
        ("AsynqExporterDown", ""),
    }
    assert replay[0].unseen == {}


def test_the_same_as_the_rule_engine_over_the_samples(replay: tuple[Replay, Path], tmp_path: Path) -> None:
    assert fired(replay[0]) == set(_by_promtool(rules_of(generated()).only(NAMES).needed(), tmp_path))


def test_a_second_run_copies_and_evaluates_nothing(
    server: Prometheus, replay: tuple[Replay, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, folder = replay

    def never(*_: object) -> None:
        raise AssertionError("blocks were written again")

    monkeypatch.setattr(Writer, "write", never)
    again = open_history(server, [first.rules], START, END, folder, nothing)
    assert again.samples > 10_000
    assert replayed(again, first.rules, nothing).firings == first.firings


def test_a_run_that_was_interrupted_goes_on(
    server: Prometheus, replay: tuple[Replay, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, known = replay
    whole = open_history(server, [first.rules], START, END, known, nothing)
    written: list[Path] = []
    real = Writer.write

    def twice(self: Writer, chunks: Iterable[str], done: Callable[[], None]) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(tmp_path)
        real(self, chunks, done)

    monkeypatch.setattr(copying, "block_hours", lambda _: 2)
    monkeypatch.setattr(Writer, "write", twice)
    with pytest.raises(KeyboardInterrupt):
        open_history(server, [first.rules], START, END, tmp_path, nothing)
    left: list[Path] = []

    def rest(self: Writer, chunks: Iterable[str], done: Callable[[], None]) -> None:
        left.append(tmp_path)
        real(self, chunks, done)

    monkeypatch.setattr(Writer, "write", rest)
    again = open_history(server, [first.rules], START, END, tmp_path, nothing)
    assert again.samples == whole.samples
    assert len(left) >= 1
    assert fired(replayed(again, first.rules, nothing)) == fired(first)


def test_gaps_and_the_beginning_of_history_are_known(server: Prometheus, replay: tuple[Replay, Path]) -> None:
    first, folder = replay
    found = open_history(server, [first.rules], START, END, folder, nothing).extents["asynq_queue_size"]
    assert found is not None
    assert abs(found.first - (START - 3600)) <= 120
    ((gap_from, gap_to),) = found.gaps
    assert abs(gap_from - (SILENT[0] + LOOKBACK)) <= 120
    assert abs(gap_to - SILENT[1]) <= 120


def test_alerts_without_history_are_named(server: Prometheus, tmp_path: Path) -> None:
    rules = rules_of(generated()).only(["AsynqRedisMemoryHigh"])
    found = replayed(open_history(server, [rules], END - 600, END, tmp_path, nothing), rules, nothing)
    assert found.firings == ()
    assert "redis_memory_used_bytes" in found.unseen["AsynqRedisMemoryHigh"]


def _by_promtool(rules: RuleSet, folder: Path) -> Iterator[tuple[str, str, str, float, float]]:
    """What promtool says when it plays the rule files over the samples, asked at every evaluation."""
    for path, text in generated().items():
        (folder / Path(path).name).write_text(text)
    times = range(START - 3600, END, STEP)
    present = [not SILENT[0] <= t < SILENT[1] for t in times]
    ones = [1.0] * len(times)
    series = [one for queue in QUEUES for one in samples(queue, times)]
    series += [(f"up{{{TARGET}}}", ones), ('up{job="asynq-workers",instance="worker:2112"}', ones)]
    firing = f'ALERTS{{alertstate="firing", alertname=~"{"|".join(NAMES)}"}}'
    test = {
        "rule_files": [Path(p).name for p in generated() if Path(p).name != "bands.yaml"],
        "evaluation_interval": f"{STEP}s",
        # else in any order, and alerts see what is recorded an evaluation late
        "group_eval_order": [r.group for r in _by_group(rules)],
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": [{"series": s, "values": " ".join(_notation(v, present))} for s, v in series],
                "promql_expr_test": [
                    {
                        "expr": f"count by (alertname, severity, queue) ({firing})",
                        "eval_time": f"{t - times[0]}s",
                    }
                    for t in times
                    if t >= START
                ],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.dump(test, Dumper=yaml.CSafeDumper))
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(folder / "test.yaml")], capture_output=True, text=True, check=False
    )
    at: dict[tuple[str, str, str], set[int]] = {}
    for time, got in re.findall(r"time: (\S+),\s+exp:\s*\S+\s+got:\s*(.*)", done.stdout + done.stderr):
        for sample in re.findall(r"\{([^}]*)\}", got):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample))
            key = (labels["alertname"], labels["severity"], labels.get("queue", ""))
            at.setdefault(key, set()).add(round(duration(time, "time").seconds) + times[0] - START)
    assert rules.alerts
    for (alert, severity, queue), ticks in at.items():
        for t in sorted(ticks):
            if t - STEP not in ticks:
                end = t
                while end in ticks:
                    end += STEP
                yield alert, severity, queue, float(t), float(end)


def _by_group(rules: RuleSet) -> list[Rule]:
    """One rule of each group, those first that only record."""
    groups = {r.group: r for r in rules.alerts}
    records = {r.group: r for r in rules.records if r.group not in groups}
    return [*records.values(), *groups.values()]


def _notation(values: list[float], present: list[bool]) -> Iterator[str]:
    # the history has no staleness markers either: its last sample lasts five minutes
    for value, there in zip(values, present, strict=True):
        yield repr(value) if there else "_"
