"""A dashboard that has been asked for: each panel with what it got, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from attrs import frozen

from asynq_mon_codegen.preview.annotations import Region
from asynq_mon_codegen.preview.layout import Place
from asynq_mon_codegen.preview.timerange import Span
from asynq_mon_codegen.preview.variables import Variable

__all__ = ["Kind", "Part", "Preview", "Shown", "Status"]

Kind = Literal["series", "empty", "error", "logs", "text"]


@frozen(kw_only=True)
class Status:
    """What a panel got: ``series`` of them, nothing, an error; logs are not asked for and a text asks nothing."""

    kind: Kind
    series: int = 0
    message: str = ""

    @property
    def text(self) -> str:
        """The same in words."""
        match self.kind:
            case "series":
                return f"{self.series} series"
            case "empty":
                return "no data"
            case _:
                return self.message


@frozen(kw_only=True)
class Shown:
    """One panel. ``data`` is what its type needs to be drawn, as JSON; ``queries`` are as they were asked."""

    title: str
    description: str
    type: str
    place: Place
    status: Status
    queries: tuple[str, ...] = ()
    data: Mapping[str, Any] = {}


@frozen(kw_only=True)
class Part:
    """A row with its panels; without a title those above the first row."""

    title: str
    collapsed: bool
    panels: tuple[Shown, ...]


@frozen(kw_only=True)
class Preview:
    """One dashboard over one range of time; ``problems`` are what its variables and annotations ran into."""

    uid: str
    title: str
    description: str
    span: Span
    variables: tuple[Variable, ...]
    parts: tuple[Part, ...]
    regions: tuple[Region, ...]
    problems: tuple[str, ...] = ()

    @property
    def panels(self) -> Iterator[Shown]:
        """Every panel from top to bottom."""
        return (panel for part in self.parts for panel in part.panels)
