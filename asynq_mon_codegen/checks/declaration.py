"""What does not fit together in a declaration although each of its parts is possible."""

from __future__ import annotations

from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.plan import Plan

__all__ = ["check"]


def check(plan: Plan) -> tuple[Problem, ...]:
    """Everything of that kind."""
    return ()
