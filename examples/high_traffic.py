"""Many queues with classes of thresholds: levels are declared per class, rules do not multiply with queues."""

from asynq_mon_codegen import Above, Monitoring, Queue, Scrape, asynq, evolve

INTERACTIVE = {
    asynq.QUEUE_WAIT_HIGH: Above(warning="5s", critical="30s"),
    asynq.TASK_FAILURE_RATIO_HIGH: Above(warning="1%", critical="5%"),
}
BATCH = {
    asynq.QUEUE_WAIT_HIGH: Above(warning="2h", critical="6h"),
    asynq.BACKLOG_NOT_DRAINING: None,
}

monitoring = Monitoring(
    service="platform",
    identity="cluster",
    scrape=Scrape(exporter='job="asynq-exporter"', worker='job=~"worker-.*"', interval="30s", timeout="20s"),
    queues=(
        *(Queue(f"interactive-{i:03d}", thresholds=INTERACTIVE) for i in range(100)),
        *(Queue(f"batch-{i:03d}", thresholds=BATCH, optional=True) for i in range(100)),
    ),
    alerts=asynq.ALERTS.replace(evolve(asynq.SCRAPE_SLOW, when=Above(warning="10s"))),
)
