"""One declaration resolved once; generators and checks read the result and decide nothing."""

from asynq_mon_codegen.plan.plan import RECORDING_GROUP, Group, Plan, PlannedAlert, PlannedRecord, resolve

__all__ = ["RECORDING_GROUP", "Group", "Plan", "PlannedAlert", "PlannedRecord", "resolve"]
