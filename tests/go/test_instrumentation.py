"""The Go package, compiled and run against a real asynq and a real Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from asynq_mon_codegen import Above, Monitoring, Queue, TaskType, asynq
from asynq_mon_codegen.generators import instrumentation
from asynq_mon_codegen.plan import resolve

LAB = Path(__file__).resolve().parents[2] / "lab"
OTEL = "go.opentelemetry.io/otel/trace@v1.38.0"

pytestmark = [pytest.mark.go, pytest.mark.slow]

HOSTILE = (
    'a"b\\',
    "`",
    "*/ //",
    "{{ .x }}",
    "${x} $(y) %s",
    "new\nline\ttab",
    "\ufeffbom",
    "größe☂",
    "\U0001f600",
    "other",
)


def go(folder: Path, *args: str, timeout: float = 600) -> str:
    """What a command of Go says; it must end with 0."""
    if shutil.which("go") is None or shutil.which("gofmt") is None:
        pytest.fail("these tests need Go 1.24 or newer on the PATH (apt-get install golang, or https://go.dev/dl/)")
    if shutil.which("redis-server") is None and not os.environ.get("REDIS_ADDR"):
        pytest.fail("these tests need redis-server on the PATH (apt-get install redis-server), or REDIS_ADDR")
    done = subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{' '.join(args)}\n{done.stdout}{done.stderr}"
    return done.stdout


def module(folder: Path, monitoring: Monitoring, package: str, *, otel: bool) -> Path:
    """A Go module with the package in it, and with the lab's versions of what it imports."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(LAB / name, folder / name)
    target = folder / package
    target.mkdir()
    for artifact in instrumentation.generate(resolve(monitoring), package, otel=otel):
        (target / artifact.path).write_text(artifact.text, encoding="utf-8")
    return target


def test_lab() -> None:
    """The lab's Go is formatted, vetted, and its tests pass with the race detector."""
    assert go(LAB, "gofmt", "-l", ".") == ""
    go(LAB, "go", "vet", "./...")
    go(LAB, "go", "test", "-race", "-count=1", "./instrumentation/...")


def test_hostile_declaration(tmp_path: Path) -> None:
    """Names that mean something to Go, to Jinja or to nobody are data; the package of them passes its tests."""
    monitoring = Monitoring(
        queues=tuple(Queue(name, thresholds={asynq.TASK_DURATION_HIGH: Above(warning="1ms")}) for name in HOSTILE),
        task_types=tuple(TaskType(name, every="1m") for name in HOSTILE),
        alerts=asynq.ALERTS,
    )
    package = module(tmp_path, monitoring, "hostile", otel=True)

    assert go(package, "gofmt", "-l", ".") == ""
    go(tmp_path, "go", "get", OTEL)
    go(tmp_path, "go", "vet", "./...")
    go(tmp_path, "go", "test", "-race", "-count=1", "./...")


def test_empty_declaration(tmp_path: Path) -> None:
    """Nothing declared is a package, too; its tests pass where they depend on the declaration."""
    package = module(tmp_path, Monitoring(alerts=asynq.ALERTS), "empty", otel=False)

    assert go(package, "gofmt", "-l", ".") == ""
    go(tmp_path, "go", "vet", "./...")
    go(tmp_path, "go", "test", "-race", "-count=1", "-run", "Declared|Folded|Buckets|Lint|Registration", "./...")
