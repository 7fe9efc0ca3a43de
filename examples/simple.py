"""The simple case: the whole catalogue for every queue, told to the default receivers."""

from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
