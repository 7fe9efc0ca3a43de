"""``asynq-mon backtest`` over the history of a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.files import locked
from tests.backtest.story import DECLARATION, INCIDENTS, made, run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("server") / "data"
    made(data)
    with serving(data) as running:
        yield running.url


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitoring.py").write_text(DECLARATION)
    (tmp_path / "incidents.yaml").write_text(INCIDENTS)
    return tmp_path


@pytest.mark.usefixtures("declared")
def test_what_would_have_fired(url: str, work: Path) -> None:
    done = run(url, work, "--incidents", "incidents.yaml")
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "alert severity subject fired flaps in all longest notified"
    assert lines[1:4] == [
        "AsynqQueueStalled critical mail 1 0 33m 33m 4",
        "AsynqQueueWaitHigh critical mail 1 0 13m 13m 0",
        "AsynqQueueWaitHigh warning mail 1 0 23m 23m 0",
    ]
    assert "incidents told: 1 of 2, the slowest after 7m; alerts outside of incidents: 0" in lines
    assert "2026-01-01 02:30 Redis was away: not told" in lines
    # the example in the documentation is this run
    page = (ROOT / "docs" / "review.md").read_text()
    example = page.partition("<!-- backtest: ")[2].partition("```text\n")[2].partition("```")[0]
    assert [" ".join(line.split()) for line in example.splitlines()] == lines


def test_as_json_against_what_is_deployed(url: str, work: Path, declared: Path) -> None:
    deployed = CliRunner().invoke(main, ["generate", "-o", "deployed"])
    assert deployed.exit_code == 0, deployed.output
    (declared / "monitoring.py").write_text(DECLARATION.replace('"10m", critical="20m"', '"10s", critical="2m"'))
    done = run(url, work, "--against", "deployed", "--json", "--incidents", "incidents.yaml")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    warning = {"alert": "AsynqQueueWaitHigh", "severity": "warning", "subject": "mail"}
    (now,) = [one for one in found["alerts"] if warning.items() <= one.items()]
    (before,) = [one for one in found["against"]["alerts"] if warning.items() <= one.items()]
    assert now["seconds"] > before["seconds"] == 23 * 60
    assert before["times"] == [{"from": "2026-01-01T01:12:00Z", "to": "2026-01-01T01:35:00Z"}]
    assert "redis_up" in found["no_history"]["AsynqRedisDown"]
    assert {"alert": "AsynqRedisDown", "severity": "critical"} in found["did_not_fire"]
    assert found["history"]["from"] == "2026-01-01T00:00:00Z"
    assert found["incidents"]["recall"] == 0.5
    assert found["notifications"]["total"] == sum(found["notifications"]["by_receiver"].values()) > 0


def test_a_page_with_timelines(url: str, work: Path, declared: Path) -> None:
    (declared / "incidents.yaml").write_text(INCIDENTS.replace("Redis was away", '"<b>Redis</b>"'))
    assert run(url, work, "--html", "page.html", "--incidents", "incidents.yaml").exit_code == 0
    page = (declared / "page.html").read_text()
    assert "&lt;b&gt;Redis&lt;/b&gt;" in page
    assert "<b>Redis</b>" not in page
    assert 'title="2026-01-01 01:12 for 23m"' in page
    assert "http" not in page.split("<body>")[1]


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--alert", "AsynqQueueWaitHihg"), "did you mean 'AsynqQueueWaitHigh'?"),
        (("--range", "a month"), "--range: "),
        (("--end", "yesterday"), "--end 'yesterday' is not a time with its zone"),
        (("--end", "2999-01-01T00:00:00Z"), "lies in the future"),
        (("--end", "99999999999999"), "lies in the future"),
        (("--range", "0s"), "--range 0s: there is nothing to look at"),
        (("--html", "nowhere/page.html"), "--html nowhere/page.html: the folder is not there"),
        (("--prometheus", "127.0.0.1:9090"), "error: '127.0.0.1:9090' is not an http(s) URL"),
        (("--incidents", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("--against", "nowhere"), "nowhere"),
        (("--work", "monitoring.py"), "is a file"),
    ],
)
def test_bad_input_is_said_before_anything_is_copied(url: str, work: Path, more: tuple[str, ...], said: str) -> None:
    done = run(url, work, *more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.usefixtures("declared")
def test_a_server_that_is_not_there(work: Path) -> None:
    done = run("http://127.0.0.1:9", work, "--retries", "0")
    assert done.exit_code == 2
    assert "http://127.0.0.1:9" in done.stderr


@pytest.mark.usefixtures("declared")
def test_a_time_without_history_is_no_time_without_alerts(url: str, work: Path) -> None:
    done = run(url, work, "--end", "2020-01-01T00:00:00Z")
    assert done.exit_code == 2
    assert "the server has nothing that the rules read, 2019-12-31 21:00 to 2020-01-01 00:00 UTC" in done.stderr
    later = run(url, work, "--range", "4h", "--end", "2026-01-01T05:00:00Z")
    assert later.exit_code == 0
    assert "Partial history: nothing of asynq_queue_latency_seconds" in later.stderr
    assert "after 2026-01-01 03:00 UTC." in later.stderr


def test_incidents_that_cannot_have_been_told_are_no_misses(url: str, work: Path, declared: Path) -> None:
    more = "- {from: 2025-12-31T23:00:00Z, to: 2026-01-01T01:00:00Z, name: before}\n"
    (declared / "incidents.yaml").write_text(INCIDENTS.replace("mail", "mial") + more)
    done = run(url, work, "--incidents", "incidents.yaml")
    assert "incidents told: 0 of 2;" in done.stdout
    assert "Not counted, for they did not begin in this time: before (2025-12-31 23:00)." in done.stderr
    assert "names the queue 'mial', which is not in the history: did you mean 'mail'?" in done.stderr


@pytest.mark.usefixtures("declared")
def test_without_prometheus_it_says_what_to_install(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS", "no-such-program")
    done = run(url, tmp_path / "work")
    assert done.exit_code == 2
    assert "apt-get install prometheus" in done.stderr


@pytest.mark.usefixtures("declared")
def test_a_folder_in_which_another_run_is_at_work(url: str, tmp_path: Path) -> None:
    work = tmp_path / "held"
    assert run(url, work).exit_code == 0
    (folder,) = work.iterdir()
    with locked(folder):
        done = run(url, work)
    assert done.exit_code == 2
    assert "another asynq-mon is writing here" in done.stderr
    assert run(url, work).exit_code == 0


@pytest.mark.usefixtures("declared")
def test_what_a_killed_run_left_is_removed_and_with_fresh_everything(url: str, tmp_path: Path) -> None:
    work = tmp_path / "left"
    assert run(url, work).exit_code == 0
    (folder,) = work.iterdir()
    scratch = folder / "history" / "blocks-killed"
    scratch.mkdir()
    block = min((folder / "history" / "data").iterdir()).name
    assert run(url, work).exit_code == 0
    assert not scratch.exists()
    assert (folder / "history" / "data" / block).exists()
    assert run(url, work, "--fresh").exit_code == 0
    assert not (folder / "history" / "data" / block).exists()
