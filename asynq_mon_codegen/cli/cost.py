"""``asynq-mon cost``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.cost import Cost, estimate, sizes_of

if TYPE_CHECKING:
    from rich.console import Console

_FAMILIES = 'count by (__name__) ({__name__=~"(.+:)?asynq_.+"})'
_TARGETS = 'group by (job, instance) ({__name__=~"asynq_.+"})'
_SCRAPED = f"sum by (job) (scrape_samples_scraped and on (job, instance) {_TARGETS})"
_SCRAPE_TIME = f"max by (job) (scrape_duration_seconds and on (job, instance) {_TARGETS})"
_ALERTS = 'count(ALERTS{component="asynq"})'
_ALL = "prometheus_tsdb_head_series"


@click.command()
@config_option
@click.option("--queues", type=click.IntRange(min=0), help="How many queues.  [default: as declared]")
@click.option(
    "--task-types", type=click.IntRange(min=0), help="Task types, once for each queue.  [default: as declared]"
)
@click.option("--workers", type=click.IntRange(min=0), help="Worker processes.  [default: 3 for each service]")
@click.option("--exporters", type=click.IntRange(min=0), help="Exporters.  [default: 1 for each service]")
@json_option
@told
@connection_options("prometheus", by_environment=False, about="Also measure what is there, in this Prometheus.")
def cost(
    config: Path | None,
    queues: int | None,
    task_types: int | None,
    workers: int | None,
    exporters: int | None,
    prometheus: Connection | None,
    as_json: bool,
) -> None:
    """Tell what the monitoring costs: series, samples per second, rules, evaluated samples.

    Counted from the metric contract, for the sizes given; series that exist anyway (Redis, hosts, Kubernetes) are
    not, but what rules read of them is. With --prometheus also as measured.
    """
    plan = open_declaration(declaration_path(config))
    sizes = sizes_of(plan.monitoring, queues=queues, task_types=task_types, workers=workers, exporters=exporters)
    found = estimate(plan, sizes)
    measured = _measure(prometheus) if prometheus is not None else None
    if as_json:
        print_json({**found.data(), **({} if measured is None else {"measured": measured})})
        return
    from rich.console import Console

    console = Console(highlight=False)
    _tell(found, console)
    if measured is not None:
        _tell_measured(measured, console)


def _measure(connection: Connection) -> dict[str, Any]:
    from asynq_mon_codegen.prometheus_api import Prometheus

    with Prometheus(connection) as server:
        families = {s.label("__name__"): int(s.value) for s in server.query(_FAMILIES)}
        recorded = {name: n for name, n in families.items() if ":" in name}
        exported = {name: n for name, n in families.items() if name not in recorded}
        scraped = {s.label("job"): s.value for s in server.query(_SCRAPED)}
        slowest = {s.label("job"): s.value for s in server.query(_SCRAPE_TIME)}
        groups = server.rules("asynq-") or ()
        everything = max((s.value for s in server.query(_ALL)), default=0.0)
        alerts = sum(s.value for s in server.query(_ALERTS))
    seconds = sum(g.evaluation_time for g in groups)
    busy = sum(g.evaluation_time / g.interval for g in groups if g.interval)
    return {
        "total": {
            "series": sum(families.values()),
            "exported_series": sum(exported.values()),
            "recorded_series": sum(recorded.values()),
            "alerts_pending_or_firing": int(alerts),
            "series_of_this_prometheus": int(everything) or None,
            "rules": sum(len(g.rules) for g in groups),
            "failing_rules": sum(g.failing for g in groups),
            "evaluation_seconds_per_cycle": round(seconds, 6),
            "evaluation_share_of_one_core": round(busy, 6),
        },
        "exported": exported,
        "recorded": recorded,
        "jobs": {job: {"samples": int(n), "scrape_seconds": slowest.get(job)} for job, n in scraped.items()},
        "groups": [
            {
                "name": g.name,
                "interval_seconds": g.interval,
                "evaluation_seconds": g.evaluation_time,
                "rules": len(g.rules),
            }
            for g in groups
        ],
    }


def _tell(found: Cost, console: Console) -> None:
    from rich.table import Table

    total, sizes = found.data()["total"], found.sizes
    console.print(
        f"For {sizes.queues} queues, {sizes.task_types} task types (once for each queue), {sizes.workers} workers and "
        f"{sizes.exporters} exporters:"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("family", "from", "series", "samples/s"):
        table.add_column(title, justify="left" if title in ("family", "from") else "right", overflow="fold")
    for family in (*found.exported, *found.recorded):
        table.add_row(family.name, family.source, f"{family.series:,}", f"{family.samples_per_second:,.1f}")
    console.print(table)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("group", "every", "alerting", "recording", "samples read"):
        table.add_column(title, justify="left" if title == "group" else "right")
    for group in found.groups:
        every = f"{group.interval_seconds:g}s"
        table.add_row(group.name, every, str(group.alerting), str(group.recording), f"{group.samples:,}")
    console.print()
    console.print(table)
    console.print(
        f"\n{total['series']:,} series ({total['exported_series']:,} exported, {total['recorded_series']:,} recorded), "
        f"{total['samples_per_second']:,.1f} samples/s; {total['alerting_rules']} alerting and "
        f"{total['recording_rules']} recording rules, which read {total['evaluated_samples_per_cycle']:,} samples a "
        f"cycle, {total['evaluated_samples_per_second']:,.0f} a second."
    )


def _tell_measured(measured: dict[str, Any], console: Console) -> None:
    from rich.table import Table

    total = measured["total"]
    console.print("\nMeasured:")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("family", overflow="fold")
    table.add_column("series", justify="right")
    for name, series in sorted({**measured["exported"], **measured["recorded"]}.items()):
        table.add_row(name, f"{series:,}")
    console.print(table)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("group", "every", "rules", "seconds"):
        table.add_column(title, justify="left" if title == "group" else "right")
    for group in measured["groups"]:
        every = f"{group['interval_seconds']:g}s"
        table.add_row(group["name"], every, str(group["rules"]), f"{group['evaluation_seconds']:.4f}")
    console.print()
    console.print(table)
    for job, one in measured["jobs"].items():
        took = "" if one["scrape_seconds"] is None else f", the slowest scrape took {one['scrape_seconds']:.3f}s"
        console.print(f"job {job}: {one['samples']:,} samples a scrape{took}", markup=False)
    share = total["evaluation_share_of_one_core"]
    console.print(
        f"{total['series']:,} series; {total['rules']} rules in {total['evaluation_seconds_per_cycle']:.3f}s a cycle, "
        f"{share:.2%} of one core; {total['failing_rules']} fail, "
        f"{total['alerts_pending_or_firing']} alerts are pending or fire."
    )
