"""What the systems around asynq export: workers' processes, hosts, Redis, Kubernetes and the monitoring stack."""

from asynq_mon_codegen.promql import Counter, Gauge, Label, Source

_W, _H, _R, _K = Source.WORKER, Source.HOST, Source.REDIS, Source.KUBERNETES
_P, _A = Source.PROMETHEUS, Source.ALERTMANAGER
CONTAINER = (Label("namespace"), Label("pod"), Label("container"))

# client_golang in each worker
WORKER_UP = Gauge(name="up", source=_W, maximum=1, help="1 if the last scrape of the worker worked.")
PROCESS_START = Gauge(
    name="process_start_time_seconds", source=_W, unit="seconds since 1970", help="When the process started."
)
PROCESS_CPU = Counter(name="process_cpu_seconds_total", source=_W, unit="seconds", help="CPU time, user and system.")
PROCESS_RSS = Gauge(name="process_resident_memory_bytes", source=_W, unit="bytes", help="Resident memory.")
PROCESS_OPEN_FDS = Gauge(name="process_open_fds", source=_W, unit="descriptors", help="Open file descriptors.")
PROCESS_MAX_FDS = Gauge(name="process_max_fds", source=_W, unit="descriptors", help="Limit of file descriptors.")
PROCESS_NET_RECEIVED = Counter(
    name="process_network_receive_bytes_total", source=_W, unit="bytes", help="Bytes that the process received."
)
PROCESS_NET_SENT = Counter(
    name="process_network_transmit_bytes_total", source=_W, unit="bytes", help="Bytes that the process sent."
)
GO_GOROUTINES = Gauge(name="go_goroutines", source=_W, unit="goroutines", help="Goroutines that exist.")
GO_MAX_PROCS = Gauge(
    name="go_sched_gomaxprocs_threads", source=_W, unit="cores", help="GOMAXPROCS: cores that Go may use."
)
GO_MEM_LIMIT = Gauge(
    name="go_gc_gomemlimit_bytes", source=_W, unit="bytes", help="GOMEMLIMIT; 9.2e18 when it is not set."
)
GO_GOGC = Gauge(name="go_gc_gogc_percent", source=_W, unit="percent", help="GOGC; 1.8e19 when it is off.")

# node_exporter
NODE_CPU = Counter(
    name="node_cpu_seconds_total", label_set=(Label("cpu"), Label("mode")), source=_H, unit="seconds",
    help="CPU time per core and mode.",
)  # fmt: skip
NODE_MEM_AVAILABLE = Gauge(
    name="node_memory_MemAvailable_bytes", source=_H, unit="bytes", help="Memory that programs can still get."
)
NODE_MEM_TOTAL = Gauge(name="node_memory_MemTotal_bytes", source=_H, unit="bytes", help="Memory of the host.")
NODE_NET_RECEIVED = Counter(
    name="node_network_receive_bytes_total",
    label_set=(Label("device"),),
    source=_H,
    unit="bytes",
    help="Bytes received.",
)
NODE_NET_SENT = Counter(
    name="node_network_transmit_bytes_total", label_set=(Label("device"),), source=_H, unit="bytes", help="Bytes sent."
)
NODE_NET_SPEED = Gauge(
    name="node_network_speed_bytes", label_set=(Label("device"),), source=_H, unit="bytes per second", minimum=None,
    help="Speed of the link; negative or absent where the driver does not tell.",
)  # fmt: skip
_FS = (Label("device"), Label("fstype"), Label("mountpoint"))
NODE_FS_AVAILABLE = Gauge(
    name="node_filesystem_avail_bytes", label_set=_FS, source=_H, unit="bytes", help="Space that users can still fill."
)
NODE_FS_SIZE = Gauge(
    name="node_filesystem_size_bytes", label_set=_FS, source=_H, unit="bytes", help="Size of the file system."
)
NODE_PRESSURE_CPU = Counter(
    name="node_pressure_cpu_waiting_seconds_total",
    source=_H,
    unit="seconds",
    help="Time in which tasks waited for a core.",
)

# redis_exporter
REDIS_UP = Gauge(name="redis_up", source=_R, maximum=1, help="1 if the exporter reaches Redis.")
REDIS_MEMORY = Gauge(name="redis_memory_used_bytes", source=_R, unit="bytes", help="Memory that Redis uses.")
REDIS_MEMORY_MAX = Gauge(name="redis_memory_max_bytes", source=_R, unit="bytes", help="maxmemory; 0 is no limit.")
REDIS_CLIENTS = Gauge(name="redis_connected_clients", source=_R, unit="connections", help="Client connections.")
REDIS_BLOCKED_CLIENTS = Gauge(
    name="redis_blocked_clients", source=_R, unit="connections", help="Clients in a blocking call."
)
REDIS_REJECTED = Counter(
    name="redis_rejected_connections_total", source=_R, unit="connections", help="Connections refused over maxclients."
)
REDIS_EVICTED = Counter(name="redis_evicted_keys_total", source=_R, unit="keys", help="Keys dropped over maxmemory.")
REDIS_COMMANDS = Counter(
    name="redis_commands_processed_total", source=_R, unit="commands", help="Commands that Redis has run."
)
REDIS_CALLS = Counter(
    name="redis_commands_total", label_set=(Label("cmd"),), source=_R, unit="commands",
    help="Calls per command; asynq does nearly everything by eval and evalsha.",
)  # fmt: skip
REDIS_CPU_SYS = Counter(name="redis_cpu_sys_seconds_total", source=_R, unit="seconds", help="CPU time in the kernel.")
REDIS_CPU_USER = Counter(
    name="redis_cpu_user_seconds_total", source=_R, unit="seconds", help="CPU time in Redis itself."
)
REDIS_NET_IN = Counter(name="redis_net_input_bytes_total", source=_R, unit="bytes", help="Bytes received.")
REDIS_NET_OUT = Counter(name="redis_net_output_bytes_total", source=_R, unit="bytes", help="Bytes sent.")
REDIS_FRAGMENTATION = Gauge(
    name="redis_mem_fragmentation_ratio", source=_R, unit="ratio", help="Resident over used memory."
)
REDIS_RDB_STATUS = Gauge(
    name="redis_rdb_last_bgsave_status", source=_R, maximum=1, help="1 if the last snapshot was written."
)
REDIS_AOF_WRITE_STATUS = Gauge(
    name="redis_aof_last_write_status", source=_R, maximum=1, help="1 if the last append to the AOF was written."
)
REDIS_INFO = Gauge(
    name="redis_instance_info",
    label_set=(Label("maxmemory_policy"), Label("redis_version"), Label("role")), source=_R, maximum=1,
    help="Always 1; the labels tell version, role and eviction policy.",
)  # fmt: skip

# cAdvisor and kube-state-metrics
CONTAINER_CPU_PERIODS = Counter(
    name="container_cpu_cfs_periods_total",
    label_set=CONTAINER,
    source=_K,
    unit="periods",
    help="CPU periods with work.",
)
CONTAINER_CPU_THROTTLED = Counter(
    name="container_cpu_cfs_throttled_periods_total", label_set=CONTAINER, source=_K, unit="periods",
    help="CPU periods in which the container had to stop at its limit.",
)  # fmt: skip
CONTAINER_MEMORY = Gauge(
    name="container_memory_working_set_bytes", label_set=CONTAINER, source=_K, unit="bytes",
    help="Memory that counts against the limit.",
)  # fmt: skip
CONTAINER_MEMORY_LIMIT = Gauge(
    name="container_spec_memory_limit_bytes", label_set=CONTAINER, source=_K, unit="bytes", help="The limit; 0 is none."
)
KUBE_TERMINATED_REASON = Gauge(
    name="kube_pod_container_status_last_terminated_reason",
    label_set=(*CONTAINER, Label("reason")), source=_K, maximum=1,
    help="1 for the reason of the container's last end.",
)  # fmt: skip
KUBE_RESTARTS = Counter(
    name="kube_pod_container_status_restarts_total", label_set=CONTAINER, source=_K, unit="restarts",
    help="Restarts of the container.",
)  # fmt: skip

# Prometheus and Alertmanager
PROMETHEUS_RULE_FAILURES = Counter(
    name="prometheus_rule_evaluation_failures_total", label_set=(Label("rule_group"),), source=_P, unit="evaluations",
    help="Evaluations of rules that failed.",
)  # fmt: skip
PROMETHEUS_RULE_MISSED = Counter(
    name="prometheus_rule_group_iterations_missed_total",
    label_set=(Label("rule_group"),), source=_P, unit="evaluations",
    help="Cycles of a rule group that were left out because the one before took too long.",
)  # fmt: skip
PROMETHEUS_RULE_DURATION = Gauge(
    name="prometheus_rule_group_last_duration_seconds", label_set=(Label("rule_group"),), source=_P, unit="seconds",
    help="How long the last cycle of a rule group took.",
)  # fmt: skip
PROMETHEUS_ALERTMANAGERS = Gauge(
    name="prometheus_notifications_alertmanagers_discovered", source=_P, unit="alertmanagers",
    help="Alertmanagers that Prometheus knows.",
)  # fmt: skip
PROMETHEUS_NOTIFICATIONS_SENT = Counter(
    name="prometheus_notifications_sent_total", label_set=(Label("alertmanager"),), source=_P, unit="alerts",
    help="Alerts sent to an Alertmanager.",
)  # fmt: skip
PROMETHEUS_NOTIFICATIONS_ERRORS = Counter(
    name="prometheus_notifications_errors_total", label_set=(Label("alertmanager"),), source=_P, unit="alerts",
    help="Alerts that could not be sent.",
)  # fmt: skip
PROMETHEUS_NOTIFICATIONS_DROPPED = Counter(
    name="prometheus_notifications_dropped_total", label_set=(Label("alertmanager"),), source=_P, unit="alerts",
    help="Alerts that no Alertmanager took; newer versions count those that each Alertmanager did not take.",
)  # fmt: skip
ALERTMANAGER_NOTIFICATIONS = Counter(
    name="alertmanager_notifications_total", label_set=(Label("integration"),), source=_A, unit="notifications",
    help="Notifications that Alertmanager tried to send.",
)  # fmt: skip
ALERTMANAGER_NOTIFICATIONS_FAILED = Counter(
    name="alertmanager_notifications_failed_total", label_set=(Label("integration"), Label("reason")), source=_A,
    unit="notifications", help="Notifications that could not be sent.",
)  # fmt: skip

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Gauge | Counter))
