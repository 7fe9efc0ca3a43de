"""Work that waits for other programs, some of it at once, with the results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result for each item in order; as many are worked on at once as there are processors, at most four.

    What an item raises is raised where its result would be, and nothing after it is begun.
    """
    most = min(4, os.cpu_count() or 1)
    running: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(max_workers=most) as workers:
        try:
            for item in items:
                if len(running) == most:
                    yield running.popleft().result()
                running.append(workers.submit(work, item))
            while running:
                yield running.popleft().result()
        finally:
            for left in running:
                left.cancel()
