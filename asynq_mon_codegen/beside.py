"""Two things at the same time, for a command whose whole time people wait."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["both"]

T = TypeVar("T")
U = TypeVar("U")


def both(there: Callable[[], T], here: Callable[[], U]) -> tuple[T, U]:
    """The results of two functions, of which the first runs in a forked copy of this process.

    What ``there`` changes stays in the copy. Where a copy is not safe or of no use (threads, a single core, no fork),
    or where it fails, ``there`` runs here too, so that its exceptions are raised as ever.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1 or (os.cpu_count() or 1) < 2:
        return there(), here()
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        _answer(there, sink)
    os.close(sink)
    try:
        mine = here()
    finally:
        with os.fdopen(source, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(pid, 0)
    return (there() if status else pickle.loads(answer)), mine  # noqa: S301


def _answer(there: Callable[[], object], sink: int) -> None:
    """Write the result as the last act of this process, which must not run what its parent has yet to do."""
    status = 1
    try:
        answer = pickle.dumps(there())
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(answer)
        status = 0
    finally:
        os._exit(status)
