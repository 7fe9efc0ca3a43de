"""What the generated rules cost a Prometheus in production: `python -m bench.deployed [--queues 1000]`.

The rule files of ``rules/`` as they are, with all groups and their own intervals, in a Prometheus that scrapes so
many queues every 15 seconds. Behind it lies history for every window, offset and subquery of the rules
(``bench/past.py``), four weeks back for learnt thresholds, so that no evaluation finds less than after weeks in
production. The run fails where a rule fails, is late, or does not record a series for each queue.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from asynq_mon_codegen import Monitoring, asynq
from asynq_mon_codegen.plan import resolve
from asynq_mon_codegen.promql import Source
from bench import history
from bench.evaluation import Exporter, serving
from bench.grafana import SCRAPE
from bench.past import RETENTION, Past, interval, recorded, rules_in
from bench.prometheus import ask, prometheus
from bench.table import Table
from bench.tools import ROOT

__all__ = ["tables"]

QUEUES, EXPORTERS = 1000, 1
WARM_UP, MEASURED = 2, 3
"""So many intervals of the slowest group: the first evaluation is somewhere in the first of them."""


def tables(queues: int = QUEUES, exporters: int = EXPORTERS) -> Iterator[Table]:
    """Measure once; the cost of each group, and that of the whole.

    Raises:
        SystemExit: something is missing, failed or was late, so that the numbers would not be those of production.
    """
    plan = resolve(Monitoring(alerts=asynq.ALERTS))
    size = history.Size(queues=queues, exporters=exporters, workers=0, task_types=0)
    folder = Path(tempfile.mkdtemp(prefix="asynq-mon-bench-"))
    try:
        shutil.copytree(ROOT / "rules", folder / "rules")
        rules = rules_in(sorted((folder / "rules").glob("*.yaml")))
        known = recorded(plan, rules, size)
        begun = int(time.time())
        past = Past(
            plan=plan,
            rules=rules,
            size=size,
            recorded=known,
            measured=(WARM_UP + MEASURED) * rules.slowest,
            first=begun - rules.oldest,
        )
        samples = past.write(folder, begun)
        # what passed meanwhile, and some seconds for writing that
        passed = 1.1 * (time.time() - begun) + 2 * SCRAPE
        end = begun + math.ceil(passed / SCRAPE) * SCRAPE
        samples += past.write(folder, end, since=begun)
        time.sleep(max(0.0, end - time.time()))
        yield from _measured(past, folder, samples)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queues", type=int, default=QUEUES)
    parser.add_argument("--exporters", type=int, default=EXPORTERS)
    arguments = parser.parse_args()
    for table in tables(arguments.queues, arguments.exporters):
        print(table.text(), end="\n\n", flush=True)


def _measured(past: Past, folder: Path, samples: int) -> Iterator[Table]:
    rules, size = past.rules, past.size
    window = f"{MEASURED * rules.slowest}s"
    with serving(Exporter(size.queues, past.first)) as port:
        targets = history.targets(Source.COLLECTOR, size)
        config = {
            "global": {"scrape_interval": f"{SCRAPE}s"},
            "rule_files": ["rules/*.yaml"],
            "scrape_configs": [
                {
                    "job_name": targets[0][0],
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name}} for _, name in targets
                    ],
                }
            ],
        }
        with prometheus(folder, config, scraped=True, retention=RETENTION) as url:
            time.sleep(past.measured + SCRAPE)
            seconds = _by_group(url, f"avg_over_time(prometheus_rule_group_last_duration_seconds[{window}])")
            _check(url, past)
            memory = _number(url, 'process_resident_memory_bytes{job="prometheus"}') / 2**20
            series = _number(url, 'count({__name__=~".+:.+"})')
            head = _number(url, 'prometheus_tsdb_head_series{job="prometheus"}')
            alerts = _number(url, "count(ALERTS) or vector(0)")
    rows, share = [], 0.0
    for group in rules.groups:
        name, every = group["name"], interval(group)
        share += seconds[name] / every
        rows.append(
            (
                name.removeprefix("asynq-"),
                str(len(group["rules"])),
                f"{every} s",
                f"{seconds[name]:.3f}",
                f"{seconds[name] / every:.2%}",
            )
        )
    rows.append(("all", str(sum(len(g["rules"]) for g in rules.groups)), "", "", f"{share:.2%}"))
    yield Table(
        f"{size.queues:,} queues, exporters: {size.exporters}",
        ("group", "rules", "interval", "seconds", "of a core"),
        tuple(rows),
    )
    yield Table(
        "The whole process",
        ("", "series recorded", "series in memory", "samples of history", "alerts pending or firing", "MiB resident"),
        (("Prometheus", f"{series:,.0f}", f"{head:,.0f}", f"{samples:,}", f"{alerts:.0f}", f"{memory:.0f}"),),
    )


def _check(url: str, past: Past) -> None:
    """Every series that should be recorded still is: the measurement is longer than a value holds on."""
    wanted: dict[str, int] = defaultdict(int)
    for record in past.recorded:
        wanted[record.name] += sum(1 for _ in record.of_queues(past.size.queues))
    names = "|".join(wanted)
    result = ask(url, "query", query=f'count by (__name__) ({{__name__=~"{names}"}})')["result"]
    found = {one["metric"]["__name__"]: int(one["value"][1]) for one in result}
    faults = [f"{n}: {found.get(n, 0)} series, not {many}" for n, many in wanted.items() if found.get(n, 0) != many]
    failed = "sum(prometheus_rule_evaluation_failures_total)"
    missed = "sum(prometheus_rule_group_iterations_missed_total)"
    faults += [f"{expr}: {_number(url, expr):g}" for expr in (failed, missed) if _number(url, expr)]
    if faults:
        raise SystemExit("the rules do not run as in production:\n" + "\n".join(faults))


def _by_group(url: str, expr: str) -> dict[str, float]:
    result = ask(url, "query", query=expr)["result"]
    return {one["metric"]["rule_group"].rpartition(";")[2]: float(one["value"][1]) for one in result}


def _number(url: str, expr: str) -> float:
    return float(ask(url, "query", query=expr)["result"][0]["value"][1])


if __name__ == "__main__":
    main()
