"""Programs on the loopback interface: started, broken and stopped by their process ids."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

__all__ = ["HOST", "LabError", "Ports", "Process", "answers", "flags", "stop_all", "until"]

HOST = "127.0.0.1"
_START_WITHIN = 30.0
_STOP_WITHIN = 2.0
_TAIL = 15
_FRUGAL = {"GOMAXPROCS": "1", "GOGC": "200"}
"""No Go program takes more than a core: what burns CPU on purpose leaves the other core of two.
Heaps are small here, so they may grow more between collections, which cost CPU."""


class LabError(Exception):
    """The lab cannot do what was asked; the text says why, with the end of the log where there is one."""


class Ports:
    """TCP ports that no other lab takes, until :meth:`close`.

    They lie below the range that the kernel gives to outgoing connections. The UDP port of the same
    number, which nothing here uses, is held as the machine-wide lock: the kernel frees it whatever
    happens to this process.
    """

    _FIRST, _LAST = 20_000, 32_000

    def __init__(self) -> None:
        self._locks: list[socket.socket] = []
        self._next = self._FIRST + os.getpid() * 97 % (self._LAST - self._FIRST)

    def take(self) -> int:
        """A free port."""
        for _ in range(self._LAST - self._FIRST):
            port = self._next
            self._next = port + 1 if port < self._LAST else self._FIRST
            lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                lock.bind((HOST, port))
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((HOST, port))
            except OSError:
                lock.close()
                continue
            self._locks.append(lock)
            return port
        raise LabError("no port is free")

    def close(self) -> None:
        """Let others have the ports."""
        while self._locks:
            self._locks.pop().close()


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except OSError:
        return False
    return True


def until(done: Callable[[], bool], what: Callable[[], str], within: float = _START_WITHIN) -> None:
    """Wait until something is so.

    Raises:
        LabError: it was not within that many seconds; ``what`` says it.
    """
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() > deadline:
            raise LabError(f"{what()} (waited {within:g} s)")
        time.sleep(0.05)


class Process:
    """One program, which can be started again after its end, with the same command and port.

    It ends with the thread that started it, even when that is killed: the kernel sees to it.
    """

    def __init__(self, name: str, command: Iterable[str], folder: Path, *, port: int, ready: str = "/metrics") -> None:
        self.name = name
        self.command = tuple(command)
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.log = folder / f"{name}.log"
        self.pids: list[int] = []
        """Every process id that it has had."""
        self._ready = ready
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives, frozen or not."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The process id of now.

        Raises:
            LabError: it does not run.
        """
        if self._child is None or self._child.poll() is not None:
            raise LabError(f"{self.name} does not run")
        return self._child.pid

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            LabError: it ended or did not answer in time.
        """
        self.spawn()
        self.wait_until_ready()

    def spawn(self) -> None:
        """Start it and do not wait."""
        if self.running:
            raise LabError(f"{self.name} runs already")
        command = ("setpriv", "--pdeathsig", "KILL", "--", *self.command)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal reaches the lab, which then stops all in order.
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **_FRUGAL},
                start_new_session=True,
            )
        self.pids.append(self._child.pid)

    def wait_until_ready(self) -> None:
        """Wait until it answers; raises LabError as :meth:`start`."""

        def done() -> bool:
            if not self.running:
                raise LabError(f"{self.name} ended at its start.\n{self._end_of_log()}")
            return self.answers()

        until(done, lambda: f"{self.name} does not answer.\n{self._end_of_log()}")

    def answers(self) -> bool:
        """Whether it is ready to work."""
        return answers(self.url + self._ready)

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        self._signal(signal.SIGKILL)
        self._wait(None)

    def terminate(self, within: float = 10.0) -> None:
        """Ask it to end, with SIGTERM, and wait; it is killed after ``within`` seconds."""
        self._signal(signal.SIGTERM)
        self._wait(within)

    def freeze(self) -> None:
        """Stop it where it stands, with SIGSTOP; its port stays open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """SIGTERM to a process that lives, frozen or not, without waiting."""
        if self.running:
            self.thaw()
            self._signal(signal.SIGTERM)

    def end_by(self, deadline: float) -> None:
        """Wait until the monotonic time ``deadline``, then kill."""
        if self._child is not None:
            self._wait(max(0.0, deadline - time.monotonic()))

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _wait(self, within: float | None) -> None:
        assert self._child is not None
        try:
            self._child.wait(within)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _end_of_log(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"The end of {self.log}:\n" + "\n".join(lines[-_TAIL:])


def stop_all(processes: Iterable[Process]) -> None:
    """Ask all to end at once, and kill those that live two seconds later."""
    every = tuple(processes)
    for process in every:
        process.ask_to_end()
    deadline = time.monotonic() + _STOP_WITHIN
    for process in every:
        process.end_by(deadline)


def flags(values: Mapping[str, object], prefix: str = "--") -> tuple[str, ...]:
    """Command line flags, ``--name=value``."""
    return tuple(f"{prefix}{name}={value}" for name, value in values.items())
