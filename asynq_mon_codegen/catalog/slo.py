"""Service levels: how fast error budgets burn, of success and of time, one set of rules for all of them.

Errors and what the objective allows are recorded side by side, as counts; a burn rate over any window is
the one sum over the other, so that every window is weighted by events and 0/0 is never recorded.
"""

from __future__ import annotations

from asynq_mon_codegen.catalog.runbooks import slo as runbooks
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.model import Alert, Burn, BurnWindow, Severity, Signal, Threat, Unit, floor
from asynq_mon_codegen.promql import Declared, Expr, Record, seconds

GROUP = "slo"
LONG_GROUP = "slo_long"
INTERVALS = {GROUP: Duration(60_000), LONG_GROUP: Duration(240_000)}
"""How often the groups are evaluated: pages each minute; tickets, which look at days, every 4.

Less than the 5 minutes after which Prometheus takes a series for ended.
"""

BY = ("slo", "queue", "task_type")
_LABELS = frozenset(BY)
_MINUTE, _TILE = seconds("1m"), seconds("4m")

# -- recorded series -----------------------------------------------------------------------------


def _recorded(metric: str, operations: str, expr: Expr, help_: str) -> Record:
    return Record(metric=metric, operations=operations, by=BY, expr=expr, help=help_)


ERRORS_5M = _recorded(
    "asynq_slo_errors", "rate5m", Declared("slo_errors", _LABELS), "What was not good, per second, by service level."
)
# the share that may go wrong is a constant of each class of queues here, so that no rule joins objectives, and
# history keeps the objective that it was made under
BUDGET_5M = _recorded(
    "asynq_slo_budget",
    "rate5m",
    Declared("slo_budget", _LABELS),
    "What may go wrong, per second: all events times what the objective leaves.",
)


def _over_hours(metric: str, what: Record, window: str) -> Record:
    # a rate over 5 minutes that is recorded each minute counts every event once
    return _recorded(metric, f"sum{window}", what.sum_over(window) * _MINUTE, f"The same as a count over {window}.")


ERRORS_1H = _over_hours("asynq_slo_errors", ERRORS_5M, "1h")
BUDGET_1H = _over_hours("asynq_slo_budget", BUDGET_5M, "1h")
ERRORS_6H = _over_hours("asynq_slo_errors", ERRORS_5M, "6h")
BUDGET_6H = _over_hours("asynq_slo_budget", BUDGET_5M, "6h")

ERRORS_4M = _recorded(
    "asynq_slo_errors", "sum4m", ERRORS_5M.avg_over("4m") * _TILE, "The same as a count over 4m, for longer windows."
)
BUDGET_4M = _recorded(
    "asynq_slo_budget", "sum4m", BUDGET_5M.avg_over("4m") * _TILE, "The same as a count over 4m, for longer windows."
)


def _over_days(metric: str, what: Record, window: str) -> Record:
    return _recorded(metric, f"sum{window}", what.sum_over(window), f"The same as a count over {window}.")


ERRORS_1D = _over_days("asynq_slo_errors", ERRORS_4M, "1d")
BUDGET_1D = _over_days("asynq_slo_budget", BUDGET_4M, "1d")
ERRORS_3D = _over_days("asynq_slo_errors", ERRORS_4M, "3d")
BUDGET_3D = _over_days("asynq_slo_budget", BUDGET_4M, "3d")
REMAINING = _recorded(
    "asynq_slo_budget",
    "remaining_ratio",
    Declared("slo_remaining", _LABELS),
    "The share of the error budget that is left over the service level's whole window; below 0 it is overdrawn.",
)
OBJECTIVE = _recorded(
    "asynq_slo_objective", "ratio", Declared("slo_objective", _LABELS), "The share that must be good."
)

FAST_RECORDS = (ERRORS_5M, BUDGET_5M, ERRORS_1H, BUDGET_1H, ERRORS_6H, BUDGET_6H)
LONG_RECORDS = (ERRORS_4M, BUDGET_4M, ERRORS_1D, BUDGET_1D, ERRORS_3D, BUDGET_3D, REMAINING, OBJECTIVE)

# -- signals -------------------------------------------------------------------------------------

BURN_5M = ERRORS_5M / BUDGET_5M
BURN_30M = ERRORS_5M.sum_over("30m") / BUDGET_5M.sum_over("30m")
BURN_1H = ERRORS_1H / BUDGET_1H
BURN_2H = ERRORS_4M.sum_over("2h") / BUDGET_4M.sum_over("2h")
BURN_6H = ERRORS_6H / BUDGET_6H
BURN_1D = ERRORS_1D / BUDGET_1D
BURN_3D = ERRORS_3D / BUDGET_3D


def _pair(
    severity: Severity, long: str, short: str, percent: float, slow: Expr, fast: Expr, errors: Record
) -> BurnWindow:
    return BurnWindow(
        severity=severity,
        long=duration(long),
        short=duration(short),
        share=percent / 100,
        slow=slow,
        fast=fast,
        errors=errors,
    )


WINDOWS = (
    _pair(Severity.CRITICAL, "1h", "5m", 2, BURN_1H, BURN_5M, ERRORS_1H),
    _pair(Severity.CRITICAL, "6h", "30m", 5, BURN_6H, BURN_30M, ERRORS_6H),
    _pair(Severity.WARNING, "1d", "2h", 10, BURN_1D, BURN_2H, ERRORS_1D),
    _pair(Severity.WARNING, "3d", "6h", 10, BURN_3D, BURN_6H, ERRORS_3D),
)
"""Those of the Google SRE workbook: over 30 days 14.4, 6, 3 and 1 times as fast as the budget may burn."""

BURN = Signal(
    title="Burn rate of the error budget",
    expr=BURN_1H,
    unit=Unit.TIMES,
    description="Errors of the last hour over those that the objective allows: at 1 the budget just lasts.",
)
_FLOOR_TEXT = "at least {minimum} errors lie within the longer of the two windows"

# -- alerts --------------------------------------------------------------------------------------

ERROR_BUDGET_BURN = Alert(
    name="AsynqErrorBudgetBurn",
    group=GROUP,
    threat=Threat.TASK_ERRORS,
    signal=BURN,
    when=Burn(windows=WINDOWS),
    guards=(floor(ERRORS_1H, 10, _FLOOR_TEXT),),
    summary="The error budget burns too fast",
    description="Queue {queue} fails {value} as often as its service level {slo} allows: at this pace the error "
    "budget is gone before its time.",
    dashboard="asynq-slo",
    runbook=runbooks.ERROR_BUDGET_BURN,
)
LATENCY_BUDGET_BURN = Alert(
    name="AsynqLatencyBudgetBurn",
    group=GROUP,
    threat=Threat.BOTTLENECK,
    signal=BURN,
    when=Burn(windows=WINDOWS, latency=True),
    guards=(floor(ERRORS_1H, 10, _FLOOR_TEXT),),
    summary="Too many tasks are late for the service level",
    description="Tasks of queue {queue} are late {value} as often as its service level {slo} allows: at this pace "
    "the budget is gone before its time.",
    dashboard="asynq-slo",
    runbook=runbooks.LATENCY_BUDGET_BURN,
)

ALERTS = (ERROR_BUDGET_BURN, LATENCY_BUDGET_BURN)
RECORDS = (*FAST_RECORDS, *LONG_RECORDS)
