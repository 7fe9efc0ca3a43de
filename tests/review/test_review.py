"""``asynq-mon review`` over the history of a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.engine.server import serving
from tests.review.story import DECLARATION, HOSTILE, LOOKBACK, NAMES, committed, made

EXPECTED = Path(__file__).parent / "expected.md"
DAY = "2026-01-01"
INCIDENTS = """\
- {from: 2026-01-01T01:00:00Z, to: 2026-01-01T01:06:00Z, queue: mail, name: nobody worked}
- {from: 2026-01-01T00:05:00Z, to: 2026-01-01T00:20:00Z, name: the first of three}
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, str]]:
    """The URLs of one that keeps the series ALERTS, and of one that does not, and has queues with hostile names."""
    with ExitStack() as stack:
        urls = {}
        for alerts in (True, False):
            data = tmp_path_factory.mktemp("server") / "data"
            made(data, alerts=alerts, names=NAMES if alerts else HOSTILE)
            urls[alerts] = stack.enter_context(serving(data, lookback=LOOKBACK)).url
        yield urls


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the declaration makes, committed 19 months before the review."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "monitoring.py").write_text(DECLARATION)
    done = CliRunner().invoke(main, ["generate", "-c", str(folder / "monitoring.py"), "-o", str(folder)])
    assert done.exit_code == 0, done.output
    committed(folder, "2024-06-01T12:00:00Z")
    paused = folder / "runbooks" / "AsynqQueuePaused.md"
    paused.write_text(paused.read_text() + "\nOne more sentence.\n")
    committed(folder, "2025-11-01T12:00:00Z")
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitoring.py").write_text(DECLARATION)
    return tmp_path


def run(url: str, work: Path, *more: str, end: str = f"{DAY}T03:00:00Z", length: str = "3h") -> Result:
    times = ("--range", length, "--end", end, "--work", str(work))
    return CliRunner().invoke(main, ["review", "--prometheus", url, *times, *more])


def test_the_report_word_for_word(servers: dict[bool, str], work: Path, generated: Path, here: Path) -> None:
    done = run(servers[True], work, "--generated", str(generated))
    assert done.exit_code == 0, done.output
    assert (here / "reviews" / f"{DAY}.md").read_text() == EXPECTED.read_text()
    assert done.stdout.splitlines() == [
        f"reviews/{DAY}.md",
        f"  {DAY} 00:00 to {DAY} 03:00 UTC: 8 alerts fired, 24 notifications (1,344.0 a week)",
        "  noisiest: AsynqQueueStalled bulk: 12 notifications; over by themselves: 6",
        "  never fired: 1 blind alert, 1 near miss",
        "  levels: 2 that nothing came near, 1 about to be reached",
        "  queues nobody declared: 2; runbooks older than a year: 4; proposals: not asked for",
    ]


def test_as_json_beside_incidents_and_what_is_deployed(
    servers: dict[bool, str], work: Path, generated: Path, here: Path
) -> None:
    (here / "incidents.yaml").write_text(INCIDENTS)
    louder = DECLARATION.replace('critical="29m"', 'critical="5m"')
    (here / "monitoring.py").write_text(louder)
    known = ("--incidents", "incidents.yaml", "--against", str(generated), "--generated", str(generated))
    done = run(servers[True], work, *known, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert not (here / "reviews").exists()
    assert (found["from"], found["to"], found["partial"]) == (f"{DAY}T00:00:00Z", f"{DAY}T03:00:00Z", False)
    critical = [n for n in found["noisy"] if n["alert"] == "AsynqQueueStalled" and n["subject"] == "mail"]
    assert [(n["fired"], n["production"], n["before"], n["false_alarms"]) for n in critical] == [(1, 1, 1, 0)]
    # the first two times lie in an incident or its aftermath
    assert {(s["alert"], s["short"], s["fired"]) for s in found["short"]} >= {("AsynqQueueStalled", 1, 4)}
    assert found["summary"]["incidents"] == [2, 2]
    assert found["silent"]["missed"] == []
    assert found["silent"]["undeclared"] == [["AsynqQueueOld", 1]]
    assert {(s["subject"], s["severity"]): s["extreme"] for s in found["levels"]}["edge", "warning"] == 360
    assert [u["alert"] for u in found["runbooks"]["untouched"]][:2] == ["AsynqQueueWaitHigh", "AsynqQueueStalled"]


def test_a_server_without_alerts_and_a_folder_without_git(servers: dict[bool, str], work: Path, here: Path) -> None:
    done = run(servers[False], work, "--stdout", length="2d")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == f"<!-- asynq-mon review {DAY} -->"
    top = done.stdout[: done.stdout.index("## 1.")]
    assert "> Partial history: 2d were asked for, and there are 3h 3" in top
    assert any(
        line.startswith("What fired in production is not known: the server keeps no series `ALERTS`") for line in lines
    )
    assert "in production |" not in done.stdout
    assert (
        "When runbooks were changed cannot be told: "
        "`this folder is in no git repository with a commit, or git is not installed`."
    ) in lines
    assert "5 runbooks not in the folder of generated files: " in done.stdout
    assert list(here.iterdir()) == [here / "monitoring.py"]


@pytest.mark.usefixtures("here")
def test_without_history_there_is_nothing_to_review(servers: dict[bool, str], work: Path) -> None:
    done = run(servers[True], work, end="2025-06-01T00:00:00Z", length="1h")
    assert done.exit_code == 2
    assert "the server has no series of asynq from 2025-05-31 23:00 to 2025-06-01 00:00 UTC" in done.stderr
    assert "asynq-mon doctor" in done.stderr
    assert not Path("reviews").exists()


@pytest.mark.usefixtures("here")
def test_proposals_and_names_that_have_no_power_over_the_page(servers: dict[bool, str], work: Path) -> None:
    done = run(servers[False], work, "-o", "-", "--per-week", "600")
    assert done.exit_code == 0, done.output
    found = MarkdownIt("commonmark").enable("table").parse(done.stdout)
    inside = [t for one in found if one.type == "inline" for t in one.children or ()]
    assert {t.type for t in inside} <= {
        "text",
        "text_special",
        "code_inline",
        "html_inline",
        "strong_open",
        "strong_close",
    }
    assert {t.content for t in inside if t.type == "html_inline"} == {"<code>", "</code>"}
    assert HOSTILE[1] in {t.content for t in inside if t.type == "code_inline"}
    assert [t.content for t in found if t.type == "html_block"] == [f"<!-- asynq-mon review {DAY} -->\n"]
    fences = [t.content for t in found if t.type == "fence"]
    part = done.stdout[done.stdout.index("## 8. Proposals of `asynq-mon tune`") :]
    assert "600 notifications a week were wanted: with all of these there would have been " in part
    assert any(text.startswith(f"AsynqQueueWaitHigh, queue {HOSTILE[0]}: warning above 1m -> ") for text in fences)
    assert f"- [ ] 8. Proposals: which of {len(fences)} are taken" in part
    assert "## 9. Decisions of the meeting" in part


def test_each_day_has_its_file(servers: dict[bool, str], work: Path, here: Path) -> None:
    folder = here / "reviews"
    folder.mkdir()
    (folder / "2025-10-01.md").write_text("<!-- asynq-mon review 2025-10-01 -->\n")
    (folder / f"{DAY}.md").write_text(f"<!-- asynq-mon review {DAY} -->\nfrom this morning\n")
    assert run(servers[True], work).exit_code == 0
    assert "# Alert review of 2026-01-01" in (folder / f"{DAY}.md").read_text()
    assert sorted(p.name for p in folder.iterdir()) == ["2025-10-01.md", f"{DAY}.md"]
    for own in (folder / "2025-10-01.md", here / "notes.md"):
        own.touch()
        before = own.read_text()
        refused = run(servers[True], work, "-o", str(own))
        assert refused.exit_code == 2
        assert f"{own}: there is a file of this name that is not the review of {DAY}" in refused.stderr
        assert own.read_text() == before


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--short", "soon"), "--short: "),
        (("--incidents", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("--against", "nowhere"), "nowhere"),
        (("-o", "monitoring.py/x.md"), "monitoring.py: Not a directory"),
    ],
)
def test_bad_input_is_said_before_anything_is_copied(
    servers: dict[bool, str], tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    done = run(servers[True], tmp_path / "work", *more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "work").exists()
