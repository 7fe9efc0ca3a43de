"""A backtest as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen.backtest.summary import Judged, Row
from asynq_mon_codegen.backtest.words import stamp
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History

__all__ = ["as_data", "history_data"]


def as_data(judged: Judged) -> dict[str, Any]:
    """Everything that a script may ask; times in RFC 3339, lengths in seconds."""
    end = judged.replay.end
    return {
        "alerts": [_row(row, end) for row in judged.rows],
        "did_not_fire": [{"alert": alert, "severity": severity} for alert, severity in judged.quiet],
        "no_history": {alert: list(names) for alert, names in judged.replay.unseen.items()},
        "notifications": {
            "total": len(judged.notifications),
            "per_week": round(judged.a_week, 2),
            "by_receiver": judged.by_receiver(),
        },
        "incidents": _score(judged),
    }


def history_data(history: History) -> dict[str, Any]:
    """What was looked at."""
    return {
        "from": stamp(history.start),
        "to": stamp(history.end),
        "step_seconds": history.step,
        "samples": history.samples,
        "gaps": {
            name: [{"from": stamp(a), "to": stamp(b)} for a, b in extent.gaps]
            for name, extent in history.extents.items()
            if extent is not None and extent.gaps
        },
    }


def _row(row: Row, end: float) -> dict[str, Any]:
    return {
        "alert": row.alert,
        "severity": row.severity,
        "threat": row.threat,
        "subject": row.subject,
        "fired": len(row.firings),
        "seconds": round(row.total(end), 3),
        "longest_seconds": round(row.longest(end), 3),
        "flaps": row.flaps,
        "notifications": row.notifications,
        "false_alarms": row.false_alarms,
        "times": [_times(f) for f in row.firings],
    }


def _times(firing: Firing) -> dict[str, str | None]:
    return {"from": stamp(firing.start), "to": None if firing.end is None else stamp(firing.end)}


def _score(judged: Judged) -> dict[str, Any] | None:
    score = judged.score
    if score is None:
        return None
    return {
        "known": len(score.verdicts),
        "recall": round(score.recall, 4),
        "false_alarms": len(score.false_alarms),
        "each": [
            {
                "name": v.incident.title,
                "from": stamp(v.incident.start),
                "to": stamp(v.incident.end),
                "queue": v.incident.queue,
                "threat": v.incident.threat,
                "alerts": list(v.alerts),
                "delay_seconds": v.delay,
            }
            for v in score.verdicts
        ],
    }
