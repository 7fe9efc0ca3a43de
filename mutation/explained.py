"""Survivors that are known, each with the reason why no test can or should notice it."""

from __future__ import annotations

import re

__all__ = ["why_survives"]

_CONTINUOUS = "|".join(  # noqa: FLY002
    (
        "AsynqHostCPUHigh",
        "AsynqHostNetworkSaturated",
        "AsynqHostDiskFilling",
        "AsynqWorkerCPUHigh",
        "AsynqWorkerMemoryGrowing",
        "AsynqWorkerGoroutinesGrowing",
        "AsynqWorkerThrottled",
        "AsynqWorkerOOMKilled",
        "AsynqNotificationsFailing",
    )
)

_EXPLAINED: tuple[tuple[str, str, str], ...] = (
    (
        "asynq_tasks_completed:max|:resets15m",
        "max -> min",
        "exporters show one Redis: they differ by a scrape, at an edge that Prometheus 2 and 3 draw differently",
    ),
    (
        "asynq_tasks_aggregating:max",
        "max -> (min|sum) in .*max by",
        "the inner aggregation only strips labels: each exporter has one series per queue",
    ),
    (
        "AsynqScheduledOverdue",
        "max -> (min|sum) in .*max by",
        "equal to 0 for one exporter is equal to 0 for all, but for a scrape's delay",
    ),
    (
        "AsynqQueueStalled|AsynqQueueStarved",
        "max -> (min|sum) in .*roup (by .*)?\\(max by",
        "above 0 for one exporter is above 0 for all, but for a scrape's delay, and so is their sum",
    ),
    (
        "AsynqDependencyOutage",
        ">= -> > in .*\\* 300 >= 20",
        "a rate over 5 minutes does not come to 20 to the bit",
    ),
    (
        "AsynqQueueStalled",
        "< -> <= in .*0\\.01",
        "a rate that is exactly 0.01 is no attempt more or less",
    ),
    (
        "AsynqTrafficStopped",
        "< -> <= in .*avg15m < |>= -> > in .*_recent >= 0.01",
        "means of rates, which never hit a level to the bit",
    ),
    (
        "avg15m_low_usual_or_recent",
        "offset 2h30m -> offset 50m",
        "a rate over 5 minutes begins low, so that the least of a queue whose beginning is in sight is below the gate",
    ),
    (
        "AsynqAggregationStuck",
        "> -> >= in .*aggregating:max > 0 and",
        "with tasks an hour ago and no fall since, there are tasks now: the guards imply the comparison",
    ),
    (
        "AsynqQueueSurge",
        "> -> >= in .*asynq_tasks_arrived:rate5m > ",
        "the arrivals are a regression's result, which never hits another value to the bit",
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
        "max -> min in .*(r_busy_workers|sum by .*\\(max by)",
        "every exporter reads the same concurrency of a server, which never changes it while it runs",
    ),
    (
        "AsynqWorkersSaturated",
        "sum -> max in .*concurrency",
        "counts: their sum is above 0 exactly where the highest of them is",
    ),
    (
        _CONTINUOUS,
        "^(> -> >=|>= -> >|< -> <=) in ",
        "a rate, a share or a forecast is a continuous value: it does not stand at the level to the bit",
    ),
    (
        "AsynqWorkersDown|AsynqWorkerDown|AsynqExporterDown",
        "^1 -> 0.333",
        "a count of targets is whole: below 1 and below a third are both 0",
    ),
    (
        "asynq_(workers|exporter)_up:sum|AsynqRedisDown",
        "(sum -> max|max -> sum)",
        "only 0 matters, and the sum and the highest of zeros and ones are 0 together",
    ),
    ("AsynqWatchdog", "^1 -> ", "it fires whatever its value is"),
    (
        "queue:asynq_tasks_failed:ratio_rate2m",
        "max -> min",
        "exporters tell one truth: their rates differ by a scrape only",
    ),
    (
        "asynq_worker_memory_usage:ratio",
        "9e\\+18 -> 3e\\+18",
        "a gap: GOMEMLIMIT between 3 and 9 exabytes, which nobody sets, is not tested",
    ),
    (
        "asynq_slo_errors:rate5m",
        "max -> (min|sum) in .*max without",
        "a target has one bucket of a bound; only an upgrade of Prometheus makes it two for 5 minutes",
    ),
    (
        "asynq_slo_budget:remaining_ratio",
        "(30d|4w)\\] -> ",
        "a gap: it would take a world of a month, which promtool computes for ten seconds; a week is tested",
    ),
    ("AsynqHostDiskFilling", "6h\\] -> \\[18h", "a gap: it would take a world of 18 hours"),
    (
        "redis_used_by_asynq",
        "3h\\] -> ",
        "a gap: it would take a Redis that has been down for hours before the fault",
    ),
    ("AsynqHostCPUHigh", "5m\\] -> \\[1m40s", "a gap: the share of iowait is constant in the tests"),
    (
        "AsynqWorkerRestarting",
        ">= -> > in .*30m\\]\\) >= 60",
        "start times that are exactly a minute apart are no other restarts",
    ),
)
"""Rule name pattern, change pattern, reason."""


def why_survives(rule: str, change: str) -> str:
    """The reason, or an empty text where nobody has looked yet."""
    for rule_pattern, change_pattern, reason in _EXPLAINED:
        if re.search(rule_pattern, rule) and re.search(change_pattern, change):
            return reason
    return ""
