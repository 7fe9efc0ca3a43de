"""The HTTP API of Prometheus, and of what speaks it too (VictoriaMetrics, Mimir, Thanos): read only, every failure a
sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.http_client import AnswerError, Api, NoAnswerError
from asynq_mon_codegen.prometheus_answers import (
    BuildInfo,
    Labels,
    Rule,
    RuleGroup,
    Sample,
    Series,
    Target,
    group_of,
    labels_of,
    points_of,
    target_of,
)

__all__ = ["BuildInfo", "Labels", "Prometheus", "Rule", "RuleGroup", "Sample", "Series", "Target"]

_T = TypeVar("_T")
MOST_POINTS = 11_000
"""The points of a series that Prometheus gives in one answer."""

_HINT = "the URL ends before /api/v1: check its path"
_TOO_MUCH = (413, 422, 503, 504)
_MOST_SLOW = 4
"""So often a page that takes too long is halved before the server is called slow."""


class Prometheus(Api):
    """A connection to a server below whose URL ``/api/v1`` lies; to be used in a ``with`` block.

    All methods raise :class:`UsageError` where nobody answers, the status is one of an error, or the answer is none
    of Prometheus.

    Raises:
        UsageError: not an http(s) URL; a certificate or key cannot be used.
    """

    def __init__(self, connection: Connection | str, *, timeout: float = 10.0) -> None:
        if isinstance(connection, str):
            connection = Connection(connection, timeout)
        super().__init__(connection, "Prometheus", _HINT)
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server has warned of until now, each once: answers that are not whole (Thanos, Mimir)."""
        return tuple(self._warnings)

    def query(self, expr: str, at: float | None = None) -> tuple[Sample, ...]:
        """An instant query of an instant vector or a scalar, evaluated now or at unix seconds; no histograms."""
        return self._instant({"query": expr} | ({} if at is None else {"time": _seconds(at)}))

    def now(self) -> float:
        """The server's clock, in unix seconds."""
        # without the offset VictoriaMetrics answers as of half a minute ago; others do not know the parameter
        found = self._instant({"query": "time()", "latency_offset": "1ms"})
        return self._sound("/api/v1/query", lambda: found[0].value)

    def _instant(self, asked: Mapping[str, str]) -> tuple[Sample, ...]:
        path = "/api/v1/query"
        data = self._ask(path, asked)

        def read() -> tuple[Sample, ...]:
            if data["resultType"] == "scalar":
                return (Sample((), float(data["result"][1])),)
            if data["resultType"] != "vector" or not isinstance(data["result"], list):
                raise ValueError
            return tuple(
                Sample(labels_of(one["metric"]), float(one["value"][1]))
                for one in data["result"]
                if "histogram" not in one
            )

        return self._sound(path, read)

    def pages(
        self, expr: str, *, start: float, end: float, step: float, most: int | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """What ``query_range`` answers, page after page in order of time; pages do not overlap.

        Times are unix seconds, rounded to milliseconds. A page has at most ``most`` points of a series (at most and by
        default 11,000), and fewer from where the server says that it is too much, or takes too long.
        """
        first, last, every = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
        size = min(most or MOST_POINTS, MOST_POINTS)
        slow = 0
        while first <= last:
            points = min(size, (last - first) // every + 1)
            until = first + (points - 1) * every
            try:
                page = self._page(expr, first, until, every)
            except (AnswerError, NoAnswerError) as error:
                slow += isinstance(error, NoAnswerError)
                if points == 1 or slow > _MOST_SLOW or not _too_much(error):
                    raise
                size = (points + 1) // 2
                continue
            slow = 0
            yield page
            first = until + every

    def query_range(self, expr: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        """All :meth:`pages` joined, in order of labels; gaps are points that are not there."""
        found: dict[Labels, list[tuple[float, float]]] = {}
        for page in self.pages(expr, start=start, end=end, step=step):
            for one in page:
                read = self._sound("/api/v1/query_range", lambda one=one: points_of(one))  # type: ignore[misc]
                found.setdefault(labels_of(one["metric"]), []).extend(read)
        return tuple(Series(labels, tuple(points)) for labels, points in sorted(found.items()) if points)

    def label_values(
        self, name: str, *matchers: str, start: float | None = None, end: float | None = None
    ) -> tuple[str, ...]:
        """The values of a label in the series that one of the matchers selects, between unix seconds."""
        path = f"/api/v1/label/{quote(name, safe='')}/values"
        data = self._data(path, self._http.get(path, _between(matchers, start, end)).body)
        return self._sound(path, lambda: tuple(str(value) for value in data or ()))

    def label_names(self, *matchers: str) -> tuple[str, ...]:
        """The names of all labels in the series that one of the matchers selects."""
        data = self._ask("/api/v1/labels", _between(matchers, None, None))
        return self._sound("/api/v1/labels", lambda: tuple(str(name) for name in data or ()))

    def series(
        self, *matchers: str, start: float | None = None, end: float | None = None
    ) -> tuple[dict[str, str], ...]:
        """The labels of each series that one of the matchers selects, between unix seconds."""
        data = self._ask("/api/v1/series", _between(matchers, start, end))
        return self._sound("/api/v1/series", lambda: tuple(dict(labels_of(one)) for one in data or ()))

    def metadata(self) -> dict[str, tuple[dict[str, str], ...]] | None:
        """Type, help and unit of each metric, as targets say it; None where the server has no such endpoint."""
        path = "/api/v1/metadata"
        data = self._served(path)
        if data is None:
            return None
        return self._sound(
            path, lambda: {str(n): tuple({k: str(v) for k, v in m.items()} for m in found) for n, found in data.items()}
        )

    def targets(self) -> tuple[Target, ...] | None:
        """The active targets; None where the server does not scrape."""
        path = "/api/v1/targets"
        data = self._served(path, {"state": "active"})
        if data is None:
            return None
        return self._sound(path, lambda: tuple(target_of(one) for one in data.get("activeTargets") or ()))

    def rules(self, prefix: str = "") -> tuple[RuleGroup, ...] | None:
        """The rule groups whose name begins with the prefix; None where the server has no rules."""
        path = "/api/v1/rules"
        data = self._served(path)
        if data is None:
            return None
        return self._sound(
            path, lambda: tuple(group_of(one) for one in data["groups"] if str(one["name"]).startswith(prefix))
        )

    def build_info(self) -> BuildInfo | None:
        """The version; None where the server does not say it."""
        path = "/api/v1/status/buildinfo"
        data = self._served(path)
        if data is None:
            return None
        return self._sound(
            path, lambda: BuildInfo(*(str(data.get(k) or "") for k in ("version", "application", "revision")))
        )

    def flags(self) -> dict[str, str] | None:
        """The flags of the command line; None where the server does not say them."""
        path = "/api/v1/status/flags"
        data = self._served(path)
        return None if data is None else self._sound(path, lambda: {str(k): str(v) for k, v in data.items()})

    def runtime_info(self) -> dict[str, Any] | None:
        """State of the process, with ``storageRetention`` and ``serverTime``; None where it is not said."""
        path = "/api/v1/status/runtimeinfo"
        data = self._served(path)
        return None if data is None else self._sound(path, lambda: dict(data))

    def config(self) -> str | None:
        """The loaded configuration, secrets masked, as YAML; None where the server does not say it."""
        path = "/api/v1/status/config"
        data = self._served(path)
        return None if data is None else self._sound(path, lambda: str(data["yaml"]))

    def alertmanagers(self) -> tuple[str, ...] | None:
        """The URLs to which alerts are sent; None where the server does not say them."""
        path = "/api/v1/alertmanagers"
        data = self._served(path)
        if data is None:
            return None
        return self._sound(path, lambda: tuple(str(one["url"]) for one in data.get("activeAlertmanagers") or ()))

    def format_query(self, expr: str) -> str | None:
        """The expression as Prometheus itself prints it; None where the server cannot."""
        path = "/api/v1/format_query"
        data = self._served(path, {"query": expr})
        return None if data is None else str(data)

    def _page(self, expr: str, first: int, last: int, every: int) -> list[dict[str, Any]]:
        path = "/api/v1/query_range"
        # a step in seconds is multiplied as a float and cut off there: 16.019 would become 16.018
        asked = {"query": expr, "start": _milli(first), "end": _milli(last), "step": f"{every}ms"}
        data = self._data(path, self._http.ask(path, asked, patient=first == last).body)

        def read() -> list[dict[str, Any]]:
            if data["resultType"] != "matrix" or not all("metric" in one for one in data["result"]):
                raise ValueError
            return list(data["result"])

        return self._sound(path, read)

    def _ask(self, path: str, params: Mapping[str, str | tuple[str, ...]]) -> Any:
        return self._data(path, self._http.ask(path, params).body)

    def _served(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The data of an endpoint that a server may lack; None then."""
        try:
            return self._data(path, self._http.get(path, params).body)
        except AnswerError as error:
            if _lacking(error):
                return None
            raise

    def _data(self, path: str, body: Any) -> Any:
        if not isinstance(body, dict) or body.get("status") != "success" or "data" not in body:
            said = str(body.get("error") or "") if isinstance(body, dict) else ""
            raise UsageError(f"{self.url}{path}: {said}") if said else self._http.strange(path)
        self._warnings |= dict.fromkeys(str(one) for one in body.get("warnings") or ())
        return body["data"]

    def _sound(self, path: str, read: Callable[[], _T]) -> _T:
        """What ``read`` finds in an answer; one of another shape is not from Prometheus."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise self._http.strange(path) from None


def _lacking(error: AnswerError) -> bool:
    """Whether the server has no such endpoint. VictoriaMetrics says so with the status of a bad request."""
    return error.status in (404, 405, 501) or (error.status == 400 and error.said.startswith("unsupported path"))


def _too_much(error: AnswerError | NoAnswerError) -> bool:
    """Whether less at once may succeed."""
    if isinstance(error, NoAnswerError):
        return error.slow
    if error.status == 422:
        return error.kind != "bad_data"
    return error.status in _TOO_MUCH


def _milli(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}"


def _seconds(at: float) -> str:
    return _milli(round(at * 1000))


def _between(matchers: tuple[str, ...], start: float | None, end: float | None) -> dict[str, str | tuple[str, ...]]:
    out: dict[str, str | tuple[str, ...]] = {"match[]": matchers} if matchers else {}
    if start is not None:
        out["start"] = _seconds(start)
    if end is not None:
        out["end"] = _seconds(end)
    return out
