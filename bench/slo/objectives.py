"""What an objective costs as a constant of the budget and as a series that is joined: `python -m bench.slo.objectives`.

The rules of pages for 1,000 queues, evaluated 121 times by promtool; CPU seconds, the middle of three runs.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

QUEUES, MINUTES = 1_000, 120
Rules = list[dict[str, str]]


def counters() -> list[dict[str, str]]:
    """The recorded rates of healthy queues."""
    return [
        {"series": f'queue:asynq_tasks_{name}:rate5m{{queue="q{i}"}}', "values": f"{value}x{MINUTES + 10}"}
        for i in range(QUEUES)
        for name, value in (("processed", "10"), ("failed", "0.001"))
    ]


def base(name: str, expr: str) -> dict[str, str]:
    """One series of a service level."""
    return {"record": f"s:{name}:rate5m", "expr": f'label_replace({expr}, "slo", "s", "", "")'}


def sums(allowed: str) -> Rules:
    """Counts over the two long windows."""
    return [
        {"record": f"s:{name}:sum{window}", "expr": f"sum_over_time(s:{name}:rate5m[{window}]) * 60"}
        for window in ("1h", "6h")
        for name in ("errors", allowed)
    ]


def alert(allowed: str, level: str) -> dict[str, str]:
    """Both pairs of windows; ``level`` is what follows a burn rate, with the factor in braces."""
    half = f"sum_over_time(s:errors:rate5m[30m]) / sum_over_time(s:{allowed}:rate5m[30m])"
    pairs = (("1h", f"s:errors:rate5m / s:{allowed}:rate5m", 14.4), ("6h", half, 6))
    parts = [
        f"s:errors:sum{window} / s:{allowed}:sum{window} {level.format(factor)} and {short} {level.format(factor)} "
        f"and s:errors:sum{window} >= 10"
        for window, short, factor in pairs
    ]
    return {"alert": "Burn", "expr": " or ".join(parts)}


ERRORS = base("errors", "queue:asynq_tasks_failed:rate5m")
WAYS: dict[str, Rules] = {
    "neither": [ERRORS],
    "constant in the budget": [
        ERRORS,
        base("budget", "queue:asynq_tasks_processed:rate5m * 0.001"),
        *sums("budget"),
        alert("budget", "> {}"),
    ],
    "series joined": [
        ERRORS,
        base("total", "queue:asynq_tasks_processed:rate5m"),
        {"record": "s:objective:ratio", "expr": "s:total:rate5m * 0 + 0.999"},
        *sums("total"),
        alert("total", "> on (slo, queue) group_left () ({} * (1 - s:objective:ratio))"),
    ],
}


def cpu(folder: Path, rules: Rules) -> float:
    """CPU seconds of promtool."""
    test: dict[str, Any] = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": counters(),
                "alert_rule_test": [{"eval_time": f"{MINUTES}m", "alertname": "Burn", "exp_alerts": []}],
            }
        ],
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    (folder / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["promtool", "test", "rules", str(folder / "test.yaml")], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table."""
    print("| objective | CPU seconds | a cycle |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for way, rules in WAYS.items():
            seconds = statistics.median(cpu(Path(name), rules) for _ in range(3))
            print(f"| {way} | {seconds:.1f} | {1000 * seconds / (MINUTES + 1):.0f} ms |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
