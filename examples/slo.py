"""Service levels: a promise per queue, and alerts only when it is in danger."""

from asynq_mon_codegen import SLO, FinishedWithin, Monitoring, Queue, StartedWithin, Success, asynq

monitoring = Monitoring(
    service="shop",
    team="checkout",
    queues=(Queue("critical"), Queue("default"), Queue("bulk"), Queue("experiments", optional=True)),
    slos=(
        # every queue has an error budget of its own; asynq's own counters suffice
        SLO("tasks-succeed", objective="99.9%", per_queue={"bulk": "99%", "experiments": None}),
        # tasks that were given up in the end, retries that worked are no errors: needs the instrumentation
        SLO("mail-arrives", objective="99.5%", window="28d", indicator=Success(final=True), task_types="email:deliver"),
        SLO("starts-soon", objective="99%", indicator=StartedWithin("10s"), queues=("critical", "default")),
        SLO("renders", objective="95%", window="7d", indicator=FinishedWithin("2m"), task_types="report:render"),
    ),
    alerts=asynq.ALERTS,
    instrumentation=True,
)
