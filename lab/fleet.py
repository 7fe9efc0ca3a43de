"""Which programs a lab consists of, with which commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import Factory, frozen

from lab.processes import HOST, Ports, Process, flags
from lab.programs import Alertmanager, Producer, Prometheus, Worker
from lab.redis import Redis
from lab.settings import Settings
from lab.sinks import INHIBITED, UNINHIBITED
from lab.tools import go_programs, program

__all__ = ["NORMAL_TRAFFIC", "Fleet", "Shape"]

NORMAL_TRAFFIC: Mapping[str, Mapping[str, float]] = {
    "critical": {"order:pay": 4.0},
    "default": {"email:send": 8.0},
    "low": {"report:build": 2.0},
}
"""Tasks per real second, by queue and task type."""

_GO_REDIS_TIMEOUT_MS = 3_000
_PRIORITIES: Mapping[str, int] = {"critical": 6, "default": 3, "low": 1}


@frozen(kw_only=True)
class Shape:
    """What a scenario asks of its lab.

    ``queues`` are priorities; ``exporters`` how many processes serve the queue metrics;
    ``redis_config`` are settings of ``redis.conf``; without ``producer`` there is neither traffic
    nor a scheduler, nor can queues be paused. ``host_cpu`` shows the CPU of the host, which a lab
    must then have for itself.
    """

    workers: int = 2
    concurrency: int = 10
    queues: Mapping[str, int] = Factory(lambda: dict(_PRIORITIES))
    strict: bool = False
    exporters: int = 1
    redis_config: Mapping[str, str] = Factory(dict)
    producer: bool = True
    scheduler: bool = True
    host_cpu: bool = False


class Fleet:
    """The programs of one lab; none is started here."""

    def __init__(self, shape: Shape, folder: Path, ports: Ports, settings: Settings) -> None:
        self._shape, self._folder, self._ports, self._settings = shape, folder, ports, settings
        self._binaries = go_programs()
        self._factor = settings.pace.factor
        # Scaled like the scrape timeout, so that the scrape of a hanging Redis looks as it does in production.
        self._scrape_of_redis = settings.pace.ms(_GO_REDIS_TIMEOUT_MS)
        self.redis = Redis(folder, ports.take(), shape.redis_config)
        self.workers: list[Worker] = []
        for _ in range(shape.workers):
            self.add_worker(shape.queues, shape.concurrency, shape.strict)
        self.exporters = [self._exporter(f"exporter-{n}") for n in range(1, shape.exporters + 1)]
        self.producer = self._producer()
        self.redis_exporter = self._redis_exporter()
        self.node_exporter = self._node_exporter()
        self.alertmanager = self._alertmanager("alertmanager", INHIBITED)
        self.uninhibited = self._alertmanager("alertmanager-uninhibited", UNINHIBITED)
        self.prometheus = self._prometheus()

    def __iter__(self) -> Iterator[Process]:
        """Every program, in the order in which they stop."""
        yield from (self.prometheus, self.alertmanager, self.uninhibited, self.producer, *self.workers)
        yield from (*self.exporters, self.redis_exporter, self.node_exporter, self.redis)

    def started_at_first(self) -> Iterator[Process]:
        """Those that a lab starts with, but for Redis, which the others need."""
        return (p for p in self if p is not self.redis and (p is not self.producer or self._shape.producer))

    def jobs(self) -> dict[str, list[str]]:
        """Prometheus' targets by job."""
        jobs: dict[str, Iterable[Process]] = {
            "asynq-worker": self.workers,
            "asynq-exporter": self.exporters,
            "shop-producer": (self.producer,) if self._shape.producer else (),
            "redis-exporter": (self.redis_exporter,),
            "node": (self.node_exporter,),
            "prometheus": (self.prometheus,),
            "alertmanager": (self.alertmanager,),
        }
        return {job: [f"{HOST}:{p.port}" for p in processes] for job, processes in jobs.items()}

    def alertmanagers(self) -> tuple[str, str]:
        """Whom Prometheus tells of alerts."""
        return f"{HOST}:{self.alertmanager.port}", f"{HOST}:{self.uninhibited.port}"

    def add_worker(self, queues: Mapping[str, int], concurrency: int, strict: bool) -> Worker:
        """One worker more."""
        worker = Worker(
            f"worker-{len(self.workers) + 1}",
            self._binaries / "worker",
            self._folder,
            port=self._ports.take(),
            redis=self.redis.address,
            factor=self._factor,
            queues=queues,
            concurrency=concurrency,
            strict=strict,
        )
        self.workers.append(worker)
        return worker

    def _exporter(self, name: str) -> Process:
        port = self._ports.take()
        given = {
            "listen": f"{HOST}:{port}",
            "redis": self.redis.address,
            "redis-timeout": self._scrape_of_redis,
        }
        command = (str(self._binaries / "exporter"), *flags(given, "-"))
        return Process(name, command, self._folder, port=port, ready="/healthz")

    def _producer(self) -> Producer:
        port = self._ports.take()
        given = {
            "listen": f"{HOST}:{port}",
            "redis": self.redis.address,
            "factor": self._factor,
            "servers-timeout": self._scrape_of_redis,
            "scheduler": str(self._shape.scheduler).lower(),
        }
        command = (str(self._binaries / "producer"), *flags(given, "-"))
        return Producer("producer", command, self._folder, port=port, knobs={"rates": NORMAL_TRAFFIC})

    def _redis_exporter(self) -> Process:
        port = self._ports.take()
        given = {
            "web.listen-address": f"{HOST}:{port}",
            "redis.addr": self.redis.url,
            # Below the scrape timeout: redis_up is 0, not the exporter's up.
            "connection-timeout": self._settings.pace.ms(8_000),
            "redis-only-metrics": "true",
        }
        command = (program("prometheus-redis-exporter"), *flags(given, "-"))
        return Process("redis-exporter", command, self._folder, port=port, ready="/health")

    def _node_exporter(self) -> Process:
        port = self._ports.take()
        collectors = ["filesystem", "meminfo", "netclass", "netdev"]
        collectors += ["cpu", "pressure"] if self._shape.host_cpu else []
        command = (
            program("prometheus-node-exporter"),
            f"--web.listen-address={HOST}:{port}",
            "--collector.disable-defaults",
            "--web.disable-exporter-metrics",
            *(f"--collector.{name}" for name in collectors),
        )
        return Process("node-exporter", command, self._folder, port=port, ready="/")

    def _alertmanager(self, name: str, which: str) -> Alertmanager:
        port = self._ports.take()
        given = {
            "config.file": self._settings.alertmanager(which),
            "storage.path": self._folder / name,
            "web.listen-address": f"{HOST}:{port}",
            "web.external-url": f"http://{HOST}:{port}",
            "cluster.listen-address": "",
        }
        command = (program("prometheus-alertmanager"), *flags(given))
        return Alertmanager(name, command, self._folder, port=port, ready="/-/ready")

    def _prometheus(self) -> Prometheus:
        port = self._ports.take()
        given = {
            "config.file": self._settings.prometheus,
            "storage.tsdb.path": self._folder / "prometheus",
            "storage.tsdb.retention.time": "1d",
            "web.listen-address": f"{HOST}:{port}",
            "web.external-url": f"http://{HOST}:{port}",
            **self._settings.pace.prometheus_flags(),
        }
        command = (program("prometheus"), *flags(given))
        return Prometheus("prometheus", command, self._folder, port=port, ready="/-/ready")
