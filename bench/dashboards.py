"""What a refresh of each dashboard costs a real Prometheus: `python -m bench.dashboards [--queues 100]`.

The queries of every panel are asked as Grafana asks them, over a history that promtool makes (see
``bench/history.py``). Counted are the samples that Prometheus touches: a sample counts again at each step whose
window it is in. What subqueries touch, which Prometheus 2 leaves out, is asked for in addition. Three sets of the
same panels:

- ``generated``: the dashboards as they are;
- ``raw``: the same values without recorded series, each written out where it is read;
- ``by hand``: as raw, but with Grafana's ``$__rate_interval`` in place of the windows of rates outside of
  subqueries, as in dashboards that read raw counters. These windows are shorter and the values noisier.

Annotations and the lists of variables are left out: they read the same few series in all three. What learns
thresholds (group ``bands``) is read as recorded in all three, since it is made of its own past.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import promql_parser
from attrs import evolve, frozen

from asynq_mon_codegen import Monitoring, asynq
from asynq_mon_codegen.catalog.dashboards import DASHBOARDS, dashboard_records
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard, Line
from asynq_mon_codegen.generators.dashboards import build
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.plan.bands import BANDS_GROUP
from asynq_mon_codegen.promql import Expr, Metric
from asynq_mon_codegen.promql.parsed import Selector, parse, walk
from bench import history
from bench.grafana import Request, range_of, requests
from bench.prometheus import QueryError, ask, prometheus
from bench.table import Table
from bench.written_out import bare, inlined

__all__ = ["tables"]

KINDS = ("generated", "raw", "by hand")
_MARGIN_HOURS = 1.0
"""More history than a dashboard shows, for the windows at its beginning."""
_RATE_WINDOW = re.compile(r"(\brate\([^\[\]]*)\[\d+[sm]\]")
_SUBQUERY = re.compile(r"\)\[[^\]]*:")
_POINTS = 10_000
"""Prometheus answers a range query with 11,000 points a series at most."""
SIZE = history.Size(queues=100, exporters=2, workers=3, task_types=20)
_HEAD = (
    "dashboard", "shown", "panels", "queries", *KINDS, "raw / generated", "by hand / generated", "peak", "seconds"
)  # fmt: skip


@frozen
class Cost:
    """Samples touched, the most held at once by one query, and Prometheus' seconds."""

    samples: int = 0
    peak: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.samples + other.samples, max(self.peak, other.peak), self.seconds + other.seconds)


def tables(size: history.Size = SIZE, panels: str | None = None) -> Iterator[Table]:
    """One refresh of each dashboard; with ``panels`` also each query of that dashboard, such as ``overview``.

    Raises:
        SystemExit: a query failed, after the tables; with exit code 1.
    """
    monitoring = Monitoring(alerts=asynq.ALERTS, service="asynq")
    plan = resolve(monitoring, dashboard_records(monitoring))
    every = int(monitoring.evaluation_interval.seconds)
    generated = [build(plan, board) for board in DASHBOARDS]
    raw = [build(_raw_plan(plan, every), _raw_board(board, every)) for board in DASHBOARDS]
    boards = {"generated": generated, "raw": [_with_steps(a, b) for a, b in zip(raw, generated, strict=True)]}
    asked = {kind: [list(requests(board)) for board in made] for kind, made in boards.items()}
    asked["by hand"] = [list(requests(_by_hand(board))) for board in boards["raw"]]
    folder = Path(tempfile.mkdtemp(prefix="asynq-mon-bench-"))
    try:
        end = int(time.time()) // 60 * 60
        what = _make_history(plan, size, folder, end, boards["generated"])
        with prometheus(folder, {}) as url:
            yield from _measured(url, end, asked, what, panels)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure and print; exit code 1 where a query fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queues", type=int, default=SIZE.queues)
    parser.add_argument("--exporters", type=int, default=SIZE.exporters)
    parser.add_argument("--workers", type=int, default=SIZE.workers)
    parser.add_argument("--task-types", type=int, default=SIZE.task_types)
    parser.add_argument("--panels", metavar="DASHBOARD", help="tell each query of one dashboard, such as overview")
    arguments = parser.parse_args()
    size = history.Size(
        queues=arguments.queues,
        exporters=arguments.exporters,
        workers=arguments.workers,
        task_types=arguments.task_types,
    )
    for table in tables(size, arguments.panels):
        print(table.text(), end="\n\n", flush=True)


# -- panels on raw metrics ---------------------------------------------------------------------------


def _raw_board(board: Dashboard, every: int) -> Dashboard:
    def line(one: Line) -> Line:
        return evolve(one, expr=inlined(one.expr, every)) if isinstance(one.expr, Expr) else one

    rows = tuple(
        evolve(row, panels=tuple(evolve(panel, lines=tuple(map(line, panel.lines))) for panel in row.panels))
        for row in board.rows
    )
    return evolve(board, rows=rows)


def _raw_plan(plan: Plan, every: int) -> Plan:
    return evolve(
        plan,
        groups=tuple(
            evolve(g, alerts=tuple(evolve(a, alert=bare(a.alert, every)) for a in g.alerts)) for g in plan.groups
        ),
    )


def _with_steps(board: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """The board with the smallest steps of the other, whose panels are the same."""

    def panel(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        inner = [panel(*pair) for pair in zip(one.get("panels", ()), other.get("panels", ()), strict=True)]
        return {**one, "interval": other.get("interval"), "panels": inner}

    return {**board, "panels": [panel(*pair) for pair in zip(board["panels"], like["panels"], strict=True)]}


def _short_windows(expr: str) -> str:
    # a subquery with windows shorter than its step would miss what happens between them
    return expr if _SUBQUERY.search(expr) else _RATE_WINDOW.sub(r"\1[$__rate_interval]", expr)


def _by_hand(board: dict[str, Any]) -> dict[str, Any]:
    def panel(one: dict[str, Any]) -> dict[str, Any]:
        targets = [{**t, "expr": _short_windows(t["expr"])} for t in one.get("targets", ())]
        return {**one, "targets": targets, "panels": [panel(p) for p in one.get("panels", ())]}

    return {**board, "panels": [panel(p) for p in board["panels"]]}


# -- history -------------------------------------------------------------------------------------------


def _make_history(plan: Plan, size: history.Size, folder: Path, end: int, boards: Iterable[dict[str, Any]]) -> str:
    """Every raw series that a panel reads for as long as it shows, and every recorded one that a panel names.

    The text says how much that is.
    """
    hours: dict[Metric, float] = defaultdict(float)
    for board, made in zip(DASHBOARDS, boards, strict=True):
        for metric in _metrics(plan, board):
            hours[metric] = max(hours[metric], range_of(made) / 3600 + _MARGIN_HOURS)
    longest = max(hours.values())
    named = {
        node.name
        for board in boards
        for request in requests(board)
        for node in walk(parse(request.expr))
        if isinstance(node, Selector)
    }
    read = [r for r in plan.records if r.name in named]
    step = int(plan.monitoring.evaluation_interval.seconds)
    learnt_step = int(next(g.interval.seconds for g in plan.groups if g.name == BANDS_GROUP and g.interval))
    tracks = [
        *(t for metric, shown in hours.items() for t in history.raw(plan, metric, size, shown)),
        *history.alerts(longest, step),
        *(
            history.constant(f'{r.name}{{queue="q{i}"}}', longest, learnt_step)
            for r in read
            if r.group == BANDS_GROUP
            for i in range(size.queues)
        ),
    ]
    samples = history.write(tracks, folder, end)
    with prometheus(folder, {}) as url:
        recorded = [r for r in read if r.group != BANDS_GROUP]
        history.record(url, plan, recorded, folder, end - int(longest * 3600), end)
    return (
        f"{size.queues:,} queues on {size.exporters} exporters, {size.workers} workers, {size.task_types} task types: "
        f"{len(tracks):,} series with {samples:,} samples, {len(recorded)} recorded from them"
    )


def _metrics(plan: Plan, board: Dashboard) -> set[Metric]:
    """The metrics behind the board's panels, without filters."""
    lines = [
        line.expr
        for row in board.rows_for([g.name for g in plan.groups])
        for panel in row.panels
        for line in panel.lines
    ]
    found = (node for expr in lines if isinstance(expr, Expr) for node in expr.walk())
    return {
        evolve(node, matchers=(), shift=None) for node in found if isinstance(node, Metric) and node in plan.contract
    }


# -- measurement ---------------------------------------------------------------------------------------


def _measured(
    url: str, end: int, asked: dict[str, list[list[Request]]], what: str, panels: str | None
) -> Iterator[Table]:
    failures: list[str] = []
    rows: list[tuple[str, ...]] = []
    details: list[tuple[str, ...]] = []
    for number, board in enumerate(DASHBOARDS):
        name = board.uid.removeprefix("asynq-")
        costs = {
            kind: [_cost(url, r, end, f"{name}, {kind}", failures) for r in of_boards[number]]
            for kind, of_boards in asked.items()
        }
        mine = asked["generated"][number]
        for shown in ("opened", "all") if not all(r.opened for r in mine) else ("all",):
            kept = [i for i, r in enumerate(mine) if r.opened or shown == "all"]
            panel_count = len({mine[i].panel for i in kept})
            total = {kind: sum((costs[kind][i] for i in kept), Cost()) for kind in KINDS}
            rows.append((name, shown, str(panel_count), str(len(kept)), *_numbers(total)))
        if name == panels:
            details += [
                (r.panel, f"{r.step} s", *_numbers({kind: costs[kind][i] for kind in KINDS}))
                for i, r in enumerate(mine)
            ]
    yield Table(f"One refresh, {what}", _HEAD, tuple(rows))
    if panels:
        yield Table(f"Each query of {panels}", ("panel", "step", *_HEAD[4:]), tuple(details))
    if failures:
        raise SystemExit("\n".join(failures))


def _numbers(costs: dict[str, Cost]) -> tuple[str, ...]:
    mine = costs["generated"]
    return (
        *(f"{costs[kind].samples:,}" for kind in KINDS),
        *(f"{costs[kind].samples / mine.samples:.1f}" if mine.samples else "" for kind in KINDS[1:]),
        f"{mine.peak:,}",
        f"{mine.seconds:.2f}",
    )


def _cost(url: str, request: Request, end: int, where: str, failures: list[str]) -> Cost:
    try:
        if not request.step:
            return _asked(url, request.expr, end, end, 0)
        last = end // request.step * request.step
        return _asked(url, request.expr, last - request.seconds, last, request.step)
    except QueryError as error:
        failures.append(f"{where}, {request.panel}: {error}\n  {request.expr}")
        return Cost()


def _asked(url: str, expr: str, start: int, end: int, step: int) -> Cost:
    """The cost of a query, with what its subqueries read: Prometheus counts their results, not their reading."""
    when = {"start": start, "end": end, "step": step} if step else {"time": end}
    stats = ask(url, "query_range" if step else "query", query=expr, stats="all", **when)["stats"]
    counted, seconds = stats["samples"], stats["timings"]["evalTotalTime"]
    samples = counted["totalQueryableSamples"]
    # a Prometheus that tells what it read counts subqueries too, once for each window that they are in
    for inner in () if "samplesRead" in counted else _subqueries(promql_parser.parse(expr)):
        offset = int(inner.offset.total_seconds()) if inner.offset else 0
        every = int(inner.step.total_seconds())
        first = start - offset - int(inner.range.total_seconds())
        for begin in range(first // every * every + every, end - offset + 1, every * _POINTS):
            upto = min(begin + every * (_POINTS - 1), end - offset)
            samples += _asked(url, inner.expr.prettify(), begin, upto, every).samples
    return Cost(samples, counted["peakSamples"], seconds)


def _subqueries(node: Any) -> Iterator[Any]:
    """The outermost subqueries below a node of the parser's."""
    if isinstance(node, promql_parser.SubqueryExpr):
        yield node
        return
    below = (getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param"))
    for child in (*below, *getattr(node, "args", ())):
        if child is not None:
            yield from _subqueries(child)


if __name__ == "__main__":
    main()
