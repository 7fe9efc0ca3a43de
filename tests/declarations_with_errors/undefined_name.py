from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS, queues=[Queue("orders")])
