"""A VictoriaMetrics on the loopback interface, and the samples of a Prometheus for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from asynq_mon_codegen.engine.blocks import lines_of, series_text
from lab.processes import HOST, Ports, Process, flags, stop_all

__all__ = ["copied", "victoria_metrics"]

_BUILT = Path(__file__).parents[2] / ".tools" / "bin" / "victoria-metrics"
PROGRAM = os.environ.get("VICTORIA_METRICS") or str(_BUILT)


@contextmanager
def victoria_metrics(folder: Path, **more: object) -> Iterator[str]:
    """The URL of an empty one, as it is by default but that it forgets nothing; ``more`` are flags."""
    assert Path(PROGRAM).exists(), f"{PROGRAM} is not there: scripts/newest.sh builds it"
    ports = Ports()
    port = ports.take()
    given = {
        "storageDataPath": folder / "victoria-metrics",
        "httpListenAddr": f"{HOST}:{port}",
        "retentionPeriod": "100y",
        **more,
    }
    server = Process("victoria-metrics", (PROGRAM, *flags(given, "-")), folder, port=port, ready="/health")
    try:
        server.start()
        yield server.url
    finally:
        stop_all([server])
        ports.close()


def copied(source: str, target: str, start: float, end: float) -> None:
    """Import every sample that a Prometheus has between these Unix seconds into a VictoriaMetrics."""
    with httpx.Client(timeout=60.0) as client:
        names = client.get(f"{source}/api/v1/label/__name__/values").raise_for_status().json()["data"]
        for name in names:
            # the samples themselves, as no range query gives them
            asked = {"query": f"{name}[{round(end - start)}s]", "time": str(end)}
            found = client.get(f"{source}/api/v1/query", params=asked).raise_for_status().json()["data"]["result"]
            text = "".join(lines_of(series_text(name, one["metric"]), one["values"]) for one in found)
            client.post(f"{target}/api/v1/import/prometheus", content=text.encode()).raise_for_status()
        # what was just written is not found otherwise
        client.get(f"{target}/internal/force_flush").raise_for_status()
        client.get(f"{target}/internal/resetRollupResultCache").raise_for_status()
