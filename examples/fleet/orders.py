"""Orders: customers wait for them, so seconds count."""

from _teams import CHECKOUT

from asynq_mon_codegen import SLO, Above, Links, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    team="checkout",
    where={"namespace": "orders"},
    queues=(
        Queue("default"),
        Queue("payments", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="5s", critical="20s")}),
    ),
    thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="2m")},
    slos=SLO("payments-succeed", objective="99.9%", queues="payments"),
    alerts=asynq.ALERTS,
    receivers=CHECKOUT,
    links=Links(runbooks="https://git.example.com/checkout/orders/runbooks"),
)
