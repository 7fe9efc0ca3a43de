"""Samples become blocks of Prometheus' storage, by promtool's own import of OpenMetrics."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from asynq_mon_codegen.engine.programs import promtool

__all__ = ["BLOCK_HOURS", "Writer", "block_hours", "lines_of", "periods", "series_text"]

BLOCK_HOURS = (2, 6, 18, 54, 162)
"""The lengths of a block that promtool can make of one file."""

_SAMPLES_A_BLOCK = 4_000_000
"""promtool holds a block in memory."""
_AT_ONCE = 2
"""Blocks that are made side by side: promtool uses one core, and is what takes most of the time."""


def block_hours(samples_per_hour: float) -> int:
    """The longest block that promtool can make in bounded memory."""
    return max((h for h in BLOCK_HOURS if h * samples_per_hour <= _SAMPLES_A_BLOCK), default=BLOCK_HOURS[0])


def periods(start: float, end: float, hours: int) -> list[tuple[float, float]]:
    """The time from ``start`` to before ``end`` cut where blocks begin, in Unix seconds."""
    length = hours * 3600
    cuts = [start, *(t * length for t in range(int(start // length) + 1, -int(-end // length))), end]
    return [(a, b) for a, b in itertools.pairwise(cuts) if a < b]


def series_text(name: str, labels: Mapping[str, str]) -> str:
    """A series as OpenMetrics writes it."""
    inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{name}{{{inner}}}" if inner else name


def lines_of(series: str, values: Sequence[Sequence[Any]]) -> str:
    """The samples of one series, as the range query API gives them."""
    return "".join([f"{series} {value} {t}\n" for t, value in values])


class Writer:
    """Writes samples into blocks below ``data``, one lot while the next is being read; to be used in a ``with`` block.

    What was written appears at once: an interrupted run leaves no half of it.
    """

    def __init__(self, data: Path, hours: int) -> None:
        self._data, self._hours = data, hours
        self._workers = ThreadPoolExecutor(max_workers=_AT_ONCE)
        self._running: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            while kind is None and self._running:
                self._running.popleft().result()
        finally:
            self._workers.shutdown()

    def write(self, chunks: Iterable[str], done: Callable[[], None]) -> None:
        """Samples that lie within one block; ``done`` is called when they are in their place.

        Raises:
            EngineError: promtool refused these samples or those before.
        """
        self._data.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=self._data.parent, prefix="blocks-")
        try:
            source = Path(scratch.name) / "samples.om"
            with source.open("w", encoding="utf-8") as out:
                out.writelines(chunks)
                empty = out.tell() == 0
                out.write("# EOF\n")
            if len(self._running) == _AT_ONCE:
                self._running.popleft().result()
        except BaseException:
            scratch.cleanup()
            raise
        self._running.append(self._workers.submit(self._make, scratch, source, done, empty=empty))

    def _make(
        self, scratch: tempfile.TemporaryDirectory[str], source: Path, done: Callable[[], None], *, empty: bool
    ) -> None:
        with scratch:
            made = Path(scratch.name) / "made"
            if not empty:
                longest = f"--max-block-duration={self._hours}h"
                promtool("tsdb", "create-blocks-from", longest, "openmetrics", "-q", source, made)
                for block in made.iterdir():
                    shutil.move(block, self._data / block.name)
            done()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
