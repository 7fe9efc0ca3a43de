"""A folder of declarations: each service is a file with queues and levels of its own, a team and its receivers."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_services"]

FLEET = """\
from asynq_mon_codegen import Fleet, asynq

monitoring = Fleet(identity=("cluster", "namespace"), service="{namespace}", alerts=asynq.ALERTS)
"""
SERVICE = """\
from asynq_mon_codegen import Above, Links, Monitoring, Queue, Receiver, Severity, asynq

pager = Receiver.pagerduty("team-{team}", routing_key_file="/etc/alertmanager/team-{team}")

monitoring = Monitoring(
    service="service-{number}",
    team="team-{team}",
    where={{"namespace": "ns-{number}"}},
    queues=(
        Queue("default"),
        Queue("payments", thresholds={{asynq.QUEUE_WAIT_HIGH: Above(warning={low}, critical={high})}}),
    ),
    alerts=asynq.ALERTS,
    thresholds={{asynq.BACKLOG_NOT_DRAINING: Above(warning="{minutes}m", critical="2h")}},
    receivers={{Severity.CRITICAL: pager, Severity.WARNING: pager, Severity.INFO: pager}},
    links=Links(runbooks="https://git.example.com/team-{team}/runbooks"),
)
"""


def write_services(folder: Path, count: int) -> None:
    """So many declarations, and what is common to them; services differ in their levels."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fleet.py").write_text(FLEET, encoding="utf-8")
    for number in range(count):
        team, low = number % 40, 5 + number % 10
        text = SERVICE.format(number=number, team=team, low=low, high=10 * low, minutes=20 + number % 5)
        (folder / f"service_{number:05}.py").write_text(text, encoding="utf-8")
