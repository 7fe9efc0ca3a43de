from asynq_mon_codegen import asynq

monitoring = asynq.ALERTS
