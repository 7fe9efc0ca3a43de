"""The command line as a user and a script see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.cli.common import told

SIMPLE = "from asynq_mon_codegen import Monitoring, asynq\nmonitoring = Monitoring(service='s', alerts=asynq.ALERTS)\n"


def cli(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in args])


def test_generate_check_and_regenerate(tmp_path: Path) -> None:
    """The first run writes, the second has nothing to do, --check agrees, an edit is drift."""
    first = cli("generate", "--out", tmp_path, "--json")
    assert first.exit_code == 0, first.output
    assert "rules/recording.yaml" in json.loads(first.stdout)["created"]

    again = json.loads(cli("generate", "--out", tmp_path, "--json").stdout)
    assert again["created"] == again["changed"] == again["removed"] == []
    assert cli("generate", "--check", "--out", tmp_path).exit_code == 0

    (tmp_path / "rules" / "recording.yaml").write_text("changed", encoding="utf-8")
    stale = cli("generate", "--check", "--out", tmp_path)
    assert stale.exit_code == 1
    assert "rules/recording.yaml" in stale.stdout

    assert cli("generate", "--out", tmp_path).exit_code == 0
    assert cli("generate", "--check", "--out", tmp_path).exit_code == 0


def test_only_one_kind(tmp_path: Path) -> None:
    """--only leaves the other kinds alone, and says what kinds there are."""
    cli("generate", "--out", tmp_path)
    (tmp_path / "runbooks" / "README.md").unlink()

    changes = json.loads(cli("generate", "--out", tmp_path, "--only", "rules", "--json").stdout)
    assert changes["created"] == []

    wrong = cli("generate", "--out", tmp_path, "--only", "rule")
    assert wrong.exit_code == 2
    assert wrong.stderr == "error: --only rule: there is no such kind of output\n  help: did you mean 'rules'?\n"


def test_check_of_the_default_declaration() -> None:
    """The catalogue has no findings."""
    done = cli("check")

    assert done.exit_code == 0, done.output
    assert "no findings" in done.stdout


def test_list_and_explain_every_alert() -> None:
    """Each alert of the list can be explained, has a runbook, a receiver for each rule, and test cases."""
    alerts = json.loads(cli("list", "--json").stdout)
    assert len(alerts) > 40

    for row in alerts:
        told = json.loads(cli("explain", row["alert"], "--json").stdout)
        assert told["runbook"] == f"runbooks/{row['alert']}.md"
        assert all(rule["receivers"] for rule in told["rules"])
        assert told["tests"], row["alert"]


def test_explain_in_words() -> None:
    """The condition, the route, the runbook and the tests are named."""
    done = cli("explain", "AsynqQueueWaitHigh")

    assert done.exit_code == 0
    for part in (
        "above 5m",
        "pagerduty",
        "not when the queue is paused",
        "runbooks/AsynqQueueWaitHigh.md",
        "too brief",
    ):
        assert part in done.stdout, part


def test_explain_an_unknown_alert() -> None:
    """The nearest name is offered."""
    done = cli("explain", "AsynqQueueWaitHihg")

    assert done.exit_code == 2
    assert (
        done.stderr == "error: alert 'AsynqQueueWaitHihg' does not exist\n  help: did you mean 'AsynqQueueWaitHigh'?\n"
    )


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        pytest.param(["severity=critical"], ["pagerduty", "slack"], id="critical pages and is written in chat"),
        pytest.param(["severity=warning"], ["slack"], id="warning is written in chat"),
        pytest.param(["severity=none", "alertname=AsynqWatchdog"], ["watchdog"], id="the watchdog has its own"),
    ],
)
def test_route(labels: list[str], receivers: list[str]) -> None:
    """Who would be told, as Alertmanager would decide."""
    assert json.loads(cli("route", *labels, "--json").stdout)["receivers"] == receivers
    assert cli("route", *labels).stdout.split() == receivers


def test_route_with_a_word_that_is_no_label() -> None:
    """It says how a label is written."""
    done = cli("route", "critical")

    assert done.exit_code == 2
    assert "'critical' is not LABEL=VALUE" in done.stderr


def test_init_writes_a_declaration_that_generates(tmp_path: Path) -> None:
    """The starter files work as they are, and a second init overwrites nothing."""
    repo = tmp_path / "orders"
    assert cli("init", repo).exit_code == 0
    assert cli("check", "--config", repo / "monitoring.py").exit_code == 0

    again = cli("init", repo)
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_a_fault_writes_nothing(tmp_path: Path) -> None:
    """Bad input ends with 2, without a traceback, and the files stay as they were."""
    bad = tmp_path / "monitoring.py"
    bad.write_text(SIMPLE.replace("asynq.ALERTS", "asynq.ALERTS.without('Nope')"), encoding="utf-8")

    done = cli("generate", "--config", bad, "--out", tmp_path / "out")

    assert done.exit_code == 2
    assert f"{bad}:2:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_same_bytes_anywhere(tmp_path: Path) -> None:
    """Hash seed, locale, time zone, folder and umask leave no trace in the outputs."""
    trees = []
    for i, env in enumerate(
        (
            {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
            {"PYTHONHASHSEED": "4242", "LC_ALL": "C.UTF-8", "TZ": "Pacific/Auckland"},
        )
    ):
        out = tmp_path / str(i) / "deep" / "er"
        out.mkdir(parents=True)
        command = f"umask {'077' if i else '000'}; exec {sys.executable} -m asynq_mon_codegen generate --out ."
        subprocess.run(["/bin/sh", "-c", command], cwd=out, env=env, check=True, capture_output=True)
        files = sorted(p for p in out.rglob("*") if p.is_file())
        trees.append({str(p.relative_to(out)): (p.read_bytes(), p.stat().st_mode) for p in files})

    assert trees[0] == trees[1]


def test_interrupted() -> None:
    """As shells say it, in a word, and without a traceback."""

    @click.command()
    @told
    def long() -> None:
        raise KeyboardInterrupt

    done = CliRunner().invoke(long)

    assert (done.exit_code, done.output) == (130, "interrupted\n")
