from asynq_mon_codegen import Links, Monitoring, asynq

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS,
    links=Links(logs="https://logs.example.com/search?queue={que}"),
)
