"""The programs of a lab that have more to them than starting and stopping."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab.processes import HOST, LabError, Process, flags

__all__ = ["Alertmanager", "Producer", "Prometheus", "Worker", "merged"]

Json = Any
_SHUTDOWN_SECONDS = 8


def merged(old: Mapping[str, Json], new: Mapping[str, Json]) -> dict[str, Json]:
    """Knobs with others merged in, the way the programs merge them."""
    out = dict(old)
    for name, value in new.items():
        before = out.get(name)
        if isinstance(value, Mapping) and before is not None:
            out[name] = merged(before if isinstance(before, Mapping) else {"*": before}, value)
        else:
            out[name] = value
    return out


def ask(url: str, body: Json = None, *, method: str = "POST", within: float = 60.0) -> str:
    """The answer to a request with a JSON body.

    Raises:
        LabError: there is none, or it is an error.
    """
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=within) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise LabError(f"{method} {url}: {error.code} {error.read().decode().strip()}") from None
    except OSError as error:
        raise LabError(f"{method} {url}: {error}") from None


class Knobbed(Process):
    """A program of the lab with knobs; they are turned again when it is started again."""

    def __init__(self, name: str, command: Iterable[str], folder: Path, *, port: int, knobs: Mapping[str, Json]):
        super().__init__(name, command, folder, port=port, ready="/healthz")
        self._base = self.command
        self._knobs: dict[str, Json] = dict(knobs)

    def spawn(self) -> None:
        """Start it with its knobs, and do not wait."""
        self.command = (*self._base, f"-knobs={json.dumps(self._knobs)}")
        super().spawn()

    def set(self, **knobs: Json) -> None:
        """Turn knobs: a bare value is for all task types, a mapping for those that it names."""
        if self.running:
            ask(f"{self.url}/knobs", knobs, method="PUT")
        self._knobs = merged(self._knobs, knobs)


class Worker(Knobbed):
    """An asynq server; the knobs are those of ``lab/cmd/worker/handler.go``."""

    def __init__(
        self,
        name: str,
        binary: Path,
        folder: Path,
        *,
        port: int,
        redis: str,
        factor: int,
        queues: Mapping[str, int],
        concurrency: int,
        strict: bool,
    ):
        self._fixed = (str(binary), f"-listen={HOST}:{port}", f"-redis={redis}", f"-factor={factor}")
        self._flags: dict[str, Json] = {
            "queues": queues,
            "concurrency": concurrency,
            "strict": strict,
            "shutdown_timeout": float(_SHUTDOWN_SECONDS),
        }
        super().__init__(name, self._command(), folder, port=port, knobs={})

    def restart(self, **changed: Json) -> None:
        """End it in order and start it again with other flags.

        They are ``queues``, ``concurrency``, ``strict`` and ``shutdown_timeout`` (real seconds).
        """
        if unknown := changed.keys() - self._flags.keys():
            raise LabError(f"a worker has no flag {', '.join(sorted(unknown))}")
        if self.running:
            self.terminate()
        self._flags.update(changed)
        self._base = tuple(self._command())
        self.start()

    def terminate(self, within: float | None = None) -> None:
        """Ask it to end and wait until its handlers have, or have been given up."""
        super().terminate(self._flags["shutdown_timeout"] + 5 if within is None else within)

    def _command(self) -> tuple[str, ...]:
        given = self._flags
        return self._fixed + flags(
            {
                "queues": ",".join(f"{name}={priority}" for name, priority in given["queues"].items()),
                "concurrency": given["concurrency"],
                "strict": str(given["strict"]).lower(),
                "shutdown-timeout": f"{given['shutdown_timeout']}s",
            },
            "-",
        )


class Producer(Knobbed):
    """Who enqueues; the knobs are those of ``lab/cmd/producer/traffic.go``, their times real seconds."""

    def rates(self, rates: Mapping[str, Mapping[str, float]]) -> None:
        """Real tasks per second by queue and task type; streams that are not named go on, 0 ends one."""
        self.set(rates=rates)

    def burst(self, queue: str, task_type: str, n: int) -> int:
        """Enqueue ``n`` tasks as fast as Redis takes them; returns how many it took."""
        return int(self._do("burst", queue=queue, type=task_type, n=n))

    def start_scheduler(self) -> None:
        """Let the scheduler enqueue its periodic task."""
        self._do("scheduler/start")

    def stop_scheduler(self) -> None:
        """End the scheduler in order; the producer goes on."""
        self._do("scheduler/stop")

    def pause(self, queue: str) -> None:
        """Pause a queue."""
        self._do("pause", queue=queue)

    def unpause(self, queue: str) -> None:
        """Let a queue go on."""
        self._do("unpause", queue=queue)

    def _do(self, command: str, **body: Json) -> str:
        return ask(f"{self.url}/{command}", body)


class Prometheus(Process):
    """Prometheus, and what it has recorded."""

    def query(self, expr: str, at: float | None = None) -> list[dict[str, Json]]:
        """An instant query, as of ``at`` (unix seconds) or now; the result of the API.

        Raises:
            LabError: Prometheus does not answer or refuses the query.
        """
        return self._ask("query", query=expr, **({} if at is None else {"time": at}))

    def query_range(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Json]]:
        """A range query; times in unix seconds, ``step`` in seconds; raises as :meth:`query`."""
        return self._ask("query_range", query=expr, start=start, end=end, step=step)

    def _ask(self, what: str, **parameters: object) -> list[dict[str, Json]]:
        answer = ask(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}", method="GET")
        found: list[dict[str, Json]] = json.loads(answer)["data"]["result"]
        return found


class Alertmanager(Process):
    """Alertmanager, and the alerts that it holds."""

    def alerts(self) -> list[dict[str, Json]]:
        """Every alert as its API tells it, silenced and inhibited ones too."""
        found: list[dict[str, Json]] = json.loads(ask(f"{self.url}/api/v2/alerts", method="GET"))
        return found
