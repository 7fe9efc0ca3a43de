"""Which time can be reviewed: history may be shorter than what was asked for."""

from __future__ import annotations

import math

from attrs import evolve

from asynq_mon_codegen.backtest.words import moment
from asynq_mon_codegen.engine.history import PROBES
from asynq_mon_codegen.engine.replay import History
from asynq_mon_codegen.errors import UsageError

__all__ = ["of_what_there_is"]


def of_what_there_is(history: History) -> History:
    """The same from the first sample of asynq on: counts by the week must not be thinned by weeks without history.

    Raises:
        UsageError: there is none.
    """
    firsts = [e.first for name, e in history.extents.items() if e is not None and name.startswith("asynq_")]
    if not firsts:
        raise UsageError(
            f"the server has no series of asynq from {moment(history.start)} to {moment(history.end)} UTC",
            "asynq-mon doctor --prometheus URL says what is missing; --range and --end name another time",
        )
    first = math.ceil(min(firsts) / history.step) * history.step
    vague = max(2 * history.step, (history.end - first) / PROBES)
    return evolve(history, start=first) if first > history.start + vague else history
