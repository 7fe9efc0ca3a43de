"""A real Prometheus over backfilled series: the story, what the rules record of it, and the alerts that fire in it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import story

from asynq_mon_codegen.plan import Plan, PlannedAlert, PlannedRecord
from asynq_mon_codegen.promql import Record

Result = list[dict[str, Any]]


class Database:
    """A Prometheus on the loopback interface that scrapes nothing and is stopped by its process id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "tsdb"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def query(self, expr: str, *, at: int = story.END) -> Result:
        """An instant query."""
        return self._ask("query", query=expr, time=at)

    def query_range(self, expr: str, *, start: int, end: int, step: int) -> Result:
        """A range query."""
        return self._ask("query_range", query=expr, start=start, end=end, step=step)

    def _ask(self, what: str, **parameters: object) -> Result:
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{what}", body, timeout=60) as answer:
                found: Result = json.load(answer)["data"]["result"]
                return found
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{json.load(error).get('error')}: {parameters['query']}") from None

    def add(self, series: Iterable[story.Series]) -> None:
        """Backfill series while Prometheus is stopped."""
        source = self.folder / "backfill.om"
        with source.open("w", encoding="utf-8") as out:
            out.writelines(_openmetrics(series))
            out.write("# EOF\n")
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(source), str(self.data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        source.unlink()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Prometheus, up while the block lasts."""
        config = self.folder / "prometheus.yaml"
        config.write_text("global: {scrape_interval: 30s}\n", encoding="utf-8")
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.data}",
            "--storage.tsdb.retention.time=3650d",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=error",
        ]
        with (self.folder / "prometheus.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            self._wait_until_ready()
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _wait_until_ready(self) -> None:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"Prometheus did not get ready: {self.folder / 'prometheus.log'}")


def fill(database: Database, plan: Plan) -> None:
    """The story, then level by level what is recorded of it, then the alerts."""
    database.add(story.all_series())
    for level in _levels(plan.records):
        with database.running():
            recorded = [one for record in level for one in _recorded(database, record)]
        database.add(recorded)
    with database.running():
        alerts = [one for rule in plan.alerts for one in _alert_series(database, rule)]
    database.add(alerts)


def _levels(records: tuple[PlannedRecord, ...]) -> list[list[PlannedRecord]]:
    """Records in the order in which they can be computed."""
    done: set[Record] = set()
    left, out = list(records), []
    while left:
        ready = [r for r in left if _needed(r) <= done]
        out.append(ready)
        done |= {r.record for r in ready}
        left = [r for r in left if r not in ready]
        if not ready:
            raise RuntimeError(f"records that read one another: {[r.name for r in left]}")
    return out


def _needed(planned: PlannedRecord) -> set[Record]:
    return {node.bare() for node in planned.record.expr.walk() if isinstance(node, Record)}


def _recorded(database: Database, planned: PlannedRecord) -> Iterator[story.Series]:
    found = database.query_range(planned.expr, start=story.TIMES[0], end=story.END, step=story.STEP)
    for one in found:
        labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
        yield story.Series(planned.name, "gauge", labels, _on_times(one["values"]))


def _on_times(values: list[tuple[float, str]]) -> list[float | None]:
    known = {int(t): float(v) for t, v in values}
    return [known.get(t) for t in story.TIMES]


def _alert_series(database: Database, rule: PlannedAlert) -> Iterator[story.Series]:
    """ALERTS and ALERTS_FOR_STATE as Prometheus writes them: pending for the hold time, then firing."""
    for one in database.query_range(rule.expr, start=story.TIMES[0], end=story.END, step=story.STEP):
        labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
        own = {"alertname": rule.name, **{k: v for k, v in rule.expected_labels(labels).items() if v}}
        active = {int(t) for t, _ in one["values"]}
        since: int | None = None
        pending: list[float | None] = []
        firing: list[float | None] = []
        began: list[float | None] = []
        for t in story.TIMES:
            since = (since or t) if t in active else None
            fires = since is not None and t - since >= rule.hold.seconds
            pending.append(1.0 if since is not None and not fires else None)
            firing.append(1.0 if fires else None)
            began.append(None if since is None else float(since))
        yield story.Series("ALERTS", "gauge", {**own, "alertstate": "pending"}, pending)
        yield story.Series("ALERTS", "gauge", {**own, "alertstate": "firing"}, firing)
        yield story.Series("ALERTS_FOR_STATE", "gauge", own, began)


def _openmetrics(series: Iterable[story.Series]) -> Iterator[str]:
    """Every family as ``unknown``, for the types are not stored and names like asynq's break OpenMetrics' rules."""
    families: dict[str, list[story.Series]] = {}
    for one in series:
        families.setdefault(one.name, []).append(one)
    for name, members in families.items():
        yield f"# TYPE {name} unknown\n"
        for one in members:
            labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(one.labels.items()))
            head = f"{name}{{{labels}}}" if labels else name
            for t, value in zip(story.TIMES, one.values, strict=True):
                if value is not None:
                    yield f"{head} {value!r} {t}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
