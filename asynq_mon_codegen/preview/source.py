"""Numbers from a Prometheus, in the form in which its HTTP API gives them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from asynq_mon_codegen.preview.panels import Answer
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["FromPrometheus"]


@frozen
class FromPrometheus:
    """A connection as a source."""

    server: Prometheus

    def check(self) -> None:
        """Raises UsageError where no Prometheus answers."""
        self.server.now()

    def instant(self, expr: str, *, at: float) -> Answer:
        """An instant query."""
        return [{"metric": dict(one.labels), "value": [at, repr(one.value)]} for one in self.server.query(expr, at)]

    def over_time(self, expr: str, *, start: float, end: float, step: float) -> Answer:
        """A range query, its pages joined; native histograms stand under ``histograms``."""
        joined: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
        for page in self.server.pages(expr, start=start, end=end, step=step):
            for one in page:
                key = tuple(sorted(one["metric"].items()))
                series = joined.setdefault(key, {"metric": one["metric"]})
                for kind in ("values", "histograms"):
                    if one.get(kind):
                        series.setdefault(kind, []).extend(one[kind])
        return list(joined.values())
