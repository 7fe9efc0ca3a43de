"""Numbers from a Prometheus, in the form in which its HTTP API gives them."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from asynq_mon_codegen.preview.panels import Answer
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["FromPrometheus"]


@frozen
class FromPrometheus:
    """A connection as a source; ``lookback`` in seconds is how long a sample counts, None for the server's own."""

    server: Prometheus
    lookback: float | None = None

    def instant(self, expr: str, *, at: float) -> Answer:
        """An instant query, asked as a range of one moment: the answer is the same, and this takes the look-back."""
        found = self.over_time(expr, start=at, end=at, step=1)
        return [{"metric": one["metric"], "value": one["values"][-1]} for one in found if one.get("values")]

    def over_time(self, expr: str, *, start: float, end: float, step: float) -> Answer:
        """A range query, its pages joined; native histograms stand under ``histograms``."""
        joined: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
        for page in self.server.pages(expr, start=start, end=end, step=step, lookback=self.lookback):
            for one in page:
                key = tuple(sorted(one["metric"].items()))
                series = joined.setdefault(key, {"metric": one["metric"]})
                for kind in ("values", "histograms"):
                    if one.get(kind):
                        series.setdefault(kind, []).extend(one[kind])
        return list(joined.values())
