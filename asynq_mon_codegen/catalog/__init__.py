"""What asynq needs watched: metrics, recorded series, alerts and their runbooks, one file per domain."""

from asynq_mon_codegen.catalog import waiting
from asynq_mon_codegen.model import Alerts

DOMAINS = (waiting,)
ALERTS = Alerts(tuple(alert for domain in DOMAINS for alert in domain.ALERTS))
"""Every alert of the catalogue."""

__all__ = ["ALERTS", "DOMAINS"]
