"""The same service level and the same data, watched by Sloth's rules and by ours: `python -m bench.slo.compare`.

Both rule files are evaluated by promtool, which is Prometheus' own engine, minute by minute; the events are
known, so that the truth is computed beside. Sloth is built into .tools, once.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from asynq_mon_codegen import SLO, Monitoring, asynq
from asynq_mon_codegen.generators import rules
from asynq_mon_codegen.plan import resolve
from bench.sloth import spec
from bench.tools import built

OBJECTIVE = 99.9
HOURS = 10
START = 420
"""Minutes until something happens: as long as the longest window of a page."""

Minute = Callable[[int], tuple[float, float]]
"""Tasks and failures in this minute."""


def steady(minute: int) -> tuple[float, float]:
    """10 tasks a second; for an hour 2 % fail: a burn rate of 20."""
    return 600, 12 if START <= minute < START + 60 else 0.12


def slow(minute: int) -> tuple[float, float]:
    """10 tasks a second, of which 0.5 % fail for an hour and a half: a burn rate of 5."""
    return 600, 3 if START <= minute < START + 90 else 0.12


def idle(minute: int) -> tuple[float, float]:
    """The same traffic without failures, with half an hour in which nothing comes."""
    return (0, 0) if START <= minute < START + 30 else (600, 0)


def busy_hour(minute: int) -> tuple[float, float]:
    """An hour with 100 tasks a second of which a tenth fails, then a few an hour and none fails."""
    if minute < 60:
        return 6_000, 600
    return 6, 0


def quiet(minute: int) -> tuple[float, float]:
    """A task every half hour; one of them fails."""
    return (1, 1 if minute == START else 0) if minute % 30 == 0 else (0, 0)


WORLDS: dict[str, Minute] = {"steady": steady, "slow": slow, "idle": idle, "busy-hour": busy_hour, "quiet": quiet}


def series() -> list[dict[str, str]]:
    """Counters as asynq's exporter has them, scraped each minute."""
    out = []
    for queue, minute in WORLDS.items():
        for name, which in (("processed", 0), ("failed", 1)):
            total, values = 0.0, []
            for m in range(HOURS * 60 + 1):
                values.append(f"{total:.10g}")
                total += minute(m)[which]
            labels = f'queue="{queue}", job="asynq-exporter", instance="exporter-1:9876"'
            out.append({"series": f"asynq_tasks_{name}_total{{{labels}}}", "values": " ".join(values)})
    return out


def ours(folder: Path) -> list[str]:
    """Our rule files for one service level that holds for every queue; those that it needs, no others."""
    plan = resolve(Monitoring(alerts=asynq.ALERTS, slos=SLO("tasks-succeed", objective=f"{OBJECTIVE}%")))
    names = []
    for artifact in rules.generate(plan):
        name = Path(artifact.path).name
        if name not in ("recording.yaml", "slo.yaml", "slo_long.yaml"):
            continue
        data = yaml.safe_load(artifact.text)
        if name == "recording.yaml":
            group = data["groups"][0]
            group["rules"] = [r for r in group["rules"] if re.search("(failed|processed):rate5m", r["record"])]
        (folder / name).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        names.append(name)
    return names


def sloths(folder: Path, sloth: Path) -> list[str]:
    """Sloth's rules for the same objective, a service level per queue."""
    data = spec((queue, OBJECTIVE) for queue in WORLDS)
    (folder / "spec.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    command = [str(sloth), "generate", "-i", str(folder / "spec.yaml"), "-o", str(folder / "sloth.yaml")]
    subprocess.run(command, check=True, capture_output=True)
    return ["sloth.yaml"]


def asked(
    promtool: str, folder: Path, files: list[str], exprs: list[tuple[str, int]]
) -> Iterator[tuple[str, int, str]]:
    """What each expression gives at each minute, as promtool prints it: nothing is expected, so all is told."""
    test = {
        "rule_files": files,
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series(),
                "promql_expr_test": [{"expr": expr, "eval_time": f"{m}m", "exp_samples": []} for expr, m in exprs],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", str(folder / "test.yaml")], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    for expr, time, got in re.findall(
        r'expr: "((?:\\.|[^"\\])*)", time: (\w+),\s+exp:\s*nil\s+got:\s*(.*?)(?=\n\s*\n|\n\s*expr|\Z)', said, re.DOTALL
    ):
        hours, minutes = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:0s)?", time).groups()  # type: ignore[union-attr]
        yield expr.replace('\\"', '"'), int(hours or 0) * 60 + int(minutes or 0), got
    if "FAILED" not in said:
        raise SystemExit(f"promtool says nothing of value:\n{said[:2000]}")


def alerts(promtool: str, folder: Path, files: list[str]) -> dict[tuple[str, str], list[int]]:
    """The minutes at which an alert fired, by queue and severity."""
    fired: dict[tuple[str, str], list[int]] = {}
    expr = 'count by (queue, severity) (ALERTS{alertstate="firing"})'
    for _, minute, got in asked(promtool, folder, files, [(expr, m) for m in range(START - 10, HOURS * 60, 1)]):
        for labels in re.findall(r"\{([^}]*)\}", got):
            found = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            fired.setdefault((found["queue"], found["severity"]), []).append(minute)
    return fired


def value(promtool: str, folder: Path, files: list[str], expr: str) -> str:
    """One value at the end of the ten hours."""
    for _, _, got in asked(promtool, folder, files, [(expr, HOURS * 60 - 1)]):
        return got.split()[-1]
    return "nothing"


def rule_count(folder: Path, files: list[str]) -> tuple[int, int]:
    """Recording and alerting rules."""
    found = [r for f in files for g in yaml.safe_load((folder / f).read_text("utf-8"))["groups"] for r in g["rules"]]
    return sum("record" in r for r in found), sum("alert" in r for r in found)


def span(minutes: list[int] | None) -> str:
    """From when to when, in minutes since the fault began."""
    if not minutes:
        return "silent"
    return f"{minutes[0] - START:+d} to {minutes[-1] - START:+d} min"


def main() -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--promtool", default=os.environ.get("PROMTOOL", "promtool"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine, theirs = ours(folder), sloths(folder, built("sloth"))
        fired = {who: alerts(args.promtool, folder, files) for who, files in (("ours", mine), ("sloth", theirs))}
        print("| queue | severity | Sloth | asynq-mon |\n|---|---|---|---|")
        for queue in WORLDS:
            for severity in ("critical", "warning"):
                cells = (span(fired[who].get((queue, severity))) for who in ("sloth", "ours"))
                print(f"| {queue} | {severity} | {' | '.join(cells)} |")
        print("\n| error ratio of the window | truth | Sloth | asynq-mon |\n|---|---|---|---|")
        for queue in ("busy-hour", "idle", "steady"):
            events = [WORLDS[queue](m) for m in range(HOURS * 60)]
            truth = sum(e for _, e in events) / sum(t for t, _ in events)
            by_sloth = value(args.promtool, folder, theirs, f'slo:sli_error:ratio_rate30d{{sloth_slo="{queue}"}}')
            left = f'slo_queue_task_type:asynq_slo_budget:remaining_ratio{{queue="{queue}"}}'
            by_us = value(args.promtool, folder, mine, f"(1 - {left}) * {1 - OBJECTIVE / 100:.6g}")
            cells = [f"{100 * float(x):.3f} %" if re.match(r"-?[\d.]", x) else x for x in (by_sloth, by_us)]
            print(f"| {queue} | {100 * truth:.3f} % | {' | '.join(cells)} |")
        print(f"\n| for {len(WORLDS)} queues | Sloth | asynq-mon |\n|---|---|---|")
        counts = [rule_count(folder, f) for f in (theirs, [n for n in mine if n != "recording.yaml"])]
        for kind, (theirs_, ours_) in zip(("recording", "alerting"), zip(*counts, strict=True), strict=True):
            print(f"| {kind} rules | {theirs_} | {ours_} |")
        made = 'count({__name__=~"slo:.*|sloth.*|slo_.*"})'
        cells = [f"{float(value(args.promtool, folder, f, made)) / len(WORLDS):g}" for f in (theirs, mine)]
        print(f"| series per queue and service level | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
