from asynq_mon_codegen import asynq

alerts = asynq.ALERTS
