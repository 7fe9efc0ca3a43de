"""Service levels as Sloth is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["spec"]


def spec(objectives: Iterable[tuple[str, float]]) -> dict[str, Any]:
    """Sloth's specification: for each queue its objective in per cent, over asynq's counters."""
    return {
        "version": "prometheus/v1",
        "service": "asynq",
        "slos": [
            {
                "name": queue,
                "objective": objective,
                "labels": {"queue": queue},
                "sli": {
                    "events": {
                        "error_query": f'max(rate(asynq_tasks_failed_total{{queue="{queue}"}}[{{{{.window}}}}]))',
                        "total_query": f'max(rate(asynq_tasks_processed_total{{queue="{queue}"}}[{{{{.window}}}}]))',
                    }
                },
                "alerting": {
                    "name": "SlothBurn",
                    "labels": {"queue": queue},
                    "page_alert": {"labels": {"severity": "critical"}},
                    "ticket_alert": {"labels": {"severity": "warning"}},
                },
            }
            for queue, objective in objectives
        ],
    }
