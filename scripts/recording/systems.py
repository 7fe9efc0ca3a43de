"""What surrounds the queues of the story: worker processes, hosts, Redis, Kubernetes, Prometheus and Alertmanager."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import pairwise

from story import END, FLOOD, HOSTS, OUTAGE, QUEUES, START, STEP, TIMES, WORKERS, Moment, Series, counter, gauge, summed


def all_series(told: dict[str, list[Moment]]) -> Iterator[Series]:
    """Every series beside those of asynq itself."""
    yield from _processes(told)
    yield from _hosts()
    yield from _redis(told)
    yield from _kubernetes()
    yield from _monitoring()


def _processes(told: dict[str, list[Moment]]) -> Iterator[Series]:
    total = [sum(told[queue.name][i].active for queue in QUEUES) for i in range(len(TIMES))]
    for index, instance in enumerate(WORKERS):
        target = {"job": "asynq-worker", "instance": instance}
        rnd = random.Random(instance)
        part = (0.4, 0.35, 0.25)[index]
        started = [float(START - 7200) if t < END - 4 * 3600 or index != 1 else float(END - 4 * 3600) for t in TIMES]
        yield gauge(
            "up", target, [0.0 if index == 1 and END - 4 * 3600 - 90 < t < END - 4 * 3600 else 1.0 for t in TIMES]
        )
        yield gauge("process_start_time_seconds", target, started)
        cpu = [0.05 + n * part * 0.06 * rnd.uniform(0.8, 1.2) for n in total]
        yield counter("process_cpu_seconds_total", target, summed([c * STEP for c in cpu[1:]]))
        memory = [
            1.4e8 + 4e7 * index + 6e6 * ((t // 60 + 7 * index) % 12) + 2e6 * n * part
            for t, n in zip(TIMES, total, strict=True)
        ]
        yield gauge("process_resident_memory_bytes", target, memory)
        yield gauge("process_open_fds", target, [30 + round(n * part * 2) for n in total])
        yield gauge("process_max_fds", target, [1024.0 for _ in TIMES])
        yield gauge("go_goroutines", target, [46 + round(n * part * 3) for n in total])
        yield gauge("go_sched_gomaxprocs_threads", target, [4.0 for _ in TIMES])
        yield gauge("go_gc_gogc_percent", target, [100.0 for _ in TIMES])
        yield gauge("go_gc_gomemlimit_bytes", target, [9.223372036854776e18 for _ in TIMES])
        for way, scale in (("receive", 9e4), ("transmit", 6e4)):
            amount = [scale * (1 + n * part) * STEP * rnd.uniform(0.8, 1.2) for n in total[1:]]
            yield counter(f"process_network_{way}_bytes_total", target, summed(amount))


def _hosts() -> Iterator[Series]:
    for index, instance in enumerate(HOSTS):
        target = {"job": "node", "instance": instance}
        rnd = random.Random(instance)
        busy = [0.28 + 0.1 * math.sin(t / 4000 + index) + rnd.uniform(-0.04, 0.04) for t in TIMES][1:]
        for core in ("0", "1", "2", "3"):
            for mode, share in (("idle", None), ("user", 0.7), ("system", 0.3)):
                grown = [(1 - b if share is None else b * share) * STEP for b in busy]
                yield counter("node_cpu_seconds_total", {**target, "cpu": core, "mode": mode}, summed(grown))
        yield gauge("node_memory_MemTotal_bytes", target, [16.0 * 2**30 for _ in TIMES])
        yield gauge("node_memory_MemAvailable_bytes", target, [2**30 * (9 - index + math.sin(t / 3000)) for t in TIMES])
        for way, scale in (("receive", 6e6), ("transmit", 4e6)):
            grown = [scale * STEP * (0.6 + b) for b in busy]
            yield counter(f"node_network_{way}_bytes_total", {**target, "device": "eth0"}, summed(grown))
        yield gauge("node_network_speed_bytes", {**target, "device": "eth0"}, [1.25e8 for _ in TIMES])
        disk = {**target, "device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"}
        yield gauge("node_filesystem_size_bytes", disk, [1e11 for _ in TIMES])
        yield gauge("node_filesystem_avail_bytes", disk, [6e10 - index * 1e10 - (t - START) * 2e4 for t in TIMES])
        yield counter("node_pressure_cpu_waiting_seconds_total", target, summed([b * 0.1 * STEP for b in busy]))


def _redis(told: dict[str, list[Moment]]) -> Iterator[Series]:
    target = {"job": "redis", "instance": "redis-1:9121"}
    rnd = random.Random("redis")
    held = [
        sum((told[q.name][i].pending + told[q.name][i].retry) * q.payload for q in QUEUES) for i in range(len(TIMES))
    ]
    done = [sum(told[q.name][i].processed for q in QUEUES) for i in range(len(TIMES))]
    for name, value in (("redis_up", 1), ("redis_rdb_last_bgsave_status", 1), ("redis_aof_last_write_status", 1)):
        yield gauge(name, target, [float(value) for _ in TIMES])
    yield gauge("redis_memory_used_bytes", target, [3.2e8 + n for n in held])
    yield gauge("redis_memory_max_bytes", target, [5.4e8 for _ in TIMES])
    yield gauge("redis_connected_clients", target, [64 + rnd.randint(0, 6) for _ in TIMES])
    yield gauge("redis_blocked_clients", target, [0.0 for _ in TIMES])
    yield gauge("redis_mem_fragmentation_ratio", target, [1.12 + rnd.uniform(-0.02, 0.02) for _ in TIMES])
    info = {"maxmemory_policy": "noeviction", "redis_version": "7.0.15", "role": "master"}
    yield gauge("redis_instance_info", {**target, **info}, [1.0 for _ in TIMES])
    grown = [(b - a) * rnd.uniform(0.95, 1.05) for a, b in pairwise(done)]
    for command in ("evalsha", "info"):
        own = {**target, "cmd": command}
        yield counter("redis_commands_total", own, summed([n * 4 if command == "evalsha" else 1.0 for n in grown]))
    for name, scale in (
        ("redis_commands_processed_total", 9),
        ("redis_cpu_sys_seconds_total", 0.0006),
        ("redis_cpu_user_seconds_total", 0.0011),
        ("redis_net_input_bytes_total", 2600),
        ("redis_net_output_bytes_total", 1900),
        ("redis_evicted_keys_total", 0),
        ("redis_rejected_connections_total", 0),
    ):
        yield counter(name, target, summed([n * scale for n in grown]))


def _kubernetes() -> Iterator[Series]:
    for index in range(3):
        own = {
            "job": "kubelet",
            "instance": HOSTS[index % 2],
            "namespace": "shop",
            "pod": f"asynq-worker-{index}",
            "container": "worker",
        }
        wave = [0.02 + 0.02 * (1 + math.sin(t / 2500 + index)) for t in TIMES][1:]
        yield counter("container_cpu_cfs_periods_total", own, summed([10 * STEP for _ in wave]))
        yield counter("container_cpu_cfs_throttled_periods_total", own, summed([10 * STEP * w for w in wave]))
        yield gauge(
            "container_memory_working_set_bytes", own, [1.5e8 + 3e7 * index + 2e7 * math.sin(t / 2000) for t in TIMES]
        )
        yield gauge("container_spec_memory_limit_bytes", own, [5.4e8 for _ in TIMES])
        yield counter(
            "kube_pod_container_status_restarts_total", own, [float(index == 1 and t > END - 4 * 3600) for t in TIMES]
        )
        reason = {**own, "reason": "OOMKilled"}
        yield gauge(
            "kube_pod_container_status_last_terminated_reason",
            reason,
            [float(index == 1 and t > END - 4 * 3600) for t in TIMES],
        )


def _monitoring() -> Iterator[Series]:
    prometheus = {"job": "prometheus", "instance": "prometheus-1:9090"}
    rnd = random.Random("monitoring")
    groups = {"recording": 4.1, "waiting": 2.2, "stalls": 1.4, "failures": 2.7, "workers": 0.9}
    for group, usual in groups.items():
        own = {**prometheus, "rule_group": f"/etc/prometheus/rules/{group}.yaml;asynq-{group}"}
        yield gauge(
            "prometheus_rule_group_last_duration_seconds", own, [usual / 1000 * rnd.uniform(0.9, 1.15) for _ in TIMES]
        )
        yield counter("prometheus_rule_evaluation_failures_total", own, [0.0 for _ in TIMES])
        yield counter("prometheus_rule_group_iterations_missed_total", own, [0.0 for _ in TIMES])
    yield counter("prometheus_notifications_dropped_total", prometheus, [0.0 for _ in TIMES])
    yield gauge("prometheus_notifications_alertmanagers_discovered", prometheus, [2.0 for _ in TIMES])
    for index in range(2):
        own = {**prometheus, "alertmanager": f"http://alertmanager-{index + 1}:9093/api/v2/alerts"}
        yield counter("prometheus_notifications_sent_total", own, summed([rnd.uniform(0.2, 1) for _ in TIMES][1:]))
        yield counter("prometheus_notifications_errors_total", own, [0.0 for _ in TIMES])
    alertmanager = {"job": "alertmanager", "instance": "alertmanager-1:9093"}
    for integration in ("slack", "pagerduty", "webhook", "email"):
        own = {**alertmanager, "integration": integration}
        sent = [float(rnd.random() < (0.4 if OUTAGE[0] < t < OUTAGE[1] or t > FLOOD else 0.03)) for t in TIMES][1:]
        yield counter("alertmanager_notifications_total", own, summed(sent))
        failed = [float(integration == "email" and t == OUTAGE[0]) for t in TIMES][1:]
        yield counter("alertmanager_notifications_failed_total", {**own, "reason": "other"}, summed(failed))
