"""A Redis server that keeps its data when it is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.processes import HOST, LabError, Process
from lab.tools import program

__all__ = ["Redis"]


class Redis(Process):
    """``redis-server`` with an append-only file: counters go on after a kill, as in production."""

    def __init__(self, folder: Path, port: int, config: Mapping[str, str]) -> None:
        data = folder / "redis"
        data.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": HOST,
            "port": str(port),
            "dir": str(data),
            "save": "",
            "appendonly": "yes",
            "daemonize": "no",
            **config,
        }
        command = [program("redis-server"), *(word for k, v in settings.items() for word in (f"--{k}", v))]
        super().__init__("redis", command, folder, port=port)
        self.address = f"{HOST}:{port}"
        self.url = f"redis://{self.address}"
        self._client = (program("redis-cli"), "-h", HOST, "-p", str(port))

    def answers(self) -> bool:
        """Whether it is ready, its data loaded."""
        try:
            return self.cli("PING", within=1.0) == "PONG"
        except LabError:
            return False

    def cli(self, *args: str, within: float = 30.0) -> str:
        """What redis-cli prints for a command.

        Raises:
            LabError: Redis does not answer, or with an error.
        """
        try:
            done = subprocess.run(
                [*self._client, "-e", *args], capture_output=True, text=True, timeout=within, check=False
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"redis-cli {' '.join(args)}: no answer in {within:g} s") from None
        if done.returncode:
            raise LabError(f"redis-cli {' '.join(args)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout.strip()

    def stop(self, within: float = 10.0) -> None:
        """End it in order, with SHUTDOWN."""
        try:
            self.cli("SHUTDOWN", within=within)
        except LabError:
            if self.answers():
                raise
        self._wait(within)
