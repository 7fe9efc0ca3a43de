from asynq_mon_codegen.model import Runbook
WAIT_HIGH = BACKLOG_NOT_DRAINING = SURGE = Runbook(meaning="x", actions=("y",))
