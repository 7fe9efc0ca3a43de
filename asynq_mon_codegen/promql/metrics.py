"""Metrics with their true types: what expressions are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Self

from attrs import evolve, field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.promql.expressions import Call, Expr, by_labels
from asynq_mon_codegen.promql.labels import LABEL_NAME, Matcher, any_of

if TYPE_CHECKING:
    from asynq_mon_codegen.promql.scope import Scope

__all__ = [
    "RANGE",
    "RATE_INTERVAL",
    "Counter",
    "Gauge",
    "Histogram",
    "Label",
    "Levels",
    "Metric",
    "Range",
    "Series",
    "Source",
]

RATE_INTERVAL = "$__rate_interval"
"""The window of a panel: Grafana fits it to the zoom and the scrape interval."""

RANGE = "$__range"
"""The whole time range of a dashboard, as the window of a panel that sums it up."""


class Source(Enum):
    """Who exports a metric; the declaration's scrape selectors are given per source, but for ``OTHER``."""

    COLLECTOR = "collector"
    EXPORTER = "exporter"
    WORKER = "worker"
    INSTRUMENTATION = "instrumentation"
    HOST = "host"
    REDIS = "redis"
    KUBERNETES = "kubernetes"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    OTHER = "other"


_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@frozen
class Label:
    """A label of a metric; ``values`` are all that it can have, where they are known."""

    name: str = field()
    values: tuple[str, ...] = ()

    @name.validator
    def _check_name(self, _: object, value: object) -> None:
        if not isinstance(value, str) or not LABEL_NAME.fullmatch(value):
            raise DeclarationError(f"{value!r} is not a label name", "letters, digits and _, no digit first")


@frozen(kw_only=True)
class Series(Expr):
    """What can stand in front of braces: a metric or a recorded series, perhaps filtered or shifted."""

    matchers: tuple[Matcher, ...] = ()
    shift: Duration | None = None

    def offset(self, by: str | Duration) -> Self:
        """The same series as they were ``by`` ago."""
        return evolve(self, shift=duration(by, "offset"))

    def matching(self, *matchers: Matcher) -> Self:
        """With these matchers added."""
        return evolve(self, matchers=(*self.matchers, *matchers))

    def series_name(self, scope: Scope) -> str:
        """The name in front of the braces."""
        raise NotImplementedError

    def source_matchers(self, scope: Scope) -> tuple[Matcher, ...]:
        """The matchers that the declaration gives to the source of this metric."""
        return ()

    def selector(self, scope: Scope, suffix: str = "", window: str = "") -> str:
        """``name{matchers}[window] offset shift``."""
        known = (self.labels or frozenset()) | frozenset(scope.identity)
        own = {m.label for m in self.matchers}
        extra = tuple(m for m in scope.matchers if m.label in known and m.label not in own)
        matchers = (*self.source_matchers(scope), *self.matchers, *extra)
        braces = "{" + ", ".join(map(str, matchers)) + "}" if matchers else ""
        return (
            self.series_name(scope)
            + suffix
            + braces
            + (f"[{window}]" if window else "")
            + (f" offset {self.shift}" if self.shift else "")
        )

    def render(self, scope: Scope) -> str:
        """The selector."""
        return self.selector(scope)


@frozen
class Range(Expr):
    """A range vector; only ever an argument of a function."""

    series: Series
    window: str | Duration
    suffix: str = ""
    step: Duration | None = None

    @property
    def labels(self) -> frozenset[str] | None:  # type: ignore[override]
        """Those of the series."""
        return self.series.labels

    def children(self) -> tuple[Expr, ...]:
        """The series."""
        return (self.series,)

    def render(self, scope: Scope) -> str:
        """``selector[window]``; with a step it is a subquery, which looks at the series that often only."""
        window = str(self.window) if self.step is None else f"{self.window}:{self.step}"
        return self.series.selector(scope, self.suffix, window)


def _over(
    func: str,
    series: Series,
    window: str | Duration,
    *,
    tail: tuple[Duration, ...] = (),
    suffix: str = "",
    head: tuple[str, ...] = (),
    step: Duration | None = None,
) -> Call:
    length = window if window in (RATE_INTERVAL, RANGE) else duration(window, "window")
    labels = series.labels
    if suffix == "_bucket" and labels is not None:
        labels = labels | {"le"}
    return Call(func, (Range(series, length, suffix, step),), labels, tail=tail, head=head)


def _step(step: str | Duration | None) -> Duration | None:
    return None if step is None else duration(step, "step")


class Levels(Series):
    """Functions over time of a value that goes up and down."""

    def avg_over(self, window: str | Duration, step: str | Duration | None = None) -> Call:
        """The mean over the window; with ``step`` only every ``step`` is looked at."""
        return _over("avg_over_time", self, window, step=_step(step))

    def max_over(self, window: str | Duration, step: str | Duration | None = None) -> Call:
        """The highest value in the window; with ``step`` only every ``step`` is looked at."""
        return _over("max_over_time", self, window, step=_step(step))

    def min_over(self, window: str | Duration, step: str | Duration | None = None) -> Call:
        """The lowest value in the window; with ``step`` only every ``step`` is looked at."""
        return _over("min_over_time", self, window, step=_step(step))

    def median_over(self, window: str | Duration, step: str | Duration | None = None) -> Call:
        """The middle value in the window; with ``step`` only every ``step`` is looked at."""
        return _over("quantile_over_time", self, window, head=("0.5",), step=_step(step))

    def count_over(self, window: str | Duration, step: str | Duration | None = None) -> Call:
        """How many samples the window has; with ``step`` only every ``step`` is looked at."""
        return _over("count_over_time", self, window, step=_step(step))

    def sum_over(self, window: str | Duration) -> Call:
        """The sum of all samples of the window."""
        return _over("sum_over_time", self, window)

    def last_over(self, window: str | Duration) -> Call:
        """The last value in the window, also where the series has ended since."""
        return _over("last_over_time", self, window)

    def delta(self, window: str | Duration) -> Call:
        """How much the value changed over the window, extrapolated to its edges."""
        return _over("delta", self, window)

    def deriv(self, window: str | Duration) -> Call:
        """Change per second over the window, by linear regression."""
        return _over("deriv", self, window)

    def changes(self, window: str | Duration) -> Call:
        """How often the value changed in the window."""
        return _over("changes", self, window)

    def falls(self, window: str | Duration) -> Call:
        """How often the value went down in the window (``resets``)."""
        return _over("resets", self, window)

    def predict_linear(self, window: str | Duration, ahead: str | Duration) -> Call:
        """The value ``ahead`` from now if the trend of the window goes on."""
        return _over("predict_linear", self, window, tail=(duration(ahead, "ahead"),))


def _label_set(value: str | Label | Iterable[str | Label]) -> tuple[Label, ...]:
    several = (value,) if isinstance(value, str | Label) else value
    return tuple(Label(v) if isinstance(v, str) else v for v in several)


@frozen(kw_only=True)
class Metric(Series):
    """One metric family of the contract.

    ``minimum`` and ``maximum`` are the values that it can reach; ``caps`` are lower maxima of
    some label values (``("state", "archived", 9999)``).
    """

    name: str = field()
    label_set: tuple[Label, ...] = field(default=(), converter=_label_set)
    unit: str = ""
    help: str = ""
    source: Source = Source.OTHER
    minimum: float | None = 0
    maximum: float | None = None
    caps: tuple[tuple[str, str, float], ...] = ()
    note: str = ""

    @name.validator
    def _check_name(self, _: object, value: object) -> None:
        if not isinstance(value, str) or not _METRIC_NAME.fullmatch(value):
            raise DeclarationError(f"{value!r} is not a metric name", "letters, digits, _ and :, no digit first")

    @label_set.validator
    def _check_labels(self, _: object, value: tuple[object, ...]) -> None:
        for label in value:
            if not isinstance(label, Label):
                raise DeclarationError(f"label_set holds {label!r}, which is not a Label", 'write Label("queue")')

    @property
    def labels(self) -> frozenset[str]:  # type: ignore[override]
        """The labels that this project knows of, those of a scrape target included."""
        return frozenset(label.name for label in self.label_set) | {"job", "instance"}

    def where(self, **labels: str | Iterable[str]) -> Self:
        """Only series whose labels have these values (one value, or any of several).

        Raises:
            DeclarationError: the metric has no such label, or the label no such value.
        """
        matchers = []
        for name, value in labels.items():
            values = (value,) if isinstance(value, str) else tuple(value)
            self._check_label(name, values)
            matchers.append(any_of(name, values))
        return self.matching(*matchers)

    def without(self, **labels: str | Iterable[str]) -> Self:
        """Only series whose labels have none of these values."""
        matchers = []
        for name, value in labels.items():
            values = (value,) if isinstance(value, str) else tuple(value)
            self._check_label(name, values)
            matchers.append(any_of(name, values, negated=True))
        return self.matching(*matchers)

    def _check_label(self, name: str, values: tuple[str, ...]) -> None:
        known = {label.name: label.values for label in self.label_set}
        if name not in known and name not in ("job", "instance"):
            raise DeclarationError(f"{self.name} has no label {name!r}", did_you_mean(name, known))
        allowed = known.get(name, ())
        for value in values:
            if allowed and value not in allowed:
                raise DeclarationError(f"{self.name} has no {name}={value!r}", did_you_mean(value, allowed))

    def series_name(self, scope: Scope) -> str:
        """The metric's name."""
        return self.name

    def source_matchers(self, scope: Scope) -> tuple[Matcher, ...]:
        """The declaration's matchers for whoever exports this metric."""
        return scope.selector(self.source.value)

    kind = "metric"
    methods = "max(), sum()"

    def why_not(self, method: str) -> tuple[str, str] | None:
        """Why this type of metric has no such method: message and hint, for the loader."""
        if method in ("rate", "irate", "increase", "deriv", "delta", "quantile", "max_over", "avg_over"):
            note = f": {self.note}" if self.note else ""
            return f"{self.name} is a {self.kind} and has no {method}(){note}", f"a {self.kind} has {self.methods}"
        return None


@frozen(kw_only=True)
class Gauge(Metric, Levels):
    """A metric that goes up and down; it has levels, no rate."""

    kind = "gauge"
    methods = "max(), sum(), max_over(), avg_over(), delta(), deriv()"


@frozen(kw_only=True)
class Counter(Metric):
    """A metric that only grows, but for resets; it has a rate, no level."""

    kind = "counter"
    methods = "rate(), increase()"

    def rate(self, window: str | Duration) -> Call:
        """Growth per second over the window."""
        return _over("rate", self, window)

    def increase(self, window: str | Duration) -> Call:
        """Growth over the window."""
        return _over("increase", self, window)


@frozen(kw_only=True)
class Histogram(Metric):
    """A classic histogram: ``_bucket``, ``_sum`` and ``_count``."""

    kind = "histogram"
    methods = "quantile(), observations()"

    def quantile(self, q: float, window: str | Duration, by: str | Iterable[str] = ()) -> Call:
        """The ``q`` quantile of what was observed in the window."""
        labels = by_labels(by)
        buckets = _over("rate", self, window, suffix="_bucket").sum(by=(*labels, "le"))
        return Call("histogram_quantile", (buckets,), frozenset(labels), head=(f"{q:g}",))

    def buckets(self, window: str | Duration) -> Call:
        """Growth per second of every bucket."""
        return _over("rate", self, window, suffix="_bucket")

    def observations(self, window: str | Duration) -> Call:
        """Observations per second."""
        return _over("rate", self, window, suffix="_count")

    def slower_than(self, bound: Duration, window: str | Duration) -> Slower:
        """Observations per second above ``bound``, which must be the bound of a bucket."""
        return Slower(self, bound, duration(window, "window"))

    def total(self, window: str | Duration) -> Call:
        """Sum of what was observed, per second."""
        return _over("rate", self, window, suffix="_sum")


@frozen
class Slower(Expr):
    """``rate(count) - max without (le) (rate(bucket))``: what each target observed above a bucket's bound.

    Targets without such a bucket, of another release perhaps, have no part in it.
    """

    histogram: Histogram
    bound: Duration
    window: Duration
    precedence = 4

    @property
    def labels(self) -> frozenset[str] | None:  # type: ignore[override]
        """Those of the histogram, without the bound."""
        return self.histogram.labels

    def children(self) -> tuple[Expr, ...]:
        """The histogram."""
        return (self.histogram,)

    def render(self, scope: Scope) -> str:
        """All observations less those in the bucket."""
        text = f"{self.bound.seconds:g}"
        # Prometheus 3 writes the bound 1 as 1.0, and for a while after an upgrade there are both
        le = Matcher("le", "=~", rf"{text}(\.0)?") if text.isdigit() else Matcher("le", "=", text)
        every = _over("rate", self.histogram, self.window, suffix="_count")
        bucket = _over("rate", self.histogram.matching(le), self.window, suffix="_bucket")
        return f"{every.render(scope)} - max without (le) ({bucket.render(scope)})"
