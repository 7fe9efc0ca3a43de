"""What asynq's own exporter shows (``x/metrics`` of v0.26.0): seven families, read from Redis.

Every exporter of one Redis tells the same numbers, so they are aggregated with ``max``.
"""

from asynq_mon_codegen.promql import Counter, Gauge, Label, Source

QUEUE = Label("queue")
STATES = ("active", "pending", "scheduled", "retry", "archived", "completed")

TASKS_ENQUEUED = Gauge(
    name="asynq_tasks_enqueued_total",
    source=Source.COLLECTOR,
    label_set=(QUEUE, Label("state", STATES)),
    unit="tasks",
    help="Tasks in this state now.",
    note="asynq exports it as a gauge in spite of its name",
    caps=(("state", "archived", 9_999),),
)
QUEUE_SIZE = Gauge(
    name="asynq_queue_size",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="tasks",
    help="Tasks in all states, retained completed and archived ones and those waiting for aggregation included.",
    note="it is not the backlog",
)
QUEUE_LATENCY = Gauge(
    name="asynq_queue_latency_seconds",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="seconds",
    minimum=None,
    help="Age of the oldest pending task; 0 when none is pending, and also when a stopping worker put it back.",
)
QUEUE_MEMORY = Gauge(
    name="asynq_queue_memory_usage_approx_bytes",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="bytes",
    help="Redis memory of the queue, estimated from at most 20 sampled tasks per state.",
)
TASKS_PROCESSED = Counter(
    name="asynq_tasks_processed_total",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="attempts",
    help="Finished attempts, failed ones included; every retry counts again.",
)
TASKS_FAILED = Counter(
    name="asynq_tasks_failed_total",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="attempts",
    help="Failed attempts; every retry counts again.",
)
QUEUE_IS_PAUSED = Gauge(
    name="asynq_queue_paused_total",
    source=Source.COLLECTOR,
    label_set=(QUEUE,),
    unit="",
    maximum=1,
    help="1 while the queue is paused.",
    note="asynq exports it as a gauge in spite of its name",
)
EXPORTER_UP = Gauge(name="up", source=Source.EXPORTER, maximum=1, help="1 if the last scrape of the exporter worked.")
TARGET_UP = Gauge(
    name="up", maximum=1, help="1 if the last scrape worked, of any target: workers may serve the queue metrics too."
)
EXPORTER_SCRAPE_DURATION = Gauge(
    name="scrape_duration_seconds",
    source=Source.EXPORTER,
    unit="seconds",
    help="How long the last scrape of the exporter took; asynq asks Redis three times per queue.",
)
EXPORTER_SCRAPE_SAMPLES = Gauge(
    name="scrape_samples_scraped",
    source=Source.EXPORTER,
    unit="samples",
    help="Samples in the last scrape of the exporter: about 12 per queue.",
)

METRICS = (
    TASKS_ENQUEUED, QUEUE_SIZE, QUEUE_LATENCY, QUEUE_MEMORY, TASKS_PROCESSED, TASKS_FAILED, QUEUE_IS_PAUSED,
    EXPORTER_UP, TARGET_UP, EXPORTER_SCRAPE_DURATION, EXPORTER_SCRAPE_SAMPLES,
)  # fmt: skip
