"""What was really firing: the series ``ALERTS``, which Prometheus records of the rules that it evaluates."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping

from attrs import frozen

from asynq_mon_codegen.backtest.summary import Row, about
from asynq_mon_codegen.engine.conditions import joined
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["Production", "production"]

_MOST_SAMPLES = 2_000_000
_DAY = 86_400
_OURS = "Asynq.+"
"""How the names of the catalogue's alerts begin, those of earlier versions too."""


@frozen(kw_only=True)
class Production:
    """Alerts that the server's own rules fired; ``known`` is False where it keeps no series of alerts.

    ``step`` is in seconds how far apart was looked; ``coarse`` says that this is more than the rules' interval, for
    there was too much.
    """

    known: bool
    firings: tuple[Firing, ...] = ()
    step: float = 0.0
    coarse: bool = False

    def fired(self, alert: str, severity: str) -> int:
        """How often an alert fired, for whatever it was."""
        return len(self._labels.get((alert, severity), ()))

    def fired_as(self, row: Row) -> int:
        """How often the same fired; labels that the server adds do not matter."""
        of = set(about(row.firings[0].labels).items())
        return sum(of <= labels for labels in self._labels.get((row.alert, row.severity), ()))

    @functools.cached_property
    def _labels(self) -> Mapping[tuple[str, str], list[frozenset[tuple[str, str]]]]:
        found: dict[tuple[str, str], list[frozenset[tuple[str, str]]]] = {}
        for f in self.firings:
            found.setdefault((f.label("alertname"), f.label("severity")), []).append(frozenset(f.labels))
        return found


def production(server: Prometheus, history: History, alerts: Iterable[str], *, most: int = _MOST_SAMPLES) -> Production:
    """What fired of these alerts and of others whose names begin like the catalogue's; ``most`` samples are asked for.

    Raises:
        UsageError: the server does not answer.
    """
    start, end = history.start, history.end - history.step
    if not server.label_values("alertname", "ALERTS", start=start, end=end):
        return Production(known=False)
    names = "|".join((_OURS, *sorted(set(alerts))))
    expr = f'ALERTS{{alertstate="firing", severity!="none", alertname=~"{names}"}}'
    step = history.step * max(1, math.ceil(_samples(server, expr, start, end) / most))
    found = joined(server.pages(expr, start=math.ceil(start / step) * step, end=end, step=step), step)
    last = math.floor(end / step)
    firings = (
        Firing(
            labels=tuple((k, v) for k, v in one.labels if k != "alertstate"),
            start=run.first * step,
            end=None if run.last == last else (run.last + 1) * step,
        )
        for one in found
        for run in one.runs
    )
    return Production(
        known=True,
        firings=tuple(sorted(firings, key=lambda f: (f.start, f.labels))),
        step=step,
        coarse=step > history.step,
    )


def _samples(server: Prometheus, expr: str, start: float, end: float) -> float:
    """How many samples there are, day by day: servers limit how far back one query may look."""
    first = end - (end - start) // _DAY * _DAY
    pages = server.pages(f"sum(count_over_time({expr}[1d]))", start=first, end=end, step=_DAY, most=1)
    return sum(float(value) for page in pages for one in page for _, value in one.get("values", ()))
