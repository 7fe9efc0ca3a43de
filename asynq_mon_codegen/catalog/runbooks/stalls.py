from asynq_mon_codegen.model import Runbook
STALLED = STARVED = PAUSED = MISSING = OPTIONAL_MISSING = SCHEDULED_OVERDUE = AGGREGATION_STUCK = Runbook(meaning="x", actions=("y",))
