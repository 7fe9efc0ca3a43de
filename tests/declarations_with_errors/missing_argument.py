from asynq_mon_codegen import Monitoring

monitoring = Monitoring(service="orders")
