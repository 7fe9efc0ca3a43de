"""What the rules about queues cost a real Prometheus: `python -m bench.evaluation [--queues 100 1000 10000]`.

One Prometheus at a time scrapes queue metrics that a small server makes up (asynq's seven families,
12 series a queue) and evaluates one of three sets of rules, made from the same declaration:

- ``generated``: the rules as they are;
- ``raw``: the same alerts without recorded series, each expression written out;
- ``per queue``: the same alerts once for every queue, as copied alert rules have it.

Told: the seconds that all rule groups took in a cycle, which share of one core that is at the usual interval
of 30 seconds, and the resident memory of the whole process, scrapes included. Only alerts about queues are
counted, so that the three say the same; what learns thresholds (group ``bands``) is in none of them. All rules
as they are: ``bench/deployed.py``.
"""

from __future__ import annotations

import argparse
import http.server
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from attrs import evolve, frozen

from asynq_mon_codegen import Monitoring, asynq
from asynq_mon_codegen.plan import Plan, PlannedAlert, records_of, resolve
from asynq_mon_codegen.plan.expressions import condition
from asynq_mon_codegen.promql.labels import any_of
from bench.prometheus import ask, prometheus
from bench.queues import scrape_text
from bench.table import Table
from bench.written_out import bare

__all__ = ["Exporter", "serving", "tables"]

QUEUES, EXPORTERS = (100, 1000, 10_000), (1, 3)
PER_QUEUE_UP_TO = 1000
"""More queues than this are too many rules."""
INTERVAL = 10
"""Seconds between cycles here: what a cycle costs does not depend on it."""
CYCLES = 6
_USUAL = 30
Rules = list[dict[str, object]]


class Exporter:
    """Serves the metrics of so many queues; counters move with the time since ``begun``, a Unix time."""

    def __init__(self, queues: int, begun: float | None = None) -> None:
        self._queues = queues
        self._begun = time.time() if begun is None else begun
        self._body, self._made = b"", 0.0
        self._lock = threading.Lock()

    def body(self) -> bytes:
        """The text of one scrape, made anew every 10 seconds at most."""
        with self._lock:
            if time.time() - self._made > 10:
                seconds = int(time.time() - self._begun)
                self._body, self._made = scrape_text(self._queues, seconds).encode(), time.time()
            return self._body


@frozen
class Cost:
    """Seconds of rule evaluation in a cycle, MiB of Prometheus, and how many rules."""

    seconds: float
    mebibytes: float
    rules: int


def tables(
    queues: Sequence[int] = QUEUES, exporters: Sequence[int] = EXPORTERS, per_queue_up_to: int = PER_QUEUE_UP_TO
) -> Iterator[Table]:
    """A table for each number of queues; each is measured when it is asked for."""
    plan = resolve(Monitoring(alerts=asynq.ALERTS))
    for many in queues:
        kinds = ("generated", "raw", "per queue") if many <= per_queue_up_to else ("generated", "raw")
        rows: list[tuple[str, ...]] = []
        for targets in exporters:
            costs = {kind: _measure(_rules_of(plan, kind, many), many, targets) for kind in kinds}
            rows += [_row(f"exporters: {targets}, {kind}", cost, costs["generated"]) for kind, cost in costs.items()]
        yield Table(f"{many:,} queues", ("", "rules", "seconds a cycle", "of a core", "MiB", "ratio"), tuple(rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queues", type=int, nargs="+", default=QUEUES)
    parser.add_argument("--exporters", type=int, nargs="+", default=EXPORTERS)
    parser.add_argument("--per-queue-up-to", type=int, default=PER_QUEUE_UP_TO, help="no rules per queue above")
    arguments = parser.parse_args()
    for table in tables(arguments.queues, arguments.exporters, arguments.per_queue_up_to):
        print(table.text(), end="\n\n", flush=True)


def _row(name: str, cost: Cost, base: Cost) -> tuple[str, ...]:
    return (
        name,
        f"{cost.rules:,}",
        f"{cost.seconds:.3f}",
        f"{cost.seconds / _USUAL:.1%}",
        f"{cost.mebibytes:.0f}",
        f"{cost.seconds / base.seconds:.1f}",
    )


def _rules_of(plan: Plan, name: str, queues: int) -> list[Rules]:
    """Groups of rules; each group is evaluated one rule after the other, as in production."""
    mine = [a for a in plan.alerts if "queue" in a.label_names]
    read = {record for rule in mine for record in records_of(rule.alert)}
    scopes = [plan.scope]
    if name == "per queue":
        scopes = [evolve(plan.scope, matchers=(any_of("queue", (f"q{i}",)),)) for i in range(queues)]
    groups = []
    for group in plan.groups:
        alerts = [a for a in group.alerts if a in mine]
        if name == "generated":
            rules: Rules = [{"record": r.name, "expr": r.expr} for r in group.records if r.record in read]
            rules += [_alert(a, a.expr) for a in alerts]
        else:
            rules = [
                _alert(a, condition(bare(a.alert, INTERVAL), a.severity, a.classes, s)) for a in alerts for s in scopes
            ]
        if rules:
            groups.append(rules)
    return groups


def _alert(rule: PlannedAlert, expr: str) -> dict[str, object]:
    return {"alert": rule.name, "expr": expr, "for": str(rule.hold), "labels": {"severity": rule.severity.value}}


@contextmanager
def serving(exporter: Exporter) -> Iterator[int]:
    """The exporter on a free port of the loopback interface."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exporter.body()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()


def _measure(groups: list[Rules], queues: int, exporters: int) -> Cost:
    """Run Prometheus for some cycles and read what it says of itself."""
    folder = Path(tempfile.mkdtemp(prefix="asynq-mon-bench-"))
    data = {"groups": [{"name": f"g{i}", "interval": f"{INTERVAL}s", "rules": r} for i, r in enumerate(groups)]}
    # The C dumper: a set of rules per queue is some megabytes.
    (folder / "rules.yaml").write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False))
    try:
        with serving(Exporter(queues)) as port:
            targets = [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": f"exporter-{n}"}} for n in range(exporters)
            ]
            config = {
                "global": {"scrape_interval": "15s", "evaluation_interval": f"{INTERVAL}s"},
                "rule_files": ["rules.yaml"],
                "scrape_configs": [{"job_name": "asynq-exporter", "static_configs": targets}],
            }
            with prometheus(folder, config, scraped=True) as url:
                time.sleep(3 * INTERVAL)  # windows fill, caches warm up
                time.sleep(CYCLES * INTERVAL)
                window = f"{CYCLES * INTERVAL}s"
                seconds = _asked(url, f"sum(avg_over_time(prometheus_rule_group_last_duration_seconds[{window}]))")
                rules = _asked(url, "sum(prometheus_rule_group_rules)")
                memory = _asked(url, 'process_resident_memory_bytes{job="prometheus"}') / 2**20
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Cost(seconds, memory, int(rules))


def _asked(url: str, expr: str) -> float:
    """The value of an expression of one series."""
    return float(ask(url, "query", query=expr)["result"][0]["value"][1])


if __name__ == "__main__":
    main()
