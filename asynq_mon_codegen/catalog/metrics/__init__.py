"""The metric contract: every family that rules and panels may use, with its true type."""

from asynq_mon_codegen.catalog.metrics import asynq, instrumentation, systems
from asynq_mon_codegen.promql import Metric

CONTRACT: tuple[Metric, ...] = (*asynq.METRICS, *instrumentation.METRICS, *systems.METRICS)
"""Every metric of the contract."""

__all__ = ["CONTRACT", "asynq", "instrumentation", "systems"]
