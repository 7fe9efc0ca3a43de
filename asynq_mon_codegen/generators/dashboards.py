"""The dashboards as Grafana's JSON, one file each."""

from __future__ import annotations

from asynq_mon_codegen import grafana as g
from asynq_mon_codegen.artifact import Artifact, json_text
from asynq_mon_codegen.catalog.dashboards import DASHBOARDS
from asynq_mon_codegen.catalog.dashboards.parts import NOTIFYING
from asynq_mon_codegen.catalog.dashboards.spec import Dashboard
from asynq_mon_codegen.generators.dashboard_panels import Panels
from asynq_mon_codegen.generators.dashboard_queries import Queries, identity_variables
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan

__all__ = ["build", "dashboard_path", "generate"]

TAG = "asynq"
"""By this tag the drop-down in each dashboard's head finds the others."""


def dashboard_path(uid: str) -> str:
    """The file of a dashboard, relative to the output folder."""
    return f"dashboards_out/{uid}.json"


def generate(plan: Plan) -> tuple[Artifact, ...]:
    """Every dashboard of this plan."""
    return tuple(Artifact(path=dashboard_path(b.uid), text=json_text(build(plan, b))) for b in DASHBOARDS)


def build(plan: Plan, board: Dashboard) -> dict[str, object]:
    """One dashboard as plain data."""
    queries = Queries(plan=plan, board=board)
    panels = Panels(queries=queries)
    groups = [group.name for group in plan.groups]
    return g.dashboard(
        uid=board.uid,
        title=board.title,
        description=board.text,
        tags=(TAG,),
        variables=_variables(queries),
        rows=[
            g.row(row.key, row.title, *map(panels.panel, row.panels), collapsed=row.collapsed)
            for row in board.rows_for(groups)
        ],
        links=_links(plan),
        annotations=[_annotation(queries, Severity.CRITICAL, "red"), _annotation(queries, Severity.WARNING, "orange")],
        time_from=board.time_from,
    )


def _variables(queries: Queries) -> list[g.Variable]:
    """The data source, then the deployment, then what the dashboard is about, each narrowing the next."""
    board = queries.board
    out = [g.datasource_variable("prometheus")]
    chosen: list[tuple[str, str]] = []
    for label, name in identity_variables(queries.plan.scope.identity):
        out.append(g.query_variable(name, label, queries.lookup(board.anchor, label, chosen)))
        chosen.append((label, name))
    for variable in board.variables:
        lookup = queries.lookup(variable.series, variable.label, chosen)
        out.append(g.query_variable(variable.name, variable.title, lookup))
        if not variable.sources:
            chosen.append((variable.label, variable.name))
    return out


def _links(plan: Plan) -> list[g.DashboardLink]:
    links = [g.dashboards_link("Asynq dashboards", (TAG,))]
    if plan.monitoring.links.runbooks:
        address = f"{plan.monitoring.links.runbooks}/README.md"
        links.append(g.external_link("Runbooks", address, tooltip="One page per alert: meaning, causes, what to do"))
    return links


def _annotation(queries: Queries, severity: Severity, color: str) -> g.Annotation:
    expr = queries.text(NOTIFYING.where(severity=severity.value))
    return g.alerts_annotation(expr, name=f"{severity.value.capitalize()} alerts", color=color)
