"""The bundled demo recording: some hours of a made-up deployment with an incident, as its targets would have exported.

``scripts/recording`` makes it from a seeded story. Nothing in it is recorded by rules: what rules make of it
comes from the declaration that is previewed.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import accumulate
from typing import Any

from attrs import evolve, field, frozen

__all__ = ["Recorded", "Recording", "recording"]


@frozen(kw_only=True)
class Recorded:
    """One series: its name, its labels, a value for each moment of the recording."""

    name: str
    labels: Mapping[str, str]
    values: tuple[float, ...]

    def labelled(self, labels: Mapping[str, str]) -> Recorded:
        """The same with other labels."""
        return evolve(self, labels=labels)


@frozen(kw_only=True)
class Recording:
    """``series`` with ``count`` moments from ``start`` (Unix seconds) every ``step`` seconds.

    What lies before ``shown_from`` is there for windows to look back on.
    """

    start: int
    step: int
    count: int
    shown_from: int
    series: tuple[Recorded, ...] = field(repr=False)

    @property
    def end(self) -> int:
        """The last moment."""
        return self.start + (self.count - 1) * self.step

    def names(self, label: str) -> tuple[str, ...]:
        """The values of a label in the order in which they come."""
        return tuple(dict.fromkeys(one.labels[label] for one in self.series if label in one.labels))


def recording() -> Recording:
    """The recording of the package."""
    packed = (files("asynq_mon_codegen.preview") / "demo" / "recording.jsonl.xz").read_bytes()
    head, *lines = lzma.decompress(packed).decode().splitlines()
    return Recording(**json.loads(head), series=tuple(_series(map(json.loads, lines))))


def _series(lines: Iterator[Any]) -> Iterator[Recorded]:
    """Values are written as differences in units of the last decimal place that is kept."""
    for line in lines:
        unit = 10 ** line["places"]
        values = tuple(value / unit for value in accumulate(line["steps"]))
        yield Recorded(name=line["name"], labels=line["labels"], values=values)
