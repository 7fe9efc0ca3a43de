from asynq_mon_codegen import Monitoring, asynq
from company_defaults import RECEIVERS

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS, receivers=RECEIVERS)
