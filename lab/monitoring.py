"""What the lab declares: the shop whose workers and producer are in ``lab/cmd``; its receivers are the lab's sinks."""

from asynq_mon_codegen import Links, Monitoring, Queue, TaskType, asynq

monitoring = Monitoring(
    service="shop",
    queues=(Queue("critical"), Queue("default"), Queue("low")),
    task_types=(
        TaskType("order:pay", queues="critical"),
        TaskType("email:send", queues="default"),
        TaskType("report:build", queues="low"),
        TaskType("report:tick", queues="low", every="5m"),
    ),
    alerts=asynq.ALERTS,
    links=Links(runbooks="https://lab.example/runbooks", grafana="https://grafana.lab.example"),
    instrumentation=True,
)
