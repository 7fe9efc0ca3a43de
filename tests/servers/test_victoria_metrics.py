"""What the commands make of a VictoriaMetrics: of the same samples the same as of a Prometheus, or what it lacks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from attrs import frozen
from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.promql import Source
from tests.backtest import story as backtested
from tests.doctor.conftest import has
from tests.doctor.servers import exporter
from tests.engine.made_up import Queue, history
from tests.preview.demo import served
from tests.review import story as reviewed
from tests.servers.victoria_metrics import copied, victoria_metrics
from tests.tune import story as tuned

pytestmark = pytest.mark.servers


@frozen
class Both:
    """The URLs of two servers with the same samples."""

    prometheus: str
    victoria: str


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ExitStack]:
    """Ends what a test started; declarations lie in the current folder."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as servers:
        yield servers


def both(stack: ExitStack, data: Path, start: float, end: float, **serve: float) -> Both:
    """Debian's Prometheus, whatever else evaluates, over these blocks, and a VictoriaMetrics with their samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMETHEUS", "prometheus")
        prometheus = stack.enter_context(serving(data, **serve)).url
    victoria = stack.enter_context(victoria_metrics(data.parent))
    copied(prometheus, victoria, start, end)
    return Both(prometheus, victoria)


def data_of(done: Result) -> Any:
    """What a command printed as JSON."""
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def backtest(url: str, work: Path, *more: str) -> Any:
    return data_of(backtested.run(url, work, "--incidents", "incidents.yaml", "--json", *more))


def test_backtest_finds_the_same(stack: ExitStack, tmp_path: Path) -> None:
    """The JSON is equal, to the second and the number of samples."""
    Path("monitoring.py").write_text(backtested.DECLARATION)
    Path("incidents.yaml").write_text(backtested.INCIDENTS)
    backtested.made(tmp_path / "server" / "data")
    servers = both(stack, tmp_path / "server" / "data", backtested.START - 3600, backtested.END)

    expected = backtest(servers.prometheus, tmp_path / "work")
    found = backtest(servers.victoria, tmp_path / "other work")

    assert [(one["alert"], one["severity"]) for one in expected["alerts"]] == [
        ("AsynqQueueStalled", "critical"),
        ("AsynqQueueWaitHigh", "critical"),
        ("AsynqQueueWaitHigh", "warning"),
    ]
    assert found == expected


def test_series_end_sooner(stack: ExitStack, tmp_path: Path) -> None:
    """The documented difference: without a marker of staleness, Prometheus lets a last sample count for 5 minutes."""
    Path("monitoring.py").write_text(backtested.DECLARATION)
    Path("incidents.yaml").write_text(backtested.INCIDENTS)
    last, back = backtested.START + 7200, backtested.START + 9000
    data = tmp_path / "server" / "data"
    history(data, (Queue(name="mail"),), backtested.START - 3600, backtested.END, without=(last + 30, back))
    servers = both(stack, data, backtested.START - 3600, backtested.END)

    until = {}
    for url in (servers.prometheus, servers.victoria):
        ends = httpx.get(
            f"{url}/api/v1/query_range",
            params={"query": "asynq_queue_size", "start": last, "end": back - 30, "step": 30},
        ).json()["data"]["result"][0]["values"]
        until[url] = ends[-1][0] - last
    gone = ("--alert", "AsynqExporterDown")
    expected = backtest(servers.prometheus, tmp_path / "work", *gone)
    found = backtest(servers.victoria, tmp_path / "other work", *gone)

    assert until[servers.prometheus] >= 270
    assert until[servers.victoria] <= 60
    sooner = [a for a, b in zip(expected["alerts"], found["alerts"], strict=True) if a["seconds"] + 200 < b["seconds"]]
    assert [one["alert"] for one in sooner] == ["AsynqExporterDown"]
    assert [a for a in expected["alerts"] if a not in sooner] == [
        b for b in found["alerts"] if b["alert"] != "AsynqExporterDown"
    ]
    assert found["history"]["samples"] < expected["history"]["samples"]
    assert any(note.startswith("A gap: nothing of ") for note in found["notes"])


def test_tune_proposes_the_same(stack: ExitStack, tmp_path: Path) -> None:
    """Word for word."""
    Path("monitoring.py").write_text(tuned.DECLARATION)
    tuned.made(tmp_path / "server" / "data")
    servers = both(stack, tmp_path / "server" / "data", tuned.START - 3600, tuned.END)

    expected, found = (
        tuned.run(url, tmp_path / work, "--per-week", "100")
        for url, work in ((servers.prometheus, "work"), (servers.victoria, "other work"))
    )

    assert "AsynqQueueWaitHigh, queue batch: warning above 2m -> 5m, critical above 5m -> 15m" in expected.stdout
    assert (found.exit_code, found.stdout) == (0, expected.stdout)


def test_review_reports_the_same(stack: ExitStack, tmp_path: Path) -> None:
    """The whole page, with what was really firing by the series ALERTS."""
    Path("monitoring.py").write_text(reviewed.DECLARATION)
    reviewed.made(tmp_path / "server" / "data", alerts=True)
    start, end = reviewed.START - 1800, reviewed.END
    servers = both(stack, tmp_path / "server" / "data", start, end, lookback=reviewed.LOOKBACK)
    asked = ("--range", "3h", "--end", "2026-01-01T03:00:00Z", "--stdout")

    expected, found = (
        CliRunner().invoke(main, ["review", "--prometheus", url, *asked, "--work", str(tmp_path / work)])
        for url, work in ((servers.prometheus, "work"), (servers.victoria, "other work"))
    )

    assert expected.exit_code == 0, expected.output
    assert "AsynqQueueStalled" in expected.stdout
    assert (found.exit_code, found.stdout) == (0, expected.stdout)


def test_preview_draws_the_same(stack: ExitStack, tmp_path: Path) -> None:
    """Every panel of the built-in dashboards has data; series that are NaN (0/0 of a queue at rest) are fewer.

    VictoriaMetrics leaves those out; a table then has an empty cell, as it has for NaN.
    """
    demo = stack.enter_context(served(tmp_path / "demo"))
    victoria = stack.enter_context(victoria_metrics(tmp_path))
    copied(demo.url, victoria, demo.recording.start - 1, demo.recording.end)

    seen = []
    for url in (demo.url, victoria):
        asked = ["preview", "--prometheus", url, *demo.range, "--json", "-o", str(tmp_path / "out")]
        boards = data_of(CliRunner().invoke(main, asked))["dashboards"]
        seen.append({(b["uid"], p["title"]): (p["status"], p["series"]) for b in boards for p in b["panels"]})

    expected, found = seen
    assert len(expected) > 100
    assert {status for status, _ in found.values()} == {"series"}
    fewer = {panel for panel, (_, series) in found.items() if series < expected[panel][1]}
    assert fewer == {("asynq-overview", "Queues"), ("asynq-tasks", "Task types")}
    assert found | {panel: expected[panel] for panel in fewer} == expected


LACKS = (
    "how far back the server remembers: the server does not say it [retention]",
    "where alerts are sent: the server has no /api/v1/alertmanagers; its ruler knows [alertmanagers]",
)


def doctor(url: str) -> tuple[int, list[str]]:
    """The exit code, and the findings worse than notes or unseen."""
    Path("monitoring.py").write_text("from tests.doctor.servers import declare\n\nmonitoring = declare()\n")
    done = CliRunner().invoke(main, ["doctor", "--prometheus", url])
    lines = done.stdout.splitlines()
    return done.exit_code, [line for line in lines if line.startswith(("error: ", "warning: ", "unseen: "))]


def test_doctor_of_one_that_scrapes(stack: ExitStack, tmp_path: Path) -> None:
    """Metrics, targets and types are examined; the rules are vmalert's, by what they record where it is not asked."""
    queues, workers = exporter(Source.COLLECTOR), exporter(Source.INSTRUMENTATION, Source.WORKER)
    stack.callback(queues.stop)
    stack.callback(workers.stop)
    jobs = {"asynq-exporter": queues.address, "asynq-worker": workers.address}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": j, "static_configs": [{"targets": [a]}]} for j, a in jobs.items()],
    }
    (tmp_path / "scrape.yaml").write_text(yaml.safe_dump(config))
    # by default the newest half minute is not looked at
    flags = {
        "promscrape.config": tmp_path / "scrape.yaml",
        "search.latencyOffset": "1s",
        "inmemoryDataFlushInterval": "1s",
    }
    url = stack.enter_context(victoria_metrics(tmp_path, **flags))
    has(url, "min(up) == 1 and on () count(up) == 2", "min(count_over_time(asynq_queue_size[1m])) > 3")

    code, said = doctor(url)
    assert said == [
        "error: none of the declared rule groups is loaded: there are no alerts [rules]",
        *(f"unseen: {one}" for one in LACKS),
    ]
    assert code == 1

    recorded = f"queue:asynq_tasks_archived:max 1 {time.time():.0f}\n"
    httpx.post(f"{url}/api/v1/import/prometheus", content=recorded).raise_for_status()
    has(url, "queue:asynq_tasks_archived:max")
    code, said = doctor(url)
    assert len(said) == 3
    assert any(line.startswith("unseen: rules: the server lists none, but has what they record") for line in said)
    assert code == 0


def test_doctor_of_an_empty_one(stack: ExitStack, tmp_path: Path) -> None:
    """Nothing is there and that is said; its clock, which is half a minute behind by default, is no finding."""
    url = stack.enter_context(victoria_metrics(tmp_path))

    code, said = doctor(url)

    assert code == 1
    assert {f"unseen: {one}" for one in LACKS} < set(said)
    assert any(line.startswith("unseen: types of metrics: ") for line in said)
    assert any(line.startswith("unseen: scrape timeouts: ") for line in said)
    assert any("there is no series of asynq's exporter" in line for line in said)
    assert not any("clock" in line for line in said)
