"""One declaration resolved once; generators and checks read the result and decide nothing."""

from asynq_mon_codegen.plan.plan import RECORDING_GROUP, Group, Plan, PlannedAlert, PlannedRecord, records_of, resolve
from asynq_mon_codegen.plan.time_factor import REAL_TIME

__all__ = ["REAL_TIME", "RECORDING_GROUP", "Group", "Plan", "PlannedAlert", "PlannedRecord", "records_of", "resolve"]
