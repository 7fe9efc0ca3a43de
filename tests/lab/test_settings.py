"""The files of a lab, without starting one: what is generated, at which pace, for which receivers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.fleet import Shape
from lab.processes import LabError, Ports, Process
from lab.programs import merged
from lab.settings import GENERATED, Pace, Settings
from lab.sinks import INHIBITED, UNINHIBITED, Sinks
from lab.tools import program


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The written files of a lab that is twenty times faster."""
    ports = Ports()
    sinks = Sinks(ports)
    written = Settings(tmp_path_factory.mktemp("lab"), 20, sinks)
    written.write(("127.0.0.1:1", "127.0.0.1:2"))
    written.write_targets({"asynq-worker": ["127.0.0.1:3", "127.0.0.1:4"]})
    yield written
    sinks.stop()
    ports.close()


def _config(settings: Settings, which: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(settings.alertmanager(which).read_text(encoding="utf-8"))
    return config


def test_prometheus(settings: Settings) -> None:
    """Prometheus keeps the pace of the lab, reads the generated rules and tells both Alertmanagers."""
    config = yaml.safe_load(settings.prometheus.read_text(encoding="utf-8"))

    assert config["global"] == {"scrape_interval": "750ms", "scrape_timeout": "500ms", "evaluation_interval": "1500ms"}
    assert config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["127.0.0.1:1", "127.0.0.1:2"]
    assert list((settings.folder / GENERATED / "rules").glob("*.yaml"))
    targets = json.loads((settings.folder / "targets.json").read_text(encoding="utf-8"))
    assert targets == [{"targets": ["127.0.0.1:3", "127.0.0.1:4"], "labels": {"job": "asynq-worker"}}]


def test_promtool_and_amtool_accept_them(settings: Settings) -> None:
    """The configurations are valid where they are started from."""
    checks = (
        ["promtool", "check", "config", str(settings.prometheus)],
        ["amtool", "check-config", *(str(settings.alertmanager(which)) for which in (INHIBITED, UNINHIBITED))],
    )
    for command in checks:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_two_alertmanagers(settings: Settings) -> None:
    """The second differs from the first in its inhibit rules and in where it sends, and in nothing else."""
    first, second = (_config(settings, which) for which in (INHIBITED, UNINHIBITED))

    assert first.pop("inhibit_rules")
    assert "inhibit_rules" not in second
    moved = (
        json.dumps(first).replace(f"/{INHIBITED}/", f"/{UNINHIBITED}/").replace(f'"{INHIBITED}@', f'"{UNINHIBITED}@')
    )
    assert json.loads(moved.replace(f"slack-{INHIBITED}", f"slack-{UNINHIBITED}")) == second


def test_receivers_are_the_sinks(settings: Settings) -> None:
    """Slack's address is in a file, PagerDuty's in the one line that the DSL has no word for, the rest is declared."""
    config = _config(settings, INHIBITED)
    by_name = {r["name"]: r for r in config["receivers"]}
    [slack] = by_name["slack"]["slack_configs"]
    [mail] = by_name["email"]["email_configs"]

    url = Path(slack["api_url_file"]).read_text(encoding="utf-8")
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/inhibited/slack\n")
    assert config["global"]["pagerduty_url"].endswith("/inhibited/pagerduty")
    assert (mail["require_tls"], mail["smarthost"].partition(":")[0]) == (False, "127.0.0.1")
    assert by_name["watchdog"]["webhook_configs"][0]["url"].endswith("/inhibited/webhook")


def test_links_have_files(settings: Settings) -> None:
    """The runbooks that the rules link to are among the files."""
    generated = settings.folder / GENERATED
    linked = {
        rule["annotations"]["runbook_url"].removeprefix("https://lab.example/")
        for path in (generated / "rules").glob("*.yaml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert linked
    assert [path for path in linked if not (generated / path).exists()] == []


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        pytest.param(1, "300000ms", id="as fast as production"),
        pytest.param(20, "15000ms", id="twenty times faster"),
        pytest.param(1_000_000, "1ms", id="never nothing"),
    ],
)
def test_pace(factor: int, text: str) -> None:
    """A length of time is divided by the factor."""
    assert Pace(factor).ms(300_000) == text


@pytest.mark.parametrize(
    ("old", "new", "out"),
    [
        pytest.param({}, {"error_rate": 1}, {"error_rate": 1}, id="a first value"),
        pytest.param({"error_rate": {"a": 1}}, {"error_rate": 0}, {"error_rate": 0}, id="a bare value is for all"),
        pytest.param(
            {"error_rate": 0.5}, {"error_rate": {"a": 1}}, {"error_rate": {"*": 0.5, "a": 1}}, id="one type after all"
        ),
        pytest.param(
            {"rates": {"q": {"a": 1, "b": 2}}},
            {"rates": {"q": {"a": 3}, "r": {"c": 4}}},
            {"rates": {"q": {"a": 3, "b": 2}, "r": {"c": 4}}},
            id="streams that are not named go on",
        ),
    ],
)
def test_knobs_merge(old: dict[str, Any], new: dict[str, Any], out: dict[str, Any]) -> None:
    """Knobs are merged the way the programs merge them, so that they are the same after a restart."""
    assert merged(old, new) == out


def test_shape() -> None:
    """Shapes are values; the normal one has the normal queues, and no two share a mapping."""
    assert Shape() == Shape(workers=2, concurrency=10, exporters=1, producer=True)
    assert Shape().queues == {"critical": 6, "default": 3, "low": 1}
    assert Shape().queues is not Shape().queues


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no Redis is told how to get it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="apt-get install redis-tools"):
        program("redis-cli")


def test_a_program_that_ends_shows_its_log(tmp_path: Path) -> None:
    """A failing start says which program failed and what it last wrote."""
    process = Process("broken", ("sh", "-c", "echo no such option; exit 3"), tmp_path, port=1)
    with pytest.raises(LabError, match=r"(?s)broken ended at its start.*no such option"):
        process.start()
    assert not process.running
