"""What a declaration consists of: values only, nothing is rendered here."""

from asynq_mon_codegen.model.alerts import Alert, Alerts, Guard, Hold, Signal, floor, only, unless
from asynq_mon_codegen.model.bands import Band
from asynq_mon_codegen.model.conditions import Above, Below, Condition, LevelOrBand, Present
from asynq_mon_codegen.model.fleet import ConflictError, Fleet, merged, services_of, slos_of, tuned
from asynq_mon_codegen.model.groups import RuleGroups
from asynq_mon_codegen.model.monitoring import DEFAULT_RECEIVERS, Links, Monitoring, Scrape, Where
from asynq_mon_codegen.model.queues import BatchWindow, Queue, TaskType
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
    "Band",
    "BatchWindow",
    "Below",
    "Burn",
    "BurnWindow",
    "Cause",
    "Command",
    "Condition",
    "ConflictError",
    "FinishedWithin",
    "Fleet",
    "Guard",
    "Hold",
    "LevelOrBand",
    "Links",
    "Monitoring",
    "MuteTime",
    "Present",
    "Queue",
    "Receiver",
    "Route",
    "RuleGroups",
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
    "Where",
    "asynq_cli",
    "budget_of",
    "floor",
    "merged",
    "only",
    "promql_query",
    "redis_cli",
    "services_of",
    "shell",
    "slos_of",
    "threshold_text",
    "tuned",
    "unless",
    "value_text",
]
