from asynq_mon_codegen import Monitoring, asynq

limits = {"orders": 500}
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS, team=limits["payments"])
