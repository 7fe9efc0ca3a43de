"""``asynq-mon tune`` over the history of a real Prometheus, as a reviewer sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynq_mon_codegen.engine.server import serving
from tests.tune.story import DECLARATION, TUNED, made, run

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
    return tmp_path / "monitoring.py"


def test_nothing_is_written_without_being_asked(url: str, work: Path, declared: Path) -> None:
    done = run(url, work, "--per-week", "100")
    assert done.exit_code == 0, done.output
    assert declared.read_text() == DECLARATION
    assert "AsynqQueueWaitHigh, queue batch: warning above 2m -> 5m, critical above 5m -> 15m" in done.stdout
    assert (
        '-        Queue("batch", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="2m", critical="5m")}),  # nightly'
        in (done.stdout)
    )
    assert "nothing is written: --write writes it" in done.stdout
    # the example in the documentation is this run
    page = (ROOT / "docs" / "review.md").read_text()
    example = page.partition("<!-- tune: ")[2].partition("```text\n")[2].partition("```")[0]
    assert example.strip() == done.stdout.strip()


def test_asked_to_it_writes_a_change_that_holds(url: str, work: Path, declared: Path) -> None:
    done = run(url, work, "--per-week", "100", "--write")
    assert done.exit_code == 0, done.output
    assert declared.read_text() == TUNED
    assert "monitoring.py is written: run asynq-mon generate" in done.stdout
    again = run(url, work, "--per-week", "100", "--json")
    assert json.loads(again.stdout)["proposals"] == []
    assert [p.name for p in declared.parent.iterdir() if not p.name.startswith("__")] == ["monitoring.py"]


def test_as_json(url: str, work: Path, declared: Path) -> None:
    found = json.loads(run(url, work, "--per-week", "100", "--json").stdout)
    (only,) = found["proposals"]
    assert (only["owner"], only["name"], only["fired_before"], only["fired_after"]) == ("queue", "batch", 3, 0)
    numbers = found["notifications_per_week"]
    assert numbers["after"] < numbers["before"]
    assert found["written"] is False
    assert [note.partition(":")[0] for note in found["notes"]] == ["Partial history"]
    assert found["diff"].startswith("--- monitoring.py")


def test_what_cannot_be_edited_is_shown_as_a_snippet(url: str, work: Path, declared: Path) -> None:
    text = (
        DECLARATION.replace('{asynq.QUEUE_WAIT_HIGH: Above(warning="2m", critical="5m")}', "slow")
        .replace('Queue("mail")', 'Queue("mail", thresholds=slow)')
        .replace("monitoring = ", 'slow = {asynq.QUEUE_WAIT_HIGH: Above(warning="2m", critical="5m")}\n\nmonitoring = ')
    )
    declared.write_text(text)
    done = run(url, work, "--per-week", "100", "--write")
    assert done.exit_code == 0, done.output
    assert declared.read_text() == text
    assert "to be changed by hand (" in done.stdout
    assert 'Above(warning="5m", critical="15m")' in done.stdout
    assert "is written" not in done.stdout


def test_the_built_in_declaration_cannot_be_changed(
    url: str, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(url, work, "--per-week", "1")
    assert done.exit_code == 2
    assert "asynq-mon init" in done.stderr


def test_an_unknown_alert(url: str, work: Path, declared: Path) -> None:
    done = run(url, work, "--alert", "AsynqQueueWaitHihg")
    assert done.exit_code == 2
    assert "AsynqQueueWaitHigh" in done.stderr
