"""Two declarations, or two sets of files, and what is told of the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve

from asynq_mon_codegen import Alerts, Monitoring, Receiver, Severity, asynq
from asynq_mon_codegen.build import GENERATORS
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.diff.changes import Report
from asynq_mon_codegen.diff.compare import compare
from asynq_mon_codegen.diff.files import Files, of_artifacts
from asynq_mon_codegen.diff.text import text_of
from asynq_mon_codegen.model import tuned
from asynq_mon_codegen.plan import resolve

WAITING = Alerts(tuple(a for a in asynq.ALERTS if a.name in ("AsynqQueueWaitHigh", "AsynqQueuePaused")))
PAGER = Receiver.pagerduty("pager", routing_key_file="/etc/secrets/pager")
CHAT = Receiver.slack("chat", channel="#alerts")
BASE = Monitoring(
    service="shop",
    team="shop",
    alerts=WAITING,
    receivers={Severity.CRITICAL: (PAGER, CHAT), Severity.WARNING: CHAT, Severity.INFO: CHAT, Severity.NONE: CHAT},
)


def declared(monitoring: Monitoring, name: str = "side") -> Files:
    """The files that a declaration makes, rule tests aside."""
    ready = tuned(monitoring)
    plan = resolve(ready, dashboard_records(ready))
    return of_artifacts((a for kind, make in GENERATORS.items() if kind != "tests" for a in make(plan)), name)


def report(old: Monitoring, new: Monitoring) -> Report:
    """The difference of two declarations."""
    return compare(declared(old, "old"), declared(new, "new"))


def lines(found: Report, *, only: str = "") -> list[str]:
    """The report's lines without colours, from the section whose title begins with ``only`` where one is given."""
    import click

    text = click.unstyle(text_of(found)).splitlines()
    if not only:
        return [line.strip() for line in text]
    start = next((i for i, line in enumerate(text) if line.startswith(only)), None)
    if start is None:
        return []
    end = next((i for i in range(start, len(text)) if not text[i]), len(text))
    return [line.strip() for line in text[start + 1 : end]]


def changed(**changes: Any) -> Report:
    """The base declaration with changes, against the base."""
    return report(BASE, evolve(BASE, **changes))


def written(files: Files, root: Path) -> Path:
    """The files on disk."""
    for path, text in files.texts.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


def files(**texts: str) -> Files:
    """A side of given texts; the keys name the kind of file."""
    paths = {
        "rules": "rules/a.yaml",
        "routes": "alertmanager/alertmanager.yaml",
        "dashboard": "dashboards_out/a.json",
        "runbook": "runbooks/A.md",
        "template": "alertmanager/templates/a.tmpl",
    }
    return Files(name="side", texts={paths[kind]: text for kind, text in texts.items()})
