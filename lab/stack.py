"""The lab as a whole: everything is started, everything is stopped.

python -m lab.stack --seconds 60
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from lab.fleet import NORMAL_TRAFFIC, Fleet, Shape
from lab.messages import Message
from lab.processes import LabError, Ports, stop_all, until
from lab.programs import Worker
from lab.settings import Settings
from lab.sinks import Sinks

__all__ = ["NORMAL_TRAFFIC", "Lab", "LabError", "Message", "Shape"]

_TARGETS_WITHIN = 60.0


class Lab:
    """A real asynq system with its monitoring, from ``with Lab(folder) as lab`` to the end of the block.

    All listens on the loopback interface, on ports that no other lab has; configuration, data and
    logs are in ``folder``. Everything that was started is stopped, also by an exception, Ctrl-C or
    SIGTERM; after SIGKILL the kernel stops it. A lab belongs to the thread that made it.

    Raises:
        LabError: a program is missing, or does not start; the text has the end of its log.
    """

    def __init__(self, folder: Path, factor: int = 20, shape: Shape | None = None) -> None:
        self.folder = folder.resolve()
        self.factor = factor
        self.shape = Shape() if shape is None else shape
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ports = Ports()
        self._sinks = Sinks(self._ports)
        self._settings = Settings(self.folder, factor, self._sinks)
        self._fleet = Fleet(self.shape, self.folder, self._ports, self._settings)
        self._handlers: dict[signal.Signals, object] = {}
        self.redis = self._fleet.redis
        self.workers = self._fleet.workers
        self.producer = self._fleet.producer
        self.exporters = self._fleet.exporters
        self.redis_exporter = self._fleet.redis_exporter
        self.node_exporter = self._fleet.node_exporter
        self.prometheus = self._fleet.prometheus
        self.alertmanager = self._fleet.alertmanager
        self.uninhibited = self._fleet.uninhibited
        """The second Alertmanager, whose configuration has no inhibit rules."""

    def __enter__(self) -> Self:
        self._on_signals(_exit)
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the two Alertmanagers have sent, in order."""
        return self._sinks.messages

    @property
    def pids(self) -> tuple[int, ...]:
        """Every process id that a program of the lab has had."""
        return tuple(pid for process in self._fleet for pid in process.pids)

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Name and port of every program."""
        return tuple((process.name, process.port) for process in self._fleet)

    def now(self) -> float:
        """Real unix seconds."""
        return time.time()

    def sleep(self, scaled_seconds: float) -> None:
        """Let so many seconds of production time pass."""
        time.sleep(max(0.0, scaled_seconds) / self.factor)

    def pause(self, queue: str) -> None:
        """Pause a queue, through asynq's Inspector in the producer."""
        self.producer.pause(queue)

    def unpause(self, queue: str) -> None:
        """Let a queue go on."""
        self.producer.unpause(queue)

    def add_worker(
        self,
        queues: Mapping[str, int] | None = None,
        concurrency: int | None = None,
        strict: bool | None = None,
    ) -> Worker:
        """Start one worker more; what is not given is as in the shape. Prometheus sees it within 5 real seconds."""
        worker = self._fleet.add_worker(
            self.shape.queues if queues is None else queues,
            self.shape.concurrency if concurrency is None else concurrency,
            self.shape.strict if strict is None else strict,
        )
        worker.start()
        self._settings.write_targets(self._fleet.jobs())
        return worker

    def _start(self) -> None:
        self._sinks.start()
        self._settings.write(self._fleet.alertmanagers())
        self._settings.write_targets(self._fleet.jobs())
        self.redis.start()
        processes = tuple(self._fleet.started_at_first())
        for process in processes:
            process.spawn()
        for process in processes:
            process.wait_until_ready()
        until(lambda: not self._not_up(), lambda: f"targets are not up: {self._not_up()}", _TARGETS_WITHIN)

    def _not_up(self) -> str:
        up = {(one["metric"]["job"], one["metric"]["instance"]) for one in self.prometheus.query("up == 1")}
        targets = {(job, address) for job, addresses in self._fleet.jobs().items() for address in addresses}
        return ", ".join(f"{job} {address}" for job, address in sorted(targets - up))

    def _stop(self) -> None:
        self._on_signals(signal.SIG_IGN)
        try:
            stop_all(self._fleet)
            self._sinks.stop()
            self._ports.close()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal has returned
            self._handlers.clear()

    def _on_signals(self, handler: object) -> None:
        """Ctrl-C and SIGTERM end the block in order; once it ends, they do not disturb that."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, handler)  # type: ignore[arg-type] # a handler or SIG_IGN
            self._handlers.setdefault(number, before)


def _exit(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def main() -> None:
    """Start a lab, say what it does, stop it."""
    parser = argparse.ArgumentParser(prog="python -m lab.stack", description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (real seconds)")
    parser.add_argument("--factor", type=int, default=20, help="how much faster than production")
    parser.add_argument("--folder", type=Path, help="where configuration, data and logs go; kept")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="asynq-lab-") as scratch,
        Lab(given.folder or Path(scratch), given.factor) as lab,
    ):
        for name, port in lab.addresses:
            print(f"{name:26} 127.0.0.1:{port}", flush=True)
        time.sleep(given.seconds)
        rate = lab.prometheus.query(f"sum by (queue) (rate(asynq_tasks_processed_total[{given.seconds * 0.8:.0f}s]))")
        for one in rate:
            print(f"queue {one['metric']['queue']}: {float(one['value'][1]):.1f} tasks/s")
        for one in lab.prometheus.query("ALERTS"):
            print(
                "alert",
                {
                    k: v
                    for k, v in one["metric"].items()
                    if k in ("alertname", "alertstate", "severity", "queue", "instance")
                },
            )
        for message in lab.messages:
            print(f"{message.channel} inhibited={message.inhibited} firing={message.firing}: {message.title}")


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"lab: {error}")
