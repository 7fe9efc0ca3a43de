"""Time and memory of whole processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

__all__ = ["Usage", "measured"]


@frozen
class Usage:
    """Seconds on the wall, seconds of processors, and peak resident memory in MiB."""

    seconds: float
    processor: float
    mebibytes: float


def measured(command: Sequence[str | Path], cwd: Path, *, runs: int = 5, warm: bool = True) -> Usage:
    """The median times and the highest memory of so many runs, unless told otherwise after one that warms caches up.

    Raises:
        SystemExit: the command failed; with what it wrote.
    """
    found = [_once([str(c) for c in command], cwd) for _ in range(runs + warm)][warm:]
    return Usage(
        statistics.median(u.seconds for u in found),
        statistics.median(u.processor for u in found),
        max(u.mebibytes for u in found),
    )


def _once(command: list[str], cwd: Path) -> Usage:
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stderr:
        process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{told.decode(errors='replace')}")
    return Usage(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
