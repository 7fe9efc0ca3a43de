"""What stands on which dashboard: one file each, values only; the generator makes Grafana's JSON of them."""

from __future__ import annotations

from asynq_mon_codegen.catalog.dashboards.health import HEALTH
from asynq_mon_codegen.catalog.dashboards.overview import OVERVIEW
from asynq_mon_codegen.catalog.dashboards.queue import QUEUE_BOARD
from asynq_mon_codegen.catalog.dashboards.redis import REDIS
from asynq_mon_codegen.catalog.dashboards.slo import SERVICE_LEVELS
from asynq_mon_codegen.catalog.dashboards.spec import records_in
from asynq_mon_codegen.catalog.dashboards.tasks import TASKS
from asynq_mon_codegen.catalog.dashboards.workers import WORKERS
from asynq_mon_codegen.catalog.slo import GROUP
from asynq_mon_codegen.model import Monitoring, slos_of
from asynq_mon_codegen.promql import Record

__all__ = ["DASHBOARDS", "dashboard_records"]

DASHBOARDS = (OVERVIEW, QUEUE_BOARD, TASKS, WORKERS, REDIS, SERVICE_LEVELS, HEALTH)
"""Every dashboard, in the order of the drop-down."""


def dashboard_records(monitoring: Monitoring) -> tuple[Record, ...]:
    """The recorded series that the dashboards of this declaration read, for ``plan.resolve``."""
    groups = {alert.group for alert in monitoring.alerts}
    if not slos_of(monitoring):
        groups.discard(GROUP)
    return tuple(dict.fromkeys(record for board in DASHBOARDS for record in records_in(board, frozenset(groups))))
