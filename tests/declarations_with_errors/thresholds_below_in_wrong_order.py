from asynq_mon_codegen import Below, Monitoring, asynq

falling = Below(warning=2, critical=10)
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
