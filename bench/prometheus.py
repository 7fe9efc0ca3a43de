"""A Prometheus of its own for a measurement, as it is by default: all cores, no settings beyond the configuration."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lab.processes import HOST, Ports, answers, flags, until

__all__ = ["PROMETHEUS", "PROMTOOL", "QueryError", "ask", "prometheus"]

PROMETHEUS = os.environ.get("PROMETHEUS", "prometheus")
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
_TAIL = 2000


class QueryError(Exception):
    """Prometheus refused a query; the text says why."""


@contextmanager
def prometheus(
    folder: Path, config: Mapping[str, Any], *, scraped: bool = False, retention: str = "15d"
) -> Iterator[str]:
    """The URL of a Prometheus that is ready, with its configuration, data and log in ``folder``.

    ``scraped`` adds a job ``prometheus`` that scrapes it itself; what is older than ``retention`` is deleted.
    """
    ports = Ports()
    port = ports.take()
    own = {"job_name": "prometheus", "static_configs": [{"targets": [f"{HOST}:{port}"]}]}
    jobs = [*config.get("scrape_configs", ()), *([own] if scraped else [])]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({**config, "scrape_configs": jobs}), encoding="utf-8")
    given = {
        "config.file": folder / "prometheus.yaml",
        "storage.tsdb.path": folder / "data",
        "storage.tsdb.retention.time": retention,
        "web.listen-address": f"{HOST}:{port}",
    }
    url, log_file = f"http://{HOST}:{port}", folder / "prometheus.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen((PROMETHEUS, *flags(given)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(f"Prometheus ended: {log_file.read_text()[-_TAIL:]}")
        return answers(f"{url}/-/ready")

    try:
        until(ready, lambda: f"Prometheus is not ready: {log_file.read_text()[-_TAIL:]}", within=120)
        yield url
        if process.poll() is not None:
            raise SystemExit(f"Prometheus ended: {log_file.read_text()[-_TAIL:]}")
    finally:
        process.terminate()
        process.wait()
        ports.close()


def ask(url: str, path: str, **parameters: str | float) -> Any:
    """The ``data`` of an answer of the HTTP API.

    Raises:
        QueryError: the query is wrong or asks for too much.
    """
    body = urllib.parse.urlencode(parameters).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", body) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise QueryError(json.load(error).get("error", str(error))) from None
