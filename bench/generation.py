"""What it costs to generate: the default bundle, a thousand services, a thousand service levels."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from bench.process import Usage, measured
from bench.services import write_services
from bench.sloth import spec
from bench.table import Table
from bench.tools import JSONNET_VERSION, ROOT, SLOTH_VERSION, built

__all__ = ["tables"]

GENERATE = (sys.executable, "-m", "asynq_mon_codegen", "generate")
LIBRARIES = "import attrs, click, grafanalib.core, jinja2, promql_parser, yaml"
MIXIN = ROOT / "bench" / "mixin" / "main.jsonnet"
OBJECTIVES = ("99%", "99.5%", "99.9%", "99.95%")
HEAD = ("", "seconds", "processor", "peak MiB", "ratio")
SLOS = """\
from asynq_mon_codegen import SLO, Monitoring, asynq

OBJECTIVES = ("99%", "99.5%", "99.9%", "99.95%")
"""
ONE_EACH = """
slos = tuple(SLO(f"queue-{i}", objective=OBJECTIVES[i % 4], queues=f"queue-{i}") for i in range(1000))
monitoring = Monitoring(alerts=asynq.ALERTS, slos=slos)
"""
PER_QUEUE = """
levels = {f"queue-{i}": OBJECTIVES[i % 4] for i in range(1000)}
monitoring = Monitoring(alerts=asynq.ALERTS, slos=SLO("tasks-succeed", objective="99%", per_queue=levels))
"""


def tables() -> Iterator[Table]:
    """Every table of the part; each runs its programs when it is asked for."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield _bundle(folder)
        yield _examples(folder)
        yield _fleet(folder)
        yield _slos(folder)


def _row(name: str, usage: Usage, base: Usage) -> tuple[str, ...]:
    ratio = usage.seconds / base.seconds
    return (
        name,
        f"{usage.seconds:.2f}",
        f"{usage.processor:.2f}",
        f"{usage.mebibytes:.0f}",
        f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}",
    )


def _mixin(folder: Path, services: int = 0) -> Usage:
    command = [built("jsonnet"), "-c", "-m", folder / "mixin", "--tla-code", f"services={services}", MIXIN]
    return measured(command, folder)


def _bundle(folder: Path) -> Table:
    out = folder / "default"
    ours = measured([*GENERATE, "--out", out], folder)
    rows = [
        ("asynq-mon generate", ours),
        ("the same, rules and dashboards only", measured([*GENERATE, "--only", "rules", "--only", "dashboards"], out)),
        ("asynq-mon generate --check", measured([*GENERATE, "--check", "--out", out], folder)),
        ("Python with the libraries loaded, nothing done", measured([sys.executable, "-c", LIBRARIES], folder)),
        (f"go-jsonnet {JSONNET_VERSION}, a mixin of that size", _mixin(folder)),
    ]
    tests = sorted((out / "rules" / "tests").glob("*.yaml"))
    promtool = os.environ.get("PROMTOOL", "promtool")
    rows.append(
        ("promtool test rules, all generated tests", measured([promtool, "test", "rules", *tests], out, runs=2))
    )
    return Table("The default bundle", HEAD, tuple(_row(name, usage, ours) for name, usage in rows))


def _examples(folder: Path) -> Table:
    examples = (*sorted((ROOT / "examples").glob("*.py")), ROOT / "examples" / "fleet")
    found = [measured([*GENERATE, "-c", one, "--out", folder / one.stem], folder, runs=3) for one in examples]
    rows = tuple(_row(one.name, usage, found[0]) for one, usage in zip(examples, found, strict=True))
    return Table("The examples", HEAD, rows)


def _fleet(folder: Path) -> Table:
    rows = []
    for count in (1, 100, 1000):
        services, out = folder / f"services-{count}", folder / f"out-{count}"
        write_services(services, count)
        usage = measured([*GENERATE, services, "--out", out], folder, runs=3)
        rules, size = _rules_in(out)
        rows.append((f"{count:,} service{'s' * (count > 1)}: {rules} rules, {size:.1f} MiB of them", usage))
    beside = _mixin(folder, 1000)
    rows.append((f"go-jsonnet, the mixin with levels of 1,000 services: {_mixin_rules(folder):,} rules", beside))
    return Table("Fleets", HEAD, tuple(_row(name, usage, rows[0][1]) for name, usage in rows))


def _rules_in(out: Path) -> tuple[int, float]:
    """How many rules the files hold, and their MiB."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((out / "rules").glob("*.yaml"))]
    found = sum(text.count("\n  - alert: ") + text.count("\n  - record: ") for text in texts)
    return found, sum(map(len, texts)) / 2**20


def _mixin_rules(folder: Path) -> int:
    paths = (folder / "mixin" / "rules.json", folder / "mixin" / "alerts.json")
    groups = [group for path in paths for group in json.loads(path.read_text(encoding="utf-8"))["groups"]]
    return sum(len(group["rules"]) for group in groups)


def _slos(folder: Path) -> Table:
    sloth_spec = folder / "sloth.yaml"
    objectives = ((f"queue-{i}", float(OBJECTIVES[i % 4].rstrip("%"))) for i in range(1000))
    sloth_spec.write_text(yaml.safe_dump(spec(objectives)), encoding="utf-8")
    sloth = measured([built("sloth"), "generate", "-i", sloth_spec, "-o", folder / "sloth-rules.yaml"], folder)
    rows = [(f"Sloth {SLOTH_VERSION}, 1,000 service levels", sloth)]
    for title, text in (("an SLO(...) for each queue", ONE_EACH), ("one SLO(...), an objective per queue", PER_QUEUE)):
        config = folder / "slos.py"
        config.write_text(SLOS + text, encoding="utf-8")
        command = [*GENERATE, "-c", config, "--out", folder / "slos"]
        rows.append((f"asynq-mon, {title}: rules only", measured([*command, "--only", "rules"], folder)))
        rows.append((f"asynq-mon, {title}: everything, with the catalogue", measured(command, folder, runs=3)))
    return Table("1,000 service levels", HEAD, tuple(_row(name, usage, sloth) for name, usage in rows))
