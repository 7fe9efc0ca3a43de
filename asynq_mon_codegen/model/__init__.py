"""What a declaration consists of: values only, nothing is rendered here."""

from asynq_mon_codegen.model.alerts import Alert, Alerts, Guard, Signal, floor, only, unless
from asynq_mon_codegen.model.conditions import Above, Below, Condition, Present
from asynq_mon_codegen.model.monitoring import DEFAULT_RECEIVERS, Links, Monitoring, Scrape
from asynq_mon_codegen.model.queues import Queue, TaskType
from asynq_mon_codegen.model.receivers import MuteTime, Receiver, Route
from asynq_mon_codegen.model.runbooks import Cause, Command, Runbook, Step, asynq_cli, promql_query, redis_cli, shell
from asynq_mon_codegen.model.slo import SLO, Burn, BurnWindow, FinishedWithin, StartedWithin, Success, budget_of
from asynq_mon_codegen.model.terms import Severity, Threat, Unit, threshold_text, value_text

__all__ = [
    "DEFAULT_RECEIVERS",
    "SLO",
    "Above",
    "Alert",
    "Alerts",
    "Below",
    "Burn",
    "BurnWindow",
    "Cause",
    "Command",
    "Condition",
    "FinishedWithin",
    "Guard",
    "Links",
    "Monitoring",
    "MuteTime",
    "Present",
    "Queue",
    "Receiver",
    "Route",
    "Runbook",
    "Scrape",
    "Severity",
    "Signal",
    "StartedWithin",
    "Step",
    "Success",
    "TaskType",
    "Threat",
    "Unit",
    "asynq_cli",
    "budget_of",
    "floor",
    "only",
    "promql_query",
    "redis_cli",
    "shell",
    "threshold_text",
    "unless",
    "value_text",
]
