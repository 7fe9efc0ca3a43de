"""Measure generation and the rule tests: `make bench`.

Whole processes, medians of several runs, peak resident memory. The yardstick in the same run is the
start of the interpreter with the libraries that generation needs (what no generator in Python can
beat), and promtool's own time for the generated tests.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3


def measured(command: Sequence[str | Path], cwd: Path) -> tuple[float, float]:
    """Median seconds and peak MiB of a whole process."""
    seconds, peak = [], 0.0
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command}: exit code {process.returncode}")
        seconds.append(time.perf_counter() - begun)
        peak = max(peak, usage.ru_maxrss / 1024)
    return statistics.median(seconds[1:]), peak


def main() -> None:
    """Print the table."""
    python = sys.executable
    generate = [python, "-m", "asynq_mon_codegen", "generate"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        libraries = "import attrs, click, grafanalib.core, jinja2, promql_parser, yaml"
        base = measured([python, "-c", libraries], out)
        rows = [("start of the libraries (yardstick)", base)]
        rows.append(("generate, nothing changed", measured([*generate, "--out", out / "default"], out)))
        rows.append(("generate --check", measured([*generate, "--check", "--out", out / "default"], out)))
        rows += [
            (f"generate {example.name}", measured([*generate, "-c", example, "--out", out / example.stem], out))
            for example in sorted((ROOT / "examples").glob("*.py"))
        ]
        tests = sorted((out / "default" / "rules" / "tests").glob("*.yaml"))
        rows.append(
            (
                "promtool test rules, all files",
                measured([os.environ.get("PROMTOOL", "promtool"), "test", "rules", *tests], out),
            )
        )
    print(f"{'':38} {'seconds':>8} {'ratio':>7} {'peak MiB':>9}")
    for name, (seconds, peak) in rows:
        print(f"{name:38} {seconds:8.3f} {seconds / base[0]:6.1f}x {peak:9.0f}")


if __name__ == "__main__":
    main()
