from asynq_mon_codegen import Gauge, Monitoring, asynq

lag = Gauge(name="orders-lag", help="How far the orders are behind.")
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS, metrics=[lag])
