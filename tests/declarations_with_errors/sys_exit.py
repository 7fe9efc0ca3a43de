import sys

from asynq_mon_codegen import Monitoring, asynq

if "ORDERS_TEAM" not in asynq.__dict__:
    sys.exit("ORDERS_TEAM is not set")
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
