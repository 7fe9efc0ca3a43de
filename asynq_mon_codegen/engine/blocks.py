"""Samples become blocks of Prometheus' storage, by promtool's own import of OpenMetrics."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asynq_mon_codegen.engine.programs import promtool

__all__ = ["BLOCK_HOURS", "block_hours", "lines_of", "periods", "series_text", "write_blocks"]

BLOCK_HOURS = (2, 6, 18, 54, 162)
"""The lengths of a block that promtool can make of one file."""

_SAMPLES_A_BLOCK = 12_000_000
"""promtool holds a block in memory: this many samples take about a GiB."""


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


def write_blocks(chunks: Iterable[str], data: Path, hours: int) -> bool:
    """Write samples that lie within one block into ``data``; False if there was none.

    What was written appears at once: an interrupted run leaves no half of it.

    Raises:
        EngineError: promtool refused the samples.
    """
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix="blocks-") as scratch:
        source, made = Path(scratch) / "samples.om", Path(scratch) / "made"
        with source.open("w", encoding="utf-8") as out:
            out.writelines(chunks)
            empty = out.tell() == 0
            out.write("# EOF\n")
        if empty:
            return False
        promtool("tsdb", "create-blocks-from", f"--max-block-duration={hours}h", "openmetrics", "-q", source, made)
        for block in made.iterdir():
            shutil.move(block, data / block.name)
    return True


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
