"""The HTTP API of Prometheus, and of what speaks it too (Mimir, Thanos): read only, every failure a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

from attrs import frozen

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.http_client import AnswerError, HttpClient, NoAnswerError

__all__ = ["BuildInfo", "Labels", "Prometheus", "Rule", "RuleGroup", "Sample", "Series", "Target", "unix_time"]

MOST_POINTS = 11_000
"""The points of a series that Prometheus gives in one answer."""

_HINT = "the URL ends before /api/v1: check its path"
_TOO_MUCH = (413, 422, 503, 504)
_MOST_SLOW = 4
"""So often a page that takes too long is halved before the server is called slow."""

Labels = tuple[tuple[str, str], ...]
_T = TypeVar("_T")


@frozen
class Sample:
    """One series of an instant query."""

    labels: Labels
    value: float

    def label(self, name: str) -> str:
        """The value of a label, empty where it has none."""
        return dict(self.labels).get(name, "")


@frozen
class Series:
    """One series of a range query: pairs of unix seconds and value, in order of time."""

    labels: Labels
    points: tuple[tuple[float, float], ...]

    def label(self, name: str) -> str:
        """The value of a label, empty where it has none."""
        return dict(self.labels).get(name, "")


@frozen(kw_only=True)
class Rule:
    """A rule as the ruler has it; times in seconds. ``alerting`` rules have ``hold`` (``for``) and annotations."""

    name: str
    alerting: bool
    query: str
    hold: float
    keep_firing_for: float | None
    """None where the ruler does not say it: not set, or too old to know it."""
    labels: Labels
    annotations: Labels
    health: str
    last_error: str
    evaluation_time: float
    last_evaluation: float
    """Unix seconds, 0 for never."""


@frozen(kw_only=True)
class RuleGroup:
    """A rule group as the ruler reports it; times in seconds, ``last_evaluation`` in unix seconds, 0 for never."""

    name: str
    file: str
    interval: float
    evaluation_time: float
    last_evaluation: float
    rules: tuple[Rule, ...]

    @property
    def failing(self) -> int:
        """How many rules ended with an error."""
        return sum(rule.health == "err" for rule in self.rules)


@frozen(kw_only=True)
class Target:
    """A scraped target; times in seconds, ``last_scrape`` unix, ``interval`` and ``timeout`` Prometheus durations."""

    job: str
    instance: str
    labels: Labels
    url: str
    up: bool
    last_error: str
    last_scrape: float
    scrape_time: float
    interval: str
    timeout: str


@frozen
class BuildInfo:
    """Who answers: the version, the application where it says so (Mimir does), ``revision`` empty in what imitates."""

    version: str
    application: str = ""
    revision: str = ""


class Prometheus:
    """A connection to a server below whose URL ``/api/v1`` lies; to be used in a ``with`` block.

    All methods raise :class:`UsageError` where nobody answers, the status is one of an error, or the answer is none
    of Prometheus.

    Raises:
        UsageError: not an http(s) URL; a certificate or key cannot be used.
    """

    def __init__(self, connection: Connection | str, *, timeout: float = 10.0) -> None:
        if isinstance(connection, str):
            connection = Connection(connection, timeout)
        self.url = connection.url
        self._http = HttpClient(connection, "Prometheus", _HINT)
        self._warnings: dict[str, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._http.__exit__(kind, error, where)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server has warned of until now, each once: answers that are not whole (Thanos, Mimir)."""
        return tuple(self._warnings)

    def query(self, expr: str, at: float | None = None) -> tuple[Sample, ...]:
        """An instant query of an instant vector or a scalar, evaluated now or at unix seconds; no histograms."""
        path = "/api/v1/query"
        data = self._ask(path, {"query": expr} | ({} if at is None else {"time": _seconds(at)}))

        def read() -> tuple[Sample, ...]:
            if data["resultType"] == "scalar":
                return (Sample((), float(data["result"][1])),)
            return tuple(
                Sample(_labels(one["metric"]), float(one["value"][1])) for one in data["result"] if "value" in one
            )

        return self._sound(path, read)

    def pages(
        self, expr: str, *, start: float, end: float, step: float, most: int | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """What ``query_range`` answers, page after page in order of time; pages do not overlap.

        Times are unix seconds, rounded to milliseconds as Prometheus does. A page has at most ``most`` points of a
        series (at most and by default 11,000), and fewer from where the server says that it is too much, or takes too
        long.
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
                read = self._sound("/api/v1/query_range", lambda one=one: _points(one))  # type: ignore[misc]
                found.setdefault(_labels(one["metric"]), []).extend(read)
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
        return self._sound("/api/v1/series", lambda: tuple(dict(_labels(one)) for one in data or ()))

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
        return self._sound(path, lambda: tuple(_target(one) for one in data.get("activeTargets") or ()))

    def rules(self, prefix: str = "") -> tuple[RuleGroup, ...] | None:
        """The rule groups whose name begins with the prefix; None where the server has no rules."""
        path = "/api/v1/rules"
        data = self._served(path)
        if data is None:
            return None
        return self._sound(
            path, lambda: tuple(_group(one) for one in data["groups"] if str(one["name"]).startswith(prefix))
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
        asked = {"query": expr, "start": _milli(first), "end": _milli(last), "step": _milli(every)}
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
            if error.status in (404, 405, 501):
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


def _too_much(error: AnswerError | NoAnswerError) -> bool:
    """Whether less at once may succeed."""
    if isinstance(error, NoAnswerError):
        return error.slow
    if error.status == 422:
        return error.kind != "bad_data"
    return error.status in _TOO_MUCH


def _labels(found: Mapping[str, Any]) -> Labels:
    return tuple(sorted((str(k), str(v)) for k, v in found.items()))


def _points(one: Mapping[str, Any]) -> list[tuple[float, float]]:
    return [(float(at), float(value)) for at, value in one.get("values", ())]


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


def unix_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time; 0 for Go's zero time. Python reads at most microseconds."""
    if not text or text.startswith("0001-"):
        return 0.0
    head, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(head + dot + digits[:6].ljust(6, "0") * bool(dot) + rest[len(digits) :]).timestamp()


def _target(one: Mapping[str, Any]) -> Target:
    labels = _labels(one["labels"])
    return Target(
        job=dict(labels).get("job", ""),
        instance=dict(labels).get("instance", ""),
        labels=labels,
        url=str(one["scrapeUrl"]),
        up=one["health"] == "up",
        last_error=str(one.get("lastError", "")),
        last_scrape=unix_time(str(one.get("lastScrape", ""))),
        scrape_time=float(one.get("lastScrapeDuration", 0)),
        interval=str(one.get("scrapeInterval", "")),
        timeout=str(one.get("scrapeTimeout", "")),
    )


def _group(one: Mapping[str, Any]) -> RuleGroup:
    return RuleGroup(
        name=str(one["name"]),
        file=str(one.get("file", "")),
        interval=float(one.get("interval", 0)),
        evaluation_time=float(one.get("evaluationTime", 0)),
        last_evaluation=unix_time(str(one.get("lastEvaluation", ""))),
        rules=tuple(_rule(rule) for rule in one["rules"]),
    )


def _rule(one: Mapping[str, Any]) -> Rule:
    return Rule(
        name=str(one["name"]),
        alerting=one.get("type") == "alerting",
        query=str(one["query"]),
        hold=float(one.get("duration", 0)),
        keep_firing_for=float(one["keepFiringFor"]) if "keepFiringFor" in one else None,
        labels=_labels(one.get("labels") or {}),
        annotations=_labels(one.get("annotations") or {}),
        health=str(one.get("health", "")),
        last_error=str(one.get("lastError", "")),
        evaluation_time=float(one.get("evaluationTime", 0)),
        last_evaluation=unix_time(str(one.get("lastEvaluation", ""))),
    )
