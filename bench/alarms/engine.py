"""Learnt levels as Prometheus computes them: promtool evaluates the generated rules hour by hour over the weeks.

promtool can replay rules over a given history, which `tsdb create-blocks-from rules` cannot where a rule reads
its own past. It has no output but the difference to what a test expects, so the test expects nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from asynq_mon_codegen.artifact import yaml_text
from asynq_mon_codegen.generators import rules
from asynq_mon_codegen.model import Above, Alert, Alerts, Band, Below, Monitoring, Queue, Runbook, Signal, Threat, Unit
from asynq_mon_codegen.model.queues import BatchWindow
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.promql import Record, number
from bench.alarms.traffic import STEP, WEEK, WEEKS, QueueLife

__all__ = ["RISING", "Levels", "levels"]

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
RISING = {"arrivals": True, "throughput": False, "wait": True, "failures": True}
PER_HOUR = 3_600 // STEP
HOURS = WEEKS * WEEK // PER_HOUR

Levels = dict[str, dict[str, list[float | None]]]
"""By signal and ending (``usual``, ``mean``, ``sigma``): one list per queue is kept under ``signal/ending``."""

_SAMPLE = re.compile(r'\{[^}]*queue="([^"]+)"[^}]*\} (\S+?)(?:,|$)')


def _monitoring(queues: Sequence[QueueLife], *, batch: bool) -> Monitoring:
    alerts = []
    for name, rising in RISING.items():
        series = Record(metric=f"bench_{name}", operations="x", by="queue", expr=number(0), help="given")
        alerts.append(
            Alert(
                name=f"Bench{name.capitalize()}",
                threat=Threat.SURGE,
                signal=Signal(title=name, expr=series, unit=Unit.COUNT),
                when=Above(warning=Band(2)) if rising else Below(warning=Band(0.5)),
                summary="x",
                description="x",
                runbook=Runbook(meaning="x", actions="x"),
            )
        )
    declared = tuple(Queue(q.name, batch=BatchWindow(*q.batch)) for q in queues if batch and q.batch is not None)
    return Monitoring(alerts=Alerts(tuple(alerts)), queues=declared)


def levels(queues: Sequence[QueueLife], *, batch: bool = True) -> dict[str, dict[str, list[float | None]]]:
    """``signal/ending`` to queue to one value per hour, None where Prometheus has none."""
    plan = resolve(_monitoring(queues, batch=batch))
    (artifact,) = [a for a in rules.generate(plan) if a.path == "rules/bands.yaml"]
    group = yaml.safe_load(artifact.text)["groups"][0]
    given = {f"queue:bench_{name}:x" for name in RISING}
    group["rules"] = [rule for rule in group["rules"] if rule["record"] not in given]
    for name in RISING:
        for ending, func in (("mean", "avg"), ("sigma", "stddev")):
            record = f"queue:bench_{name}:x_{ending}"
            group["rules"].append({"record": record, "expr": f"{func}_over_time(queue:bench_{name}:x[1w])"})
    wanted = {
        f"{name}/{ending}": f"queue:bench_{name}:x_{ending if ending in ('mean', 'sigma') else way + '_usual'}"
        for name, rising in RISING.items()
        for ending in ("usual", "mean", "sigma")
        for way in (("high",) if rising else ("low",))
    }
    out: dict[str, dict[str, list[float | None]]] = {key: {q.name: [None] * HOURS for q in queues} for key in wanted}
    inputs = [
        {"series": f'queue:bench_{name}:x{{queue="{q.name}"}}', "values": " ".join(f"{v:.6g}" for v in q.series[name])}
        for q in queues
        for name in RISING
    ]
    inputs += [
        {"series": f'queue:asynq_queue_size:max{{queue="{q.name}"}}', "values": f"1+0x{WEEKS * WEEK}"} for q in queues
    ]
    checks = [
        {"expr": expr, "eval_time": f"{hour}h", "exp_samples": [{"labels": '{queue="nobody"}', "value": 0}]}
        for hour in range(HOURS)
        for expr in wanted.values()
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "rules.yaml").write_text(yaml_text({"groups": [group]}), encoding="utf-8")
        test = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": "1h",
            "tests": [{"interval": f"{STEP}s", "input_series": inputs, "promql_expr_test": checks}],
        }
        (root / "test.yaml").write_text(yaml.dump(test, Dumper=yaml.CSafeDumper, width=10**9), encoding="utf-8")
        done = subprocess.run(
            [PROMTOOL, "test", "rules", str(root / "test.yaml")], capture_output=True, text=True, check=False
        )
    if "FAILED" not in done.stdout + done.stderr or "expr:" not in done.stdout + done.stderr:
        raise RuntimeError(f"promtool: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    _read(done.stdout + done.stderr, {expr: key for key, expr in wanted.items()}, out)
    return out


_HEAD = re.compile(r'expr: "([^"]+)", time: (\S+),')
_TIME = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:0s)?")


def _read(text: str, keys: dict[str, str], out: dict[str, dict[str, list[float | None]]]) -> None:
    key, hour = "", 0
    for line in text.splitlines():
        head = _HEAD.search(line)
        if head:
            weeks, days, hours = (int(x or 0) for x in _TIME.fullmatch(head.group(2)).groups())  # type: ignore[union-attr]
            key, hour = keys[head.group(1)], (weeks * 7 + days) * 24 + hours
        elif line.strip().startswith("got:"):
            for queue, value in _SAMPLE.findall(line):
                number_ = float(value)
                out[key][queue][hour] = number_ if number_ == number_ else None
