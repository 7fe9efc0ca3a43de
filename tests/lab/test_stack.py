"""A real lab: all of it comes up, breaks where it is told to, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from lab.processes import HOST
from lab.stack import Lab, Shape

pytestmark = [pytest.mark.lab, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PROGRAMS = 10
"""Redis, two workers, producer, exporter, redis_exporter, node_exporter, Prometheus and two Alertmanagers."""


def _until(done: Callable[[], object], what: str, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)


def _value(lab: Lab, expr: str) -> float:
    found = lab.prometheus.query(expr)
    return float(found[0]["value"][1]) if found else 0.0


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # dead, and its parent has not asked yet


def _free(ports: Iterable[int]) -> bool:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True


def test_a_lab(tmp_path: Path) -> None:
    """Targets are up, tasks flow, knobs and kills work, the watchdog arrives, and in the end nothing is left."""
    with Lab(tmp_path, shape=Shape(scheduler=False)) as lab:
        assert len(lab.prometheus.query("up == 1")) == PROGRAMS - 2  # neither Redis nor the second Alertmanager
        _tasks_flow(lab)
        _knobs_turn(lab)
        _workers_die_and_come_back(lab)
        _redis_dies_and_comes_back(lab)
        _until(
            lambda: {m.inhibited for m in lab.messages if m.title == "AsynqWatchdog"} == {True, False},
            "the watchdog, from both Alertmanagers",
        )
        assert [a for a in lab.alertmanager.alerts() if a["labels"]["alertname"] == "AsynqWatchdog"]
        pids, ports = lab.pids, [port for _, port in lab.addresses]

    assert len(pids) == PROGRAMS + 3
    assert [pid for pid in pids if _alive(pid)] == []
    assert _free(ports)


def _tasks_flow(lab: Lab) -> None:
    succeeded = 'sum(asynq_task_outcomes_total{outcome="succeeded", task_type="order:pay"})'
    _until(lambda: _value(lab, succeeded) > 10, "succeeded tasks")
    assert lab.producer.burst("low", "report:build", 50) == 50
    _until(lambda: _value(lab, 'max(asynq_tasks_processed_total{queue="low"})') >= 50, "the burst")
    lab.producer.start_scheduler()
    _until(lambda: _value(lab, 'sum(asynq_task_outcomes_total{task_type="report:tick"})') > 0, "the periodic task")
    lab.pause("critical")
    _until(lambda: _value(lab, 'max(asynq_queue_paused_total{queue="critical"})') == 1, "the pause")
    lab.unpause("critical")


def _knobs_turn(lab: Lab) -> None:
    for worker in lab.workers:
        worker.set(error_rate={"email:send": 1.0})
    retried = 'sum(asynq_task_outcomes_total{{outcome="retried", task_type="{}"}})'
    _until(lambda: _value(lab, retried.format("email:send")) > 5, "errors of email:send")
    assert _value(lab, retried.format("order:pay")) == 0
    for worker in lab.workers:
        worker.set(error_rate=0)


def _workers_die_and_come_back(lab: Lab) -> None:
    worker = lab.workers[0]
    worker.kill()
    assert not worker.running
    _until(lambda: _value(lab, 'sum(up{job="asynq-worker"})') == 1, "one worker down")
    worker.restart(concurrency=3, strict=True)
    _until(lambda: _value(lab, 'sum(up{job="asynq-worker"})') == 2, "both workers up")
    assert ("-concurrency=3" in worker.command, "-strict=true" in worker.command) == (True, True)
    worker.freeze()
    assert worker.running
    worker.thaw()
    added = lab.add_worker(queues={"low": 1})
    _until(lambda: _value(lab, 'sum(up{job="asynq-worker"})') == 3, "the worker that was added")
    added.terminate()
    assert not added.running


def _redis_dies_and_comes_back(lab: Lab) -> None:
    before = int(lab.redis.cli("GET", "asynq:{critical}:processed"))
    assert before > 0
    lab.redis.kill()
    _until(lambda: _value(lab, "max(redis_up)") == 0, "redis_up is 0")
    lab.redis.start()
    _until(lambda: _value(lab, "max(redis_up)") == 1, "redis_up is 1")
    assert int(lab.redis.cli("GET", "asynq:{critical}:processed")) >= before


@pytest.mark.parametrize(
    ("number", "when", "code"),
    [
        pytest.param(signal.SIGKILL, "started", -signal.SIGKILL, id="killed when it runs"),
        pytest.param(signal.SIGTERM, "starting", 128 + signal.SIGTERM, id="asked to end while it starts"),
    ],
)
def test_nothing_outlives_a_lab(tmp_path: Path, number: signal.Signals, when: str, code: int) -> None:
    """However the lab's own process ends, its programs end too."""
    command = [sys.executable, "-m", "lab.stack", "--seconds", "60", "--folder", str(tmp_path)]
    with (tmp_path / "out").open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as lab:
        children = Path(f"/proc/{lab.pid}/task/{lab.pid}/children")
        _until(lambda: len(children.read_text().split()) == PROGRAMS, "all programs run", 60)
        _until(lambda: when == "starting" or (tmp_path / "out").stat().st_size, "the lab says that it runs", 60)
        pids = [int(pid) for pid in children.read_text().split()]
        os.kill(lab.pid, number)
        assert lab.wait(20) == code, (tmp_path / "out").read_text()
    _until(lambda: not any(map(_alive, pids)), "all programs have ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_a_run_takes_its_labs_with_it(number: signal.Signals, tmp_path: Path) -> None:
    """Whoever plays several scenarios can be interrupted or killed; nothing of its labs goes on."""
    command = [sys.executable, "-m", "lab", "run", "fault_redis_stopped", "--no-write", "--keep", str(tmp_path)]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: len(_commands_with(str(tmp_path))) >= 5, "the lab starts", within=60)
        child.send_signal(number)
        child.wait(20)
        _until(lambda: not _commands_with(str(tmp_path)), "everything has ended")
    finally:
        child.kill()
        child.wait()


def _commands_with(text: str) -> list[str]:
    """The command lines of running processes, zombies aside, that have this text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in command:
                found.append(command)
    return found
