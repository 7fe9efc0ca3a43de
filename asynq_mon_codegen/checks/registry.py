"""Every check of a plan by its name, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from asynq_mon_codegen.checks import contract, declaration, routing
from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.plan import Plan

__all__ = ["CHECKS", "run"]

CHECKS: Mapping[str, Callable[[Plan], tuple[Problem, ...]]] = {
    "contract": contract.check,
    "declaration": declaration.check,
    "routing": routing.check,
}
"""What looks at a plan; each returns all of its findings."""


def run(plan: Plan) -> tuple[Problem, ...]:
    """The findings of every check, each once, in the order of the checks."""
    return tuple(dict.fromkeys(problem for check in CHECKS.values() for problem in check(plan)))
