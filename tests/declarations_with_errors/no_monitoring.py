from asynq_mon_codegen import Monitoring, asynq

orders = Monitoring(service="orders", alerts=asynq.ALERTS)
