"""What Prometheus' API answers, as values; read from JSON that may be of any shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

__all__ = [
    "BuildInfo",
    "Labels",
    "Rule",
    "RuleGroup",
    "Sample",
    "Series",
    "Target",
    "group_of",
    "labels_of",
    "points_of",
    "target_of",
    "unix_time",
]

Labels = tuple[tuple[str, str], ...]


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


def labels_of(found: Mapping[str, Any]) -> Labels:
    """Labels in order of their names."""
    return tuple(sorted((str(k), str(v)) for k, v in found.items()))


def points_of(one: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The points of a series of a matrix; raises ValueError and its like where it is none."""
    return [(float(at), float(value)) for at, value in one.get("values", ())]


def unix_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time; 0 for Go's zero time. Python reads at most microseconds."""
    if not text or text.startswith("0001-"):
        return 0.0
    head, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(head + dot + digits[:6].ljust(6, "0") * bool(dot) + rest[len(digits) :]).timestamp()


def target_of(one: Mapping[str, Any]) -> Target:
    """A target of the list of active ones."""
    labels = labels_of(one["labels"])
    found = one.get("discoveredLabels") or {}  # where VictoriaMetrics has the times
    return Target(
        job=dict(labels).get("job", ""),
        instance=dict(labels).get("instance", ""),
        labels=labels,
        url=str(one["scrapeUrl"]),
        up=one["health"] == "up",
        last_error=str(one.get("lastError", "")),
        last_scrape=unix_time(str(one.get("lastScrape", ""))),
        scrape_time=float(one.get("lastScrapeDuration", 0)),
        interval=str(one.get("scrapeInterval") or found.get("__scrape_interval__", "")),
        timeout=str(one.get("scrapeTimeout") or found.get("__scrape_timeout__", "")),
    )


def group_of(one: Mapping[str, Any]) -> RuleGroup:
    """A group of the list of rule groups."""
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
        labels=labels_of(one.get("labels") or {}),
        annotations=labels_of(one.get("annotations") or {}),
        health=str(one.get("health", "")),
        last_error=str(one.get("lastError", "")),
        evaluation_time=float(one.get("evaluationTime", 0)),
        last_evaluation=unix_time(str(one.get("lastEvaluation", ""))),
    )
