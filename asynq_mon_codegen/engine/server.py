"""A Prometheus of its own over a folder of blocks: it scrapes nothing and answers on the loopback interface."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asynq_mon_codegen.engine.programs import EngineError, start
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["serving"]

_HOST = "127.0.0.1"
_READY_WITHIN = 120.0
_ATTEMPTS = 3
_SLOWEST_QUERY = 600
_TAIL = 1000


@contextmanager
def serving(data: Path, *, step: float = 60.0, lookback: float = 300.0) -> Iterator[Prometheus]:
    """A connection to a Prometheus whose storage is ``data``, up while the block lasts; its log lies beside.

    ``step`` is in seconds: how far apart a subquery looks that does not say it. ``lookback`` too: for how long the
    last sample of a series counts.

    Raises:
        EngineError: it does not start.
        UsageError: Prometheus is not installed.
    """
    process, port = _started(data, step, lookback)
    try:
        with Prometheus(f"http://{_HOST}:{port}", timeout=float(_SLOWEST_QUERY)) as connection:
            yield connection
    finally:
        process.terminate()
        process.wait()


def _started(data: Path, step: float, lookback: float) -> tuple[subprocess.Popen[bytes], int]:
    data.mkdir(parents=True, exist_ok=True)
    log, config = data.parent / "prometheus.log", data.parent / "prometheus.yaml"
    config.write_text(f"global: {{evaluation_interval: {round(step * 1000)}ms}}\n", encoding="utf-8")
    for _ in range(_ATTEMPTS):
        port = _free_port()
        flags = {
            "config.file": config,
            "storage.tsdb.path": data,
            "storage.tsdb.retention.time": "100y",
            # of equal length: blocks stay as they were written
            "storage.tsdb.min-block-duration": "2h",
            "storage.tsdb.max-block-duration": "2h",
            "query.lookback-delta": f"{round(lookback * 1000)}ms",
            "query.timeout": f"{_SLOWEST_QUERY}s",
            "web.listen-address": f"{_HOST}:{port}",
            "log.level": "error",
        }
        log.unlink(missing_ok=True)
        process = start("prometheus", flags, log)
        if _ready(process, port):
            return process, port
        process.kill()
        process.wait()
        said = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        if "address already in use" not in said:
            raise EngineError(f"Prometheus did not start over {data}: {' '.join(said.split())}")
    raise EngineError("Prometheus found no free port")


def _ready(process: subprocess.Popen[bytes], port: int) -> bool:
    import httpx  # late: only commands that look at history need it

    deadline = time.monotonic() + _READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"http://{_HOST}:{port}/-/ready", timeout=2.0).is_success:
                return process.poll() is None
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
