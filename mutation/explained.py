"""Survivors that are known, each with the reason why no test can or should notice it."""

from __future__ import annotations

import re

__all__ = ["why_survives"]

_EXPLAINED: tuple[tuple[str, str, str], ...] = (
    (
        "asynq_tasks_completed:max|:resets15m",
        "max -> min",
        "exporters show one Redis: they differ by a scrape, at an edge that Prometheus 2 and 3 draw differently",
    ),
    (
        "asynq_tasks_aggregating:max",
        "max -> (min|sum) in .*max by \\(queue\\) \\(max by",
        "the inner aggregation only strips labels: each exporter has one series per queue",
    ),
    (
        "AsynqScheduledOverdue",
        "max -> (min|sum) in .*unless max by",
        "equal to 0 for one exporter is equal to 0 for all, but for a scrape's delay",
    ),
    (
        "AsynqQueueStalled",
        "< -> <= in .*0\\.01",
        "a rate that is exactly 0.01 is no attempt more or less",
    ),
    (
        "AsynqAggregationStuck",
        "> -> >= in .*aggregating:max > 0 and",
        "with tasks an hour ago and no fall since, there are tasks now: the guards imply the comparison",
    ),
    (
        "AsynqQueueSurge",
        "> -> >= in .*(processed:rate5m > [24]|avg30m\\) > )",
        "the arrivals are a regression's result, which never hits a level to the bit",
    ),
    (
        "AsynqTaskFailureRatioHigh|AsynqTaskTypeFailing|AsynqEnqueueErrors",
        "< -> <= in .*ratio_rate2m",
        "the lower of two values: where both are equal, either one is it",
    ),
    (
        "AsynqTasksArchived",
        "> -> >= in .*increase30m > ",
        "the higher of two values: where both are equal, either one is it",
    ),
    (
        "AsynqTaskDurationHigh",
        ">= -> > in .*\\* 1800 >= 10",
        "a rate over 30 minutes does not come to 10 to the bit",
    ),
    (
        "AsynqWorkersSaturated",
        "max -> min in .*r_busy_workers",
        "every exporter reads the same concurrency of a server, which never changes it while it runs",
    ),
    (
        "AsynqWorkersSaturated",
        "sum -> max in .*concurrency",
        "counts: their sum is above 0 exactly where the highest of them is",
    ),
)
"""Rule name pattern, change pattern, reason."""


def why_survives(rule: str, change: str) -> str:
    """The reason, or an empty text where nobody has looked yet."""
    for rule_pattern, change_pattern, reason in _EXPLAINED:
        if re.search(rule_pattern, rule) and re.search(change_pattern, change):
            return reason
    return ""
