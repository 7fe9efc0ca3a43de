"""A system that is as declared: nothing is found but notes, and the exit code is 0."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asynq_mon_codegen.cli import main
from asynq_mon_codegen.doctor.finding import Level
from asynq_mon_codegen.doctor.registry import EXAMINATIONS, examine
from tests.doctor.conftest import Look
from tests.doctor.servers import System, Web

pytestmark = pytest.mark.e2e


def test_nothing_is_found(look: Look) -> None:
    """Notes only: what is optional and not there."""
    diagnosis = examine(look())
    worse = [f"{name}: {f.what} {f.where}" for name, f in diagnosis.findings if f.level <= Level.WARNING]

    assert worse == [], "\n".join(worse)
    assert diagnosis.failed == ()
    assert all(finding.fix for _, finding in diagnosis.findings if finding.level is Level.NOTE)


def doctor(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["doctor", "--retries", "0", *arguments])


@pytest.fixture
def declaration(tmp_path: Path, healthy: System) -> Path:
    """The declaration of the healthy system as a file."""
    path = tmp_path / "monitoring.py"
    path.write_text(
        "from asynq_mon_codegen import Monitoring, Queue, Receiver, Scrape, Severity, asynq\n"
        f"to = lambda s: Receiver.webhook(f'hook-{{s.value}}', url=f'{healthy.hook.url}/{{s.value}}')\n"
        "monitoring = Monitoring(service='shop', evaluation_interval='1s', instrumentation=True,\n"
        "    scrape=Scrape(interval='1s', timeout='1s'), queues=[Queue('mail'), Queue('orders')],\n"
        "    alerts=asynq.ALERTS, receivers={s: (to(s),) for s in Severity})\n"
    )
    return path


def test_the_command(healthy: System, declaration: Path) -> None:
    """Exit code 0, no line about what is well but the count."""
    servers = ("--prometheus", healthy.prometheus, "--alertmanager", healthy.alertmanager)
    done = doctor("-c", str(declaration), *servers, "--fail-on", "warning")

    assert done.exit_code == 0, done.output
    assert "error" not in done.output
    assert "21 examinations: " in done.output
    assert "  fix: " in done.output


def test_json(healthy: System, declaration: Path) -> None:
    """The same as data."""
    done = doctor("-c", str(declaration), "--prometheus", healthy.prometheus, "--json")
    data = json.loads(done.stdout)

    assert done.exit_code == 0
    assert data["healthy"] is True
    assert data["counts"]["error"] == data["counts"]["warning"] == 0
    assert data["counts"]["note"] == sum(f["level"] == "note" for f in data["findings"])
    assert {f["examination"] for f in data["findings"]} <= set(EXAMINATIONS)


def test_findings_end_with_1(broken: str, declaration: Path) -> None:
    """The worst comes first; each has its fix."""
    done = doctor("-c", str(declaration), "--prometheus", broken)
    shown = [line.partition(":")[0] for line in done.output.splitlines() if not line.startswith(" ")][:-1]

    assert done.exit_code == 1
    assert shown == sorted(shown, key=["error", "warning", "note", "unseen"].index)
    assert done.output.count("error: ") > 3


def test_warnings_end_with_0_unless_they_shall_not(healthy: System, declaration: Path) -> None:
    """``--fail-on``."""
    text = declaration.read_text().replace("Queue('orders')]", "Queue('orders')], links=Links(grafana='https://g')")
    declaration.write_text(text.replace("Monitoring, Queue", "Links, Monitoring, Queue"))
    arguments = ("-c", str(declaration), "--prometheus", healthy.prometheus)

    assert doctor(*arguments).exit_code == 0
    assert doctor(*arguments, "--fail-on", "warning").exit_code == 1
    assert "annotation dashboard_url" in doctor(*arguments).output


def test_nobody_answers(declaration: Path) -> None:
    """Exit code 2 and one sentence."""
    done = doctor("-c", str(declaration), "--prometheus", "http://127.0.0.1:1")

    assert done.exit_code == 2
    assert done.output.startswith("error: http://127.0.0.1:1: no answer")


def test_an_alertmanager_that_does_not_answer(healthy: System, declaration: Path) -> None:
    """What could be examined is, and the exit code says that it was not all."""
    servers = ("--prometheus", healthy.prometheus, "--alertmanager", "http://127.0.0.1:1")
    done = doctor("-c", str(declaration), *servers)

    assert done.exit_code == 2
    assert done.output.count("unseen: http://127.0.0.1:1: no answer") == 1, done.output
    assert "note: nothing is scraped of Redis" in done.output


def test_notify_needs_an_alertmanager(healthy: System, declaration: Path) -> None:
    """It is said before anything is done."""
    done = doctor("-c", str(declaration), "--prometheus", healthy.prometheus, "--notify", "critical")

    assert done.exit_code == 2
    assert "--notify needs an Alertmanager" in done.output


@pytest.mark.parametrize("lacking", [(404, "404 page not found"), (405, "no"), (501, "not here")])
def test_a_server_with_queries_only(declaration: Path, lacking: tuple[int, str]) -> None:
    """VictoriaMetrics and others lack endpoints: what could not be looked at is said, there is no traceback."""
    empty = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
    none = json.dumps({"status": "success", "data": []})

    def answer(path: str) -> tuple[int, str]:
        if path.startswith(("/api/v1/label", "/api/v1/series")):
            return 200, none
        if "time%28%29" in path:
            return 200, json.dumps(
                {"status": "success", "data": {"resultType": "scalar", "result": [time.time(), str(time.time())]}}
            )
        return (200, empty) if path.startswith("/api/v1/query") else lacking

    web = Web(answer)
    done = doctor("-c", str(declaration), "--prometheus", web.url)
    web.stop()

    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    for what in ("rules: ", "types of metrics: ", "scrape timeouts: ", "how far back", "the server's version: "):
        assert f"unseen: {what}" in done.output
