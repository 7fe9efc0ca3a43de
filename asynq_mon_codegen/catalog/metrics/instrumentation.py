"""What asynq does not export and the project's own instrumentation adds; each worker tells its own part.

Values of several workers are aggregated with ``sum``.
"""

from asynq_mon_codegen.promql import Counter, Gauge, Histogram, Label, Source

_SOURCE = Source.INSTRUMENTATION
TASK = (Label("queue"), Label("task_type"))
OUTCOMES = ("succeeded", "retried", "archived", "revoked", "skipped")

TASK_DURATION = Histogram(
    name="asynq_task_duration_seconds", label_set=TASK, unit="seconds", source=_SOURCE,
    help="How long the handler ran, per attempt; it is seen only when the handler returns.",
)  # fmt: skip
TASK_WAIT = Histogram(
    name="asynq_task_wait_seconds", label_set=TASK, unit="seconds", source=_SOURCE,
    help="From when a task was due to the start of its first attempt, where the producer tells it in a header.",
)  # fmt: skip
TASK_OUTCOMES = Counter(
    name="asynq_task_outcomes_total", label_set=(*TASK, Label("outcome", OUTCOMES)), unit="attempts", source=_SOURCE,
    help="Attempts that ended, by what asynq did with the task then.",
)  # fmt: skip
TASK_IN_PROGRESS = Gauge(
    name="asynq_task_in_progress", label_set=TASK, unit="tasks", source=_SOURCE, help="Handlers running now.",
)  # fmt: skip
TASK_OLDEST_START = Gauge(
    name="asynq_task_oldest_in_progress_start_seconds", label_set=TASK, unit="seconds since 1970", source=_SOURCE,
    help="When the longest-running handler started; 0 when none runs.",
)  # fmt: skip
TASK_LAST_SUCCESS = Gauge(
    name="asynq_task_last_success_timestamp_seconds", label_set=TASK, unit="seconds since 1970", source=_SOURCE,
    help="When a task of this type last succeeded; 0 when none did since the worker started.",
)  # fmt: skip
CLIENT_ENQUEUES = Counter(
    name="asynq_client_enqueues_total",
    label_set=(*TASK, Label("result", ("ok", "duplicate", "conflict", "error"))), unit="tasks", source=_SOURCE,
    help="Calls of Enqueue by result, on the producer's side.",
)  # fmt: skip
SERVER_CONCURRENCY = Gauge(
    name="asynq_server_concurrency", label_set=(Label("server"),), unit="handlers", source=_SOURCE,
    help="Handlers that a server may run at once.",
)  # fmt: skip
SERVER_BUSY = Gauge(
    name="asynq_server_busy_workers", label_set=(Label("server"),), unit="handlers", source=_SOURCE,
    help="Handlers that a server runs now.",
)  # fmt: skip
SERVERS = Gauge(
    name="asynq_servers", unit="servers", source=_SOURCE, help="Servers whose heartbeat is in Redis.",
)  # fmt: skip
SCHEDULER_ENQUEUE_ERRORS = Counter(
    name="asynq_scheduler_enqueue_errors_total", label_set=(Label("task_type"),), unit="tasks", source=_SOURCE,
    help="Periodic tasks that the scheduler could not enqueue.",
)  # fmt: skip
WORKER_REDIS_UP = Gauge(
    name="asynq_worker_redis_up", unit="1 or 0", source=_SOURCE,
    help="Whether the worker's last health check of its connection to Redis succeeded; none before the first.",
)  # fmt: skip

METRICS = (
    TASK_DURATION, TASK_WAIT, TASK_OUTCOMES, TASK_IN_PROGRESS, TASK_OLDEST_START, TASK_LAST_SUCCESS, CLIENT_ENQUEUES,
    SERVER_CONCURRENCY, SERVER_BUSY, SERVERS, SCHEDULER_ENQUEUE_ERRORS, WORKER_REDIS_UP,
)  # fmt: skip
