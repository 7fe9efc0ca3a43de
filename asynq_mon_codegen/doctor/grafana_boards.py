"""Grafana has the generated dashboards, and they find their data source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from asynq_mon_codegen.doctor.finding import Finding, Level, listed, unseen
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.generators import dashboards
from asynq_mon_codegen.grafana_api import Grafana

__all__ = ["boards", "database", "sources"]

_FIX = "provision or import dashboards_out/*.json anew"


def database(running: Running) -> Iterator[Finding]:
    """Grafana is well."""
    if running.grafana is not None and (state := running.grafana.database()) != "ok":
        yield Finding(level=Level.ERROR, what=f"Grafana's database is {state}", fix="look at Grafana's log")


def boards(running: Running) -> Iterator[Finding]:
    """Each dashboard is there, with the panels and variables as generated; none is left over."""
    server = running.grafana
    if server is None:
        return
    generated = {a.path: json.loads(a.text) for a in dashboards.generate(running.plan)}
    wanted = {str(board["uid"]): (path, board) for path, board in generated.items()}
    for uid, (path, board) in wanted.items():
        found = server.dashboard(uid)
        if found is None:
            yield Finding(
                level=Level.ERROR,
                what=f"dashboard {board['title']!r} ({uid}) is not there: links of alerts and runbooks lead nowhere",
                where=path,
                fix=f"{_FIX}; or the service account may not see its folder",
            )
        elif differences := list(_differences(board, found)):
            yield Finding(
                level=Level.WARNING,
                what=f"dashboard {board['title']!r} ({uid}) is another one than generated: {listed(differences)}",
                where=path,
                fix=f"{_FIX}; a change made in Grafana belongs into the declaration or a dashboard of its own",
            )
    for uid, title in _left_over(server, set(wanted)):
        yield Finding(
            level=Level.NOTE,
            what=f"dashboard {title!r} ({uid}) has our tag, and nobody generates it",
            fix="delete it if it is an old one, or take the tag off: it stands in the others' menu",
        )


def sources(running: Running) -> Iterator[Finding]:
    """There is a Prometheus data source for the variable of the dashboards."""
    if running.grafana is None:
        return
    found = running.grafana.data_sources()
    if found is None:
        yield unseen("Grafana's data sources", "the token lacks the permission datasources:read")
    elif not any(one.kind == "prometheus" for one in found):
        yield Finding(
            level=Level.ERROR,
            what="Grafana has no Prometheus data source: every panel is empty",
            fix="add one of the type prometheus, also for Mimir, Thanos and VictoriaMetrics",
        )


def _left_over(server: Grafana, wanted: set[str]) -> list[tuple[str, str]]:
    return [(uid, title) for uid, title in server.dashboards_tagged(dashboards.TAG).items() if uid not in wanted]


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    if ours["title"] != theirs.get("title"):
        yield f"its title is {theirs.get('title')!r}"
    mine, running = _panels(ours), _panels(theirs)
    for key, panel in mine.items():
        if key not in running:
            yield f"panel {panel['title']!r} is missing"
        elif _queries(panel) != _queries(running[key]):
            yield f"panel {panel['title']!r} asks something else"
        elif _steps(panel) != _steps(running[key]):
            yield f"panel {panel['title']!r} has other thresholds"
        elif panel["title"] != running[key].get("title"):
            yield f"panel {panel['title']!r} is called {running[key].get('title')!r}"
    for key, panel in running.items():
        if key not in mine:
            yield f"panel {panel.get('title')!r} is not generated"
    if missing := [name for name in _variables(ours) if name not in _variables(theirs)]:
        yield f"variables are missing: {listed(missing)}"


def _panels(board: Mapping[str, Any]) -> dict[Any, Mapping[str, Any]]:
    """Every panel by its id, those inside collapsed rows too."""
    out = {}
    for panel in board.get("panels") or ():
        out[panel.get("id")] = panel
        out |= {inner.get("id"): inner for inner in panel.get("panels") or ()}
    return out


def _queries(panel: Mapping[str, Any]) -> list[str]:
    return [str(target.get("expr", "")) for target in panel.get("targets") or ()]


def _steps(panel: Mapping[str, Any]) -> Any:
    thresholds = ((panel.get("fieldConfig") or {}).get("defaults") or {}).get("thresholds") or {}
    return [step.get("value") for step in thresholds.get("steps") or ()]


def _variables(board: Mapping[str, Any]) -> list[str]:
    return [str(one.get("name")) for one in (board.get("templating") or {}).get("list") or ()]
