from asynq_mon_codegen import Monitorin, asynq

monitoring = Monitorin(service="orders", alerts=asynq.ALERTS)
