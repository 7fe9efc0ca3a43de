"""What `asynq-mon generate` uses where there is no monitoring.py: the whole catalogue, with its defaults."""

from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="asynq", alerts=asynq.ALERTS)
