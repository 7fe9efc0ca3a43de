"""A made-up deployment over six hours, seeded: what five queues, their workers, hosts and Redis would have exported.

Slow handlers in the middle; at the end a mail server that is down, a flood of reports, and a queue
that somebody paused: enough for every panel to have something to show.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

END = 1_768_478_400
"""The last moment: 2026-01-15 12:00 UTC."""
HOURS = 6
STEP = 30
"""Seconds between two scrapes."""
START = END - HOURS * 3600
WARM_UP = 1200
"""Seconds before START that give rates their first values."""
TIMES = range(START - WARM_UP, END + 1, STEP)

EXPORTERS = ("exporter-1:9876", "exporter-2:9876")
WORKERS = ("node-1:2112", "node-1:2113", "node-2:2112")
HOSTS = ("node-1:9100", "node-2:9100")
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

OUTAGE = (END - 2700, END + STEP)
FLOOD = END - 1500
PAUSED = END - 720
SLOW = (END - 3 * 3600, END - 3 * 3600 + 1500)

Labels = tuple[tuple[str, str], ...]


@dataclass
class Series:
    """One series: values at TIMES, None where it was not scraped."""

    name: str
    kind: str
    labels: dict[str, str]
    values: list[float | None] = field(default_factory=list)


@dataclass(frozen=True)
class QueueStory:
    """What a queue is like when nothing is wrong; ``types`` are task types with share and median seconds."""

    name: str
    rate: float
    capacity: float
    types: tuple[tuple[str, float, float], ...]
    payload: int = 900


QUEUES = (
    QueueStory("critical", 18, 60, (("payment:capture", 0.7, 0.09), ("payment:refund", 0.3, 0.2))),
    QueueStory("default", 42, 90, (("image:resize", 0.6, 0.4), ("index:update", 0.4, 0.05)), 2400),
    QueueStory("emails", 12, 40, (("email:deliver", 1.0, 0.25),)),
    QueueStory("reports", 1.6, 5, (("report:render", 1.0, 2.2),), 5200),
    QueueStory("newsletter", 3, 20, (("newsletter:send", 1.0, 0.12),)),
)


@dataclass
class Moment:
    """A queue at one scrape."""

    pending: float = 0
    active: float = 0
    retry: float = 0
    archived: float = 0
    scheduled: float = 0
    completed: float = 0
    wait: float = 0
    processed: float = 0
    failed: float = 0
    given_up: float = 0
    paused: bool = False


def _arrivals(queue: QueueStory, t: int, rnd: random.Random) -> float:
    """New tasks per second: a slow wave, noise, an hourly batch of reports, the flood at the end."""
    wave = 1 + 0.25 * math.sin((t - START) / 5400 + len(queue.name))
    rate = queue.rate * wave * rnd.uniform(0.85, 1.15)
    if queue.name == "reports":
        rate += 9 if t % 3600 < 240 else 0
        rate += 6.5 if t > FLOOD else 0
    return rate


def _failure_share(queue: QueueStory, t: int) -> float:
    if queue.name == "emails" and OUTAGE[0] <= t < OUTAGE[1]:
        return 0.98
    return {"emails": 0.012, "default": 0.006, "reports": 0.02}.get(queue.name, 0.002)


def _capacity(queue: QueueStory, t: int) -> float:
    if queue.name == "newsletter" and t >= PAUSED:
        return 0
    if queue.name == "default" and SLOW[0] <= t < SLOW[1]:
        return queue.capacity * 0.4
    return queue.capacity


def moments(queue: QueueStory) -> list[Moment]:
    """The queue at every scrape, as a fluid that flows from state to state."""
    rnd = random.Random(queue.name)
    now = Moment(archived=rnd.randint(2, 40))
    came: list[float] = []
    total_in = total_out = 0.0
    out = []
    for t in TIMES:
        back = now.retry * STEP / 90
        arriving = _arrivals(queue, t, rnd) * STEP + back
        total_in += arriving
        came.append(total_in)
        done = min(now.pending + arriving, _capacity(queue, t) * STEP)
        total_out += done
        failed = done * _failure_share(queue, t) * rnd.uniform(0.97, 1.02)
        failed = min(failed, done)
        given_up = failed * 0.006 if failed > 20 else float(rnd.random() < failed * 0.0005)
        now.pending += arriving - done
        now.retry += failed - given_up - back
        now.archived += given_up
        now.given_up += given_up
        now.processed += done
        now.failed += failed
        now.completed = 0.95 * now.completed + (done - failed) * 0.1
        now.scheduled = 40 + 15 * math.sin(t / 900 + len(queue.name)) if queue.name != "critical" else 0
        now.paused = queue.name == "newsletter" and t >= PAUSED
        busy = done / STEP * sum(share * median * 1.3 for _, share, median in queue.types)
        now.active = 0 if now.paused else busy * rnd.uniform(0.7, 1.3)
        now.wait = rnd.uniform(0, 1.2) if now.pending < 1 else _age(came, total_out)
        out.append(Moment(**{**vars(now), "pending": now.pending if now.pending >= 1 else rnd.randint(0, 6)}))
    return out


def _age(came: list[float], gone: float) -> float:
    """Seconds since the task that is next in line came, when ``came`` are totals per scrape and ``gone`` have left."""
    index = bisect_right(came, gone)
    before = came[index - 1] if index else 0.0
    within = (gone - before) / (came[index] - before) if index < len(came) else 1.0
    return max(0.0, (len(came) - index - within) * STEP)


def all_series() -> Iterator[Series]:
    """Every series of the story."""
    told = {queue.name: moments(queue) for queue in QUEUES}
    yield from _collector(told)
    yield from _instrumentation(told)
    yield from _processes(told)
    yield from _hosts()
    yield from _redis(told)
    yield from _kubernetes()
    yield from _monitoring()


def _collector(told: dict[str, list[Moment]]) -> Iterator[Series]:
    states = ("active", "pending", "scheduled", "retry", "archived", "completed")
    for instance in EXPORTERS:
        target = {"job": "asynq-exporter", "instance": instance}
        for queue in QUEUES:
            own = {**target, "queue": queue.name}
            story = told[queue.name]
            for state in states:
                yield _gauge(
                    "asynq_tasks_enqueued_total", {**own, "state": state}, [round(getattr(m, state)) for m in story]
                )
            size = [
                sum(round(getattr(m, state)) for state in states) + (7 * (i // 8 % 2) if queue.name == "default" else 0)
                for i, m in enumerate(story)
            ]
            yield _gauge("asynq_queue_size", own, size)
            yield _gauge("asynq_queue_latency_seconds", own, [m.wait for m in story])
            yield _gauge("asynq_queue_memory_usage_approx_bytes", own, [4096 + n * queue.payload for n in size])
            yield _gauge("asynq_queue_paused_total", own, [float(m.paused) for m in story])
            yield _counter("asynq_tasks_processed_total", own, [5e6 + round(m.processed) for m in story])
            yield _counter("asynq_tasks_failed_total", own, [4e4 + round(m.failed) for m in story])
        rnd = random.Random(instance)
        yield _gauge("up", target, [1.0 for _ in TIMES])
        yield _gauge("scrape_duration_seconds", target, [0.012 * rnd.uniform(0.7, 1.6) for _ in TIMES])
        yield _gauge("scrape_samples_scraped", target, [12.0 * len(QUEUES) + 35 for _ in TIMES])


def _below(bound: float, median: float) -> float:
    """Share of durations at or below the bound: log-normal around the median."""
    return 0.5 * (1 + math.erf(math.log(bound / median) / (0.6 * math.sqrt(2))))


def _instrumentation(told: dict[str, list[Moment]]) -> Iterator[Series]:
    for queue in QUEUES:
        story = told[queue.name]
        steps = [
            (b.processed - a.processed, b.failed - a.failed, b.given_up - a.given_up, b) for a, b in pairwise(story)
        ]
        for task_type, share, median in queue.types:
            own = {"queue": queue.name, "task_type": task_type}
            for index, instance in enumerate(WORKERS):
                part = share * (0.4, 0.35, 0.25)[index]
                target = {"job": "asynq-worker", "instance": instance, **own}
                yield from _histogram("asynq_task_duration_seconds", target, queue, median, steps, part)
                yield from _histogram("asynq_task_wait_seconds", target, queue, None, steps, part)
                amounts = {
                    "succeeded": [(d - f) * part for d, f, _, _ in steps],
                    "retried": [(f - g) * part for _, f, g, _ in steps],
                    "archived": [g * part for _, _, g, _ in steps],
                    "revoked": [0.0 for _ in steps],
                    "skipped": [0.0 for _ in steps],
                }
                for outcome, amount in amounts.items():
                    yield _counter("asynq_task_outcomes_total", {**target, "outcome": outcome}, _summed(amount))
                yield _gauge("asynq_task_in_progress", target, [round(m.active * part) for m in story])
                rnd = random.Random(f"{task_type}{instance}")
                started = [
                    t - median * rnd.uniform(0.1, 3) if round(m.active * part) else 0.0
                    for t, m in zip(TIMES, story, strict=True)
                ]
                yield _gauge("asynq_task_oldest_in_progress_start_seconds", target, started)
                last = [
                    float(t - rnd.randint(0, 20)) if not m.paused else float(PAUSED)
                    for t, m in zip(TIMES, story, strict=True)
                ]
                yield _gauge("asynq_task_last_success_timestamp_seconds", target, last)
            rnd = random.Random(task_type)
            sent = [_arrivals(queue, t, rnd) * share * STEP for t in TIMES][1:]
            for result, portion in (("ok", 0.985), ("duplicate", 0.012), ("conflict", 0.001), ("error", 0.002)):
                labels = {"job": "shop-api", "instance": "api-1:8080", **own, "result": result}
                yield _counter("asynq_client_enqueues_total", labels, _summed([n * portion for n in sent]))
    total = [sum(told[queue.name][i].active for queue in QUEUES) for i in range(len(TIMES))]
    for index, instance in enumerate(WORKERS):
        target = {"job": "asynq-worker", "instance": instance}
        server = {**target, "server": f"worker-{index + 1}"}
        yield _gauge("asynq_server_concurrency", server, [24.0 for _ in TIMES])
        yield _gauge("asynq_server_busy_workers", server, [min(24, round(n * (0.4, 0.35, 0.25)[index])) for n in total])
        yield _gauge("asynq_servers", target, [3.0 for _ in TIMES])
    labels = {"job": "asynq-worker", "instance": WORKERS[0], "task_type": "newsletter:send"}
    yield _counter(
        "asynq_scheduler_enqueue_errors_total", labels, [float(t > OUTAGE[0]) + (t > OUTAGE[1]) for t in TIMES]
    )


def _histogram(
    name: str,
    labels: dict[str, str],
    queue: QueueStory,
    median: float | None,
    steps: list[tuple[float, float, float, Moment]],
    part: float,
) -> Iterator[Series]:
    """``median`` None takes each moment's wait."""
    middles = []
    for t, (_, _, _, moment) in zip(TIMES[1:], steps, strict=True):
        slow = (
            4
            if queue.name == "emails" and OUTAGE[0] <= t < OUTAGE[1]
            else 2.5
            if queue.name == "default" and SLOW[0] <= t < SLOW[1]
            else 1
        )
        middles.append(max(0.3, moment.wait) if median is None else median * slow)
    counts = [done * part for done, *_ in steps]
    for bound in BOUNDS:
        grown = [n * _below(bound, middle) for n, middle in zip(counts, middles, strict=True)]
        yield _counter(f"{name}_bucket", {**labels, "le": str(bound)}, _summed(grown))
    yield _counter(f"{name}_bucket", {**labels, "le": "+Inf"}, _summed(counts))
    yield _counter(f"{name}_count", labels, _summed(counts))
    yield _counter(
        f"{name}_sum", labels, _summed([n * middle * 1.2 for n, middle in zip(counts, middles, strict=True)])
    )


def _processes(told: dict[str, list[Moment]]) -> Iterator[Series]:
    total = [sum(told[queue.name][i].active for queue in QUEUES) for i in range(len(TIMES))]
    for index, instance in enumerate(WORKERS):
        target = {"job": "asynq-worker", "instance": instance}
        rnd = random.Random(instance)
        part = (0.4, 0.35, 0.25)[index]
        started = [float(START - 7200) if t < END - 4 * 3600 or index != 1 else float(END - 4 * 3600) for t in TIMES]
        yield _gauge(
            "up", target, [0.0 if index == 1 and END - 4 * 3600 - 90 < t < END - 4 * 3600 else 1.0 for t in TIMES]
        )
        yield _gauge("process_start_time_seconds", target, started)
        cpu = [0.05 + n * part * 0.06 * rnd.uniform(0.8, 1.2) for n in total]
        yield _counter("process_cpu_seconds_total", target, _summed([c * STEP for c in cpu[1:]]))
        memory = [
            1.4e8 + 4e7 * index + 6e6 * ((t // 60 + 7 * index) % 12) + 2e6 * n * part
            for t, n in zip(TIMES, total, strict=True)
        ]
        yield _gauge("process_resident_memory_bytes", target, memory)
        yield _gauge("process_open_fds", target, [30 + round(n * part * 2) for n in total])
        yield _gauge("process_max_fds", target, [1024.0 for _ in TIMES])
        yield _gauge("go_goroutines", target, [46 + round(n * part * 3) for n in total])
        yield _gauge("go_sched_gomaxprocs_threads", target, [4.0 for _ in TIMES])
        yield _gauge("go_gc_gogc_percent", target, [100.0 for _ in TIMES])
        yield _gauge("go_gc_gomemlimit_bytes", target, [9.223372036854776e18 for _ in TIMES])
        for way, scale in (("receive", 9e4), ("transmit", 6e4)):
            amount = [scale * (1 + n * part) * STEP * rnd.uniform(0.8, 1.2) for n in total[1:]]
            yield _counter(f"process_network_{way}_bytes_total", target, _summed(amount))


def _hosts() -> Iterator[Series]:
    for index, instance in enumerate(HOSTS):
        target = {"job": "node", "instance": instance}
        rnd = random.Random(instance)
        busy = [0.28 + 0.1 * math.sin(t / 4000 + index) + rnd.uniform(-0.04, 0.04) for t in TIMES][1:]
        for core in ("0", "1", "2", "3"):
            for mode, share in (("idle", None), ("user", 0.7), ("system", 0.3)):
                grown = [(1 - b if share is None else b * share) * STEP for b in busy]
                yield _counter("node_cpu_seconds_total", {**target, "cpu": core, "mode": mode}, _summed(grown))
        yield _gauge("node_memory_MemTotal_bytes", target, [16.0 * 2**30 for _ in TIMES])
        yield _gauge(
            "node_memory_MemAvailable_bytes", target, [2**30 * (9 - index + math.sin(t / 3000)) for t in TIMES]
        )
        for way, scale in (("receive", 6e6), ("transmit", 4e6)):
            grown = [scale * STEP * (0.6 + b) for b in busy]
            yield _counter(f"node_network_{way}_bytes_total", {**target, "device": "eth0"}, _summed(grown))
        yield _gauge("node_network_speed_bytes", {**target, "device": "eth0"}, [1.25e8 for _ in TIMES])
        disk = {**target, "device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"}
        yield _gauge("node_filesystem_size_bytes", disk, [1e11 for _ in TIMES])
        yield _gauge("node_filesystem_avail_bytes", disk, [6e10 - index * 1e10 - (t - START) * 2e4 for t in TIMES])
        yield _counter("node_pressure_cpu_waiting_seconds_total", target, _summed([b * 0.1 * STEP for b in busy]))


def _redis(told: dict[str, list[Moment]]) -> Iterator[Series]:
    target = {"job": "redis", "instance": "redis-1:9121"}
    rnd = random.Random("redis")
    held = [
        sum((told[q.name][i].pending + told[q.name][i].retry) * q.payload for q in QUEUES) for i in range(len(TIMES))
    ]
    done = [sum(told[q.name][i].processed for q in QUEUES) for i in range(len(TIMES))]
    for name, value in (("redis_up", 1), ("redis_rdb_last_bgsave_status", 1), ("redis_aof_last_write_status", 1)):
        yield _gauge(name, target, [float(value) for _ in TIMES])
    yield _gauge("redis_memory_used_bytes", target, [3.2e8 + n for n in held])
    yield _gauge("redis_memory_max_bytes", target, [5.4e8 for _ in TIMES])
    yield _gauge("redis_connected_clients", target, [64 + rnd.randint(0, 6) for _ in TIMES])
    yield _gauge("redis_blocked_clients", target, [0.0 for _ in TIMES])
    yield _gauge("redis_mem_fragmentation_ratio", target, [1.12 + rnd.uniform(-0.02, 0.02) for _ in TIMES])
    info = {"maxmemory_policy": "noeviction", "redis_version": "7.0.15", "role": "master"}
    yield _gauge("redis_instance_info", {**target, **info}, [1.0 for _ in TIMES])
    grown = [(b - a) * rnd.uniform(0.95, 1.05) for a, b in pairwise(done)]
    for command in ("evalsha", "info"):
        own = {**target, "cmd": command}
        yield _counter("redis_commands_total", own, _summed([n * 4 if command == "evalsha" else 1.0 for n in grown]))
    for name, scale in (
        ("redis_commands_processed_total", 9),
        ("redis_cpu_sys_seconds_total", 0.0006),
        ("redis_cpu_user_seconds_total", 0.0011),
        ("redis_net_input_bytes_total", 2600),
        ("redis_net_output_bytes_total", 1900),
        ("redis_evicted_keys_total", 0),
        ("redis_rejected_connections_total", 0),
    ):
        yield _counter(name, target, _summed([n * scale for n in grown]))


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
        yield _counter("container_cpu_cfs_periods_total", own, _summed([10 * STEP for _ in wave]))
        yield _counter("container_cpu_cfs_throttled_periods_total", own, _summed([10 * STEP * w for w in wave]))
        yield _gauge(
            "container_memory_working_set_bytes", own, [1.5e8 + 3e7 * index + 2e7 * math.sin(t / 2000) for t in TIMES]
        )
        yield _gauge("container_spec_memory_limit_bytes", own, [5.4e8 for _ in TIMES])
        yield _counter(
            "kube_pod_container_status_restarts_total", own, [float(index == 1 and t > END - 4 * 3600) for t in TIMES]
        )
        reason = {**own, "reason": "OOMKilled"}
        yield _gauge(
            "kube_pod_container_status_last_terminated_reason",
            reason,
            [float(index == 1 and t > END - 4 * 3600) for t in TIMES],
        )


def _monitoring() -> Iterator[Series]:
    prometheus = {"job": "prometheus", "instance": "prometheus-1:9090"}
    rnd = random.Random("monitoring")
    for group in ("recording", "waiting", "stalls", "failures", "workers"):
        own = {**prometheus, "rule_group": f"/etc/prometheus/rules/{group}.yaml;asynq-{group}"}
        yield _gauge("prometheus_rule_group_last_duration_seconds", own, [rnd.uniform(0.001, 0.004) for _ in TIMES])
        yield _counter("prometheus_rule_evaluation_failures_total", own, [0.0 for _ in TIMES])
        yield _counter("prometheus_rule_group_iterations_missed_total", own, [0.0 for _ in TIMES])
    yield _counter("prometheus_notifications_dropped_total", prometheus, [0.0 for _ in TIMES])
    yield _gauge("prometheus_notifications_alertmanagers_discovered", prometheus, [2.0 for _ in TIMES])
    for index in range(2):
        own = {**prometheus, "alertmanager": f"http://alertmanager-{index + 1}:9093/api/v2/alerts"}
        yield _counter("prometheus_notifications_sent_total", own, _summed([rnd.uniform(0.2, 1) for _ in TIMES][1:]))
        yield _counter("prometheus_notifications_errors_total", own, [0.0 for _ in TIMES])
    alertmanager = {"job": "alertmanager", "instance": "alertmanager-1:9093"}
    for integration in ("slack", "pagerduty", "webhook", "email"):
        own = {**alertmanager, "integration": integration}
        sent = [float(rnd.random() < (0.4 if OUTAGE[0] < t < OUTAGE[1] or t > FLOOD else 0.03)) for t in TIMES][1:]
        yield _counter("alertmanager_notifications_total", own, _summed(sent))
        failed = [float(integration == "email" and t == OUTAGE[0]) for t in TIMES][1:]
        yield _counter("alertmanager_notifications_failed_total", {**own, "reason": "other"}, _summed(failed))


def _gauge(name: str, labels: dict[str, str], values: list[float]) -> Series:
    return Series(name, "gauge", labels, list(values))


def _counter(name: str, labels: dict[str, str], values: list[float]) -> Series:
    return Series(name, "counter", labels, list(values))


def _summed(growth: list[float]) -> list[float]:
    """Running totals from 0: one value more than the steps."""
    return list(accumulate((max(amount, 0.0) for amount in growth), initial=0.0))
