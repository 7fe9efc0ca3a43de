"""Everything that a review looks at, asked for in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.summary import Judged
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.replay import History, evaluation
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.prometheus_api import Prometheus
from asynq_mon_codegen.review.levels import levels
from asynq_mon_codegen.review.noisy import noisy
from asynq_mon_codegen.review.production import production
from asynq_mon_codegen.review.queues import queues
from asynq_mon_codegen.review.report import Review
from asynq_mon_codegen.review.runbooks import runbooks
from asynq_mon_codegen.review.short import short
from asynq_mon_codegen.review.silent import silent
from asynq_mon_codegen.review.summary import summary

__all__ = ["collected"]


def collected(
    *,
    plan: Plan,
    place: str,
    base: str,
    server: Prometheus,
    history: History,
    now: Judged,
    before: Judged | None,
    wanted: float,
    end: float,
    within: float,
    incidents: Sequence[Incident],
    generated: Path,
    notes: tuple[str, ...],
    progress: Progress,
) -> Review:
    """The review of a replay that has been judged; ``end`` dates it.

    Raises:
        UsageError: the server does not answer.
        EngineError: Prometheus failed.
    """
    work = evaluation(history, now.replay.rules)
    really = production(server, history, {r.name for r in now.replay.rules.alerts})
    return Review(
        place=place,
        base=base,
        start=history.start,
        end=end,
        wanted=wanted,
        within=within,
        notes=notes,
        before=before,
        production=really,
        summary=summary(now),
        noisy=noisy(now, before, really),
        short=short(now, incidents, within),
        silent=silent(now, plan, history.extents, really),
        levels=levels(plan, work, history, now, progress),
        queues=queues(Running(plan=plan, prometheus=server), history, work),
        runbooks=runbooks(plan, generated, now, end),
    )
