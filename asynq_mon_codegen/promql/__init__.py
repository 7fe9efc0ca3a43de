"""PromQL as typed values: metrics of a contract, expressions over them, and their text.

A gauge has no ``rate`` and a counter no ``max_over``, so that an editor, mypy and, for those who
use neither, the loader object before Prometheus computes nonsense. Nothing here knows of alerts.
"""

from asynq_mon_codegen.promql.declared import Declared, ForEach
from asynq_mon_codegen.promql.expressions import (
    Binary,
    Expr,
    Raw,
    TimeOfDay,
    number,
    per_second,
    promql,
    seconds,
    time,
    vector,
)
from asynq_mon_codegen.promql.labels import Matcher, matchers_of, quote, regex_of
from asynq_mon_codegen.promql.metrics import (
    RANGE,
    RATE_INTERVAL,
    Counter,
    Gauge,
    Histogram,
    Label,
    Metric,
    Series,
    Source,
)
from asynq_mon_codegen.promql.records import Record, Recorded
from asynq_mon_codegen.promql.scope import Scope

__all__ = [
    "RANGE",
    "RATE_INTERVAL",
    "Binary",
    "Counter",
    "Declared",
    "Expr",
    "ForEach",
    "Gauge",
    "Histogram",
    "Label",
    "Matcher",
    "Metric",
    "Raw",
    "Record",
    "Recorded",
    "Scope",
    "Series",
    "Source",
    "TimeOfDay",
    "matchers_of",
    "number",
    "per_second",
    "promql",
    "quote",
    "regex_of",
    "seconds",
    "time",
    "vector",
]
