from asynq_mon_codegen import Monitoring, Scrape, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    scrape=Scrape(exporter=""),
)
