"""`asynq-mon preview` from beginning to end, with a real Prometheus."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asynq_mon_codegen.build import build
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.preview.demo import suited
from asynq_mon_codegen.preview.recording import recording
from lab.processes import Ports, Process, flags, stop_all, until
from lab.tools import program
from tests.preview.conftest import Command
from tests.preview.demo import Demo
from tests.preview.native import native_target
from tests.preview.samples import every_kind

ROOT = Path(__file__).resolve().parents[2]
Boards = Callable[..., Path]


def panels(found: Mapping[str, Any]) -> dict[str, str]:
    return {p["title"]: p["status"] for board in found["dashboards"] for p in board["panels"]}


def stat(expr: str, title: str = "A") -> dict[str, Any]:
    place = {"x": 0, "y": 0, "w": 4, "h": 4}
    target = {"expr": expr, "refId": "A", "legendFormat": "__auto", "instant": True}
    return {"type": "stat", "title": title, "gridPos": place, "targets": [target], "fieldConfig": {"defaults": {}}}


def test_the_demo_has_data_for_every_panel(tmp_path: Path) -> None:
    """The default declaration through its own rules: no panel is empty, and alerts fire in it."""
    done = CliRunner().invoke(main, ["preview", "--json", "--strict", "-o", str(tmp_path)])

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["failures"] == []
    assert len(found["dashboards"]) == 7
    assert set(panels(found).values()) == {"series"}
    pages = sorted(tmp_path.glob("*.html"))
    assert [page.stem for page in pages] == sorted(board["uid"] for board in found["dashboards"])
    text = (tmp_path / "asynq-overview.html").read_text(encoding="utf-8")
    assert "preview by asynq-mon, not Grafana's own picture" in text
    assert "AsynqDependencyOutage critical emails" in text


def test_the_recording_is_the_storys() -> None:
    done = subprocess.run([sys.executable, "scripts/recording", "--check"], cwd=ROOT, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_recording_takes_the_names_and_labels_of_a_declaration() -> None:
    plan = build(ROOT / "examples" / "fleet", ("rules",)).plan

    found = list(suited(recording(), plan))

    namespaces = {one.labels["namespace"] for one in found if one.name == "asynq_queue_size"}
    assert namespaces == {"billing", "notifications", "orders"}
    queues = {one.labels["queue"] for one in found if one.labels.get("namespace") == "orders" and "queue" in one.labels}
    assert {"default", "payments"} <= queues
    assert len(queues) == 5
    assert len({(one.name, tuple(sorted(one.labels.items()))) for one in found}) == len(found)


def test_every_kind_of_panel(command: Command, boards: Boards, tmp_path: Path) -> None:
    done = command("--dashboards", boards(a=every_kind()), "--json", "--strict", "-o", tmp_path)

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    (board,) = found["dashboards"]
    kinds = {p["title"]: (p["type"], p["status"], p["series"]) for p in board["panels"]}
    assert kinds["Lines"] == ("timeseries", "series", 5)  # the threshold's line is none
    assert kinds["Logs"] == ("logs", "logs", 0)
    assert kinds["Text"] == ("text", "text", 0)
    assert [t for t in kinds if t.startswith("Stat of")] == [
        f"Stat of {q}" for q in ("critical", "default", "emails", "newsletter", "reports")
    ]
    assert [p["row"] for p in board["panels"] if p["title"].startswith("Wait of")][-1] == "Queue reports"
    assert any(p["message"] == 'logs are not previewed: {queue=~".+"}' for p in board["panels"])


def test_a_chosen_value_goes_into_queries_titles_and_repeats(command: Command, boards: Boards, tmp_path: Path) -> None:
    folder = boards(a=every_kind())

    done = command("--dashboards", folder, "--json", "--var", "queue=emails", "--var", "queue=reports", "-o", tmp_path)

    (board,) = json.loads(done.stdout)["dashboards"]
    assert board["variables"] == {"queue": ["emails", "reports"]}
    lines = next(p for p in board["panels"] if p["title"] == "Lines")
    assert 'queue=~"(emails|reports)"' in lines["queries"][0]
    assert [p["title"] for p in board["panels"] if p["title"].startswith("Stat of")] == [
        "Stat of emails",
        "Stat of reports",
    ]


def test_strict_fails_on_no_data_and_errors(command: Command, boards: Boards, tmp_path: Path) -> None:
    board = {"uid": "x", "panels": [stat("nothing_of_this_name"), stat("sum(", "B"), stat("vector(1)", "C")]}
    options = ("--dashboards", boards(a=board), "-o", tmp_path)

    loose, strict = command(*options), command(*options, "--strict")
    allowed = command(*options, "--strict", "--allow-empty", "x/A")

    assert loose.exit_code == 0
    assert "no data" in loose.stdout
    assert "parse error" in loose.stdout
    assert "3 panels: 1 with data, 1 without, 1 failed" in loose.stdout
    assert strict.exit_code == 1
    assert "x: A: no data" in strict.stderr
    assert "x: B: " in strict.stderr
    assert "x: C" not in strict.stderr
    assert allowed.exit_code == 1
    assert "x: A" not in allowed.stderr


def test_dashboards_of_other_origin(command: Command, boards: Boards, tmp_path: Path) -> None:
    """What they have and ours have not: data sources by name, other panels, transformations, hidden queries."""
    hidden = stat("vector(1)", "hidden")
    hidden["targets"].append({"expr": "sum(", "refId": "B", "hide": True})
    panels_ = [
        stat("vector(1)", "by name") | {"datasource": "Prometheus"},
        stat("vector(1)", "mixed") | {"datasource": {"type": "datasource", "uid": "-- Mixed --"}},
        stat("vector(1)", "other") | {"datasource": {"type": "victoriametrics-logs-datasource", "uid": "x"}},
        stat("vector(1)", "reduced") | {"transformations": [{"id": "reduce", "options": {}}]},
        stat("vector(1)", "not reduced") | {"transformations": [{"id": "reduce", "disabled": True, "options": {}}]},
        stat("vector(1)", "map") | {"type": "geomap"},
        hidden,
    ]

    done = command("--dashboards", boards(a={"panels": panels_}), "--json", "-o", tmp_path)

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    said = {p["title"]: p["message"] or p["status"] for board in found["dashboards"] for p in board["panels"]}
    assert said == {
        "by name": "series",
        "mixed": "series",
        "other": "logs are not previewed: vector(1)",
        "reduced": "the transformation reduce is not previewed",
        "not reduced": "series",
        "map": "panels of the type geomap are not previewed",
        "hidden": "series",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dashboards", "none"], "none is not a folder"),
        (["--dashboard", "asynq-overviev"], "did you mean 'asynq-overview'?"),
        (["--var", "queue"], "write --var queue=emails"),
        (["--var", "kueue=a"], "did you mean 'queue'?"),
        (["--from", "now", "--to", "now-1h"], "is empty"),
        (["--from", "sometime"], "not a moment"),
    ],
)
def test_bad_input(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Refused before anything is written, and for a range or a name before anybody is asked."""
    given = ["preview", "--prometheus", "http://127.0.0.1:9", "--retries", "0", "-o", str(tmp_path / "out"), *arguments]

    done = CliRunner().invoke(main, given)

    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_a_browser_there_are_no_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")

    done = CliRunner().invoke(main, ["preview", "--png", "-o", str(tmp_path / "out")])

    assert done.exit_code == 2
    assert "install chromium, or set CHROMIUM=" in done.stderr
    assert not (tmp_path / "out").exists()


def test_nobody_answers(tmp_path: Path) -> None:
    """One sentence instead of pages that hold the same error in every panel."""
    given = ["preview", "--prometheus", "http://127.0.0.1:9", "--retries", "0", "--dashboard", "asynq-slo"]

    done = CliRunner().invoke(main, [*given, "-o", str(tmp_path / "out")])

    assert done.exit_code == 2
    assert done.stderr.startswith("error: http://127.0.0.1:9: no answer")
    assert not (tmp_path / "out").exists()


def test_native_histograms(tmp_path: Path, boards: Boards) -> None:
    """A real Prometheus that scrapes one; the buckets come out as they went in."""
    ports = Ports()
    port = ports.take()
    place = {"x": 0, "y": 0, "w": 12, "h": 8}
    target = {"expr": "sum(demo_seconds)", "refId": "A", "legendFormat": "__auto", "format": "heatmap"}
    board = {
        "uid": "n",
        "panels": [{"type": "heatmap", "title": "H", "gridPos": place, "targets": [target], "interval": "1s"}],
    }
    with native_target("demo_seconds") as where:
        switch = "scrape_native_histograms: true, " if _has_switch(program("prometheus")) else ""
        (tmp_path / "prometheus.yaml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n"
            f"- {{job_name: a, {switch}static_configs: [{{targets: ['{where}']}}]}}\n"
        )
        given = {
            "config.file": tmp_path / "prometheus.yaml",
            "storage.tsdb.path": tmp_path / "data",
            "web.listen-address": f"127.0.0.1:{port}",
            "enable-feature": "native-histograms",
        }
        server = Process("prometheus", (program("prometheus"), *flags(given)), tmp_path, port=port, ready="/-/ready")
        command = ["preview", "--prometheus", server.url, "--dashboards", str(boards(n=board)), "--from", "now-10s"]
        out = ["--json", "-o", str(tmp_path / "out")]
        try:
            server.start()

            def seen() -> bool:
                done = CliRunner().invoke(main, [*command, *out])
                assert done.exit_code == 0, done.output
                return panels(json.loads(done.stdout)) == {"H": "series"}

            until(seen, lambda: "no native histogram came", within=20)
        finally:
            stop_all([server])
            ports.close()

    page = (tmp_path / "out" / "n.html").read_text(encoding="utf-8")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    cells = data["parts"][0]["panels"][0]["data"]["cells"]
    assert cells["native"] is True
    assert cells["edges"] == [0.5, 1, 2, 4]
    column = next(i for i, value in enumerate(cells["rows"][0]) if value)
    low, middle, high = (row[column] for row in cells["rows"])
    assert (low / high, middle / high) == (3, 5)


def _has_switch(prometheus: str) -> bool:
    """Whether native histograms are a setting of a scrape, as from Prometheus 3 on."""
    said = subprocess.run([prometheus, "--version"], capture_output=True, text=True, check=True)
    return " version 3." in f" {said.stdout}{said.stderr}"


def test_the_connection_is_the_one_of_all_commands(demo: Demo, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["preview", "--prometheus", demo.url, "--tenant", "a", "-o", str(tmp_path)])

    assert done.exit_code == 0
    assert "119 panels" in done.stdout
