"""Monitoring of asynq task queues, declared once.

A declaration is a Python file that defines ``monitoring = Monitoring(...)``; ``asynq`` is the
catalogue of metrics, recorded series and alerts to start from, ``evolve`` makes a changed copy of
any of its values.
"""

from attrs import evolve

from asynq_mon_codegen import catalog as asynq
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import (
    SLO,
    Above,
    Alert,
    Alerts,
    Below,
    Cause,
    FinishedWithin,
    Guard,
    Links,
    Monitoring,
    MuteTime,
    Present,
    Queue,
    Receiver,
    Route,
    Runbook,
    Scrape,
    Severity,
    Signal,
    StartedWithin,
    Step,
    Success,
    TaskType,
    Threat,
    Unit,
    asynq_cli,
    floor,
    only,
    promql_query,
    redis_cli,
    shell,
    unless,
)
from asynq_mon_codegen.promql import Counter, Gauge, Histogram, Label, Record, promql
from asynq_mon_codegen.simulator import Probe, QueueState, Ramp, World

__version__ = "0.1.0"

__all__ = [
    "SLO",
    "Above",
    "Alert",
    "Alerts",
    "Below",
    "Cause",
    "Counter",
    "DeclarationError",
    "FinishedWithin",
    "Gauge",
    "Guard",
    "Histogram",
    "Label",
    "Links",
    "Monitoring",
    "MuteTime",
    "Present",
    "Probe",
    "Queue",
    "QueueState",
    "Ramp",
    "Receiver",
    "Record",
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
    "World",
    "asynq",
    "asynq_cli",
    "evolve",
    "floor",
    "only",
    "promql",
    "promql_query",
    "redis_cli",
    "shell",
    "unless",
]
