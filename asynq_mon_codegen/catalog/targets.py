"""Which targets are workers, and on which hosts they run."""

from __future__ import annotations

import re

from asynq_mon_codegen.catalog.metrics import systems
from asynq_mon_codegen.promql import Expr, Record

__all__ = ["PORT", "WORKERS_UP", "WORKER_HOSTS", "host_of", "instance_of"]

PORT = "(.*?)(:[0-9]+)?"
"""An instance with or without its port; the first group is the host."""


def host_of(expr: Expr) -> Expr:
    """The same series with a label ``host``, the instance without its port, to join targets of one host."""
    return expr.relabel("host", "$1", "instance", PORT)


def instance_of(name: str, port: int = 9100) -> str:
    """An instance for something that a rule test calls ``name``."""
    return f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}:{port}"


WORKERS_UP = Record(
    metric="asynq_workers_up",
    operations="sum",
    by=(),
    expr=systems.WORKER_UP.sum(),
    help="Worker targets whose last scrape worked.",
)
WORKER_HOSTS = Record(
    metric="asynq_worker_hosts",
    operations="group",
    by="host",
    expr=host_of(systems.WORKER_UP).group(by="host"),
    help="1 for each host with a worker target, be it up or down.",
)
