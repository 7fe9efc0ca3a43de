"""Asks for everything that a dashboard shows, as Grafana would, and keeps what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, Protocol

from attrs import field, frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.preview.annotations import Region, regions_of
from asynq_mon_codegen.preview.frames import Grid
from asynq_mon_codegen.preview.layout import Placed, sections_of
from asynq_mon_codegen.preview.model import Part, Preview, Shown, Status
from asynq_mon_codegen.preview.panels import Answer, Answered, content_of, drawn_as
from asynq_mon_codegen.preview.steps import SCRAPE, aligned, interval_values, pixels, step_of
from asynq_mon_codegen.preview.timerange import Span
from asynq_mon_codegen.preview.variables import Variable, filled, filled_text, in_queries, variables_of

__all__ = ["Reader", "Source"]

_AT_ONCE = 4


class Source(Protocol):
    """Where the numbers come from; both raise UsageError with what Prometheus said."""

    def instant(self, expr: str, *, at: float) -> Answer:
        """The ``result`` of an instant query."""

    def over_time(self, expr: str, *, start: float, end: float, step: float) -> Answer:
        """The ``result`` of a range query."""


@frozen(kw_only=True)
class Reader:
    """Reads dashboards over a ``span``.

    ``given`` are chosen values by variable; ``scrape`` is the scrape interval that Grafana's data source is told.
    """

    source: Source
    span: Span
    given: Mapping[str, Sequence[str]] = field(factory=dict)
    scrape: float = SCRAPE

    def read(self, board: Mapping[str, Any]) -> Preview:
        """One dashboard."""
        problems: list[str] = []
        variables = variables_of(board, self.given, self._values(problems))
        sections = sections_of(board, variables)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = [(i, placed) for i, section in enumerate(sections) for placed in section.panels]
            shown = list(zip((i for i, _ in asked), pool.map(lambda one: self._panel(one[1]), asked), strict=True))
        inside = {i: tuple(panel for _, panel in group) for i, group in groupby(shown, key=lambda one: one[0])}
        parts = [
            Part(title=section.title, collapsed=section.collapsed, panels=inside.get(i, ()))
            for i, section in enumerate(sections)
        ]
        return Preview(
            uid=str(board.get("uid") or "dashboard"),
            title=filled_text(str(board.get("title") or board.get("uid") or "Dashboard"), variables),
            description=str(board.get("description", "")),
            span=self.span,
            variables=tuple(one for one in variables if not one.hidden),
            parts=tuple(parts),
            regions=self._regions(board, variables, problems),
            problems=tuple(problems),
        )

    def _values(self, problems: list[str]) -> Callable[[str, str], Iterable[str]]:
        """How the values of a variable are asked for: all that were there at any moment of the range."""

        def ask(expr: str, label: str) -> Iterable[str]:
            over = f"group by ({label}) (last_over_time({expr}[{self.span.seconds:.0f}s]))" if label else expr
            try:
                answer = self.source.instant(over, at=self.span.end)
            except UsageError as error:
                problems.append(f"variable: {error.message}")
                return ()
            return [one["metric"].get(label, "") if label else _shown_result(one) for one in answer]

        return ask

    def _panel(self, placed: Placed) -> Shown:
        panel, variables = placed.panel, placed.variables
        asked = Asked(self, placed)
        try:
            queries, data, status = self._content(placed, asked)
        except (UsageError, DeclarationError) as error:
            queries, data, status = tuple(asked.queries), {}, Status(kind="error", message=error.message)
        return Shown(
            title=filled_text(panel.get("title", ""), variables),
            description=filled_text(panel.get("description", ""), variables),
            type=panel["type"],
            place=placed.place,
            status=status,
            queries=queries,
            data=data,
        )

    def _content(self, placed: Placed, asked: Asked) -> tuple[tuple[str, ...], Mapping[str, Any], Status]:
        panel = placed.panel
        how = drawn_as(panel)
        if how == "text":
            return (), content_of(panel, (), placed.variables)[0], Status(kind="text", message="text")
        if how == "logs":
            queries = tuple(filled(t.get("expr", ""), in_queries(placed.variables)) for t in _targets(panel))
            return queries, {}, Status(kind="logs", message=f"logs are not previewed: {'; '.join(queries)}")
        if how == "unknown":
            raise UsageError(f"panels of the type {panel['type']} are not previewed")
        answers = [asked.answer(target) for target in _targets(panel)]
        data, series = content_of(panel, answers, placed.variables)
        return tuple(asked.queries), data, Status(kind="series" if series else "empty", series=series)

    def _regions(
        self, board: Mapping[str, Any], variables: Sequence[Variable], problems: list[str]
    ) -> tuple[Region, ...]:
        out: list[Region] = []
        for body in board.get("annotations", {}).get("list", ()):
            target = body.get("target") or {}
            if body.get("builtIn") or not body.get("enable", True) or not target.get("expr"):
                continue
            least = duration(target["interval"]).seconds if target.get("interval") else self.scrape
            step = step_of(self.span.seconds, pixels(24), least)
            values = {**in_queries(variables), **interval_values(step, self.span.seconds, self.scrape)}
            start, end = aligned(self.span.start, self.span.end, step)
            try:
                answer = self.source.over_time(filled(target["expr"], values), start=start, end=end, step=step)
            except UsageError as error:
                problems.append(f"annotation {body['name']}: {error.message}")
                continue
            out.extend(regions_of(body, answer, step))
        return tuple(sorted(out, key=lambda one: (one.start, one.title, one.text)))


class Asked:
    """The queries of one panel, kept as they are asked."""

    def __init__(self, reader: Reader, placed: Placed) -> None:
        self._reader, self._placed = reader, placed
        self.queries: list[str] = []

    def answer(self, target: Mapping[str, Any]) -> Answered:
        """One query of the panel, with the step that Grafana would ask it with."""
        panel, span = self._placed.panel, self._reader.span
        queried = in_queries(self._placed.variables)
        least = filled(target.get("interval") or panel.get("interval") or "", queried)
        points = panel.get("maxDataPoints") or pixels(self._placed.place.w)
        step = step_of(span.seconds, points, duration(least).seconds if least else self._reader.scrape)
        expr = filled(target.get("expr", ""), {**queried, **interval_values(step, span.seconds, self._reader.scrape)})
        self.queries.append(expr)
        if target.get("instant") and not target.get("range"):
            grid = Grid(int(span.end), 1, 1)
            result = self._reader.source.instant(expr, at=int(span.end))
        else:
            start, end = aligned(span.start, span.end, step)
            grid = Grid(start, step, (end - start) // step + 1)
            result = self._reader.source.over_time(expr, start=start, end=end, step=step)
        return Answered(target=target, expr=expr, grid=grid, result=result)


def _targets(panel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [target for target in panel.get("targets", ()) if not target.get("hide")]


def _shown_result(one: Mapping[str, Any]) -> str:
    """A series of ``query_result`` as Grafana writes it, for the variable's regex to pick from."""
    labels = dict(one.get("metric", {}))
    name = labels.pop("__name__", "")
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    moment, value = one["value"]
    return f"{name}{{{inside}}} {value} {int(float(moment) * 1000)}"
