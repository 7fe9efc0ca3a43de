from asynq_mon_codegen import Above, Monitoring, asynq

slow = Above(warning=float("nan"))
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
