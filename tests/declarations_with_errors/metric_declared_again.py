from asynq_mon_codegen import Gauge, Monitoring, asynq

size = Gauge(name="asynq_queue_size", help="Tasks.")
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS, metrics=[size])
