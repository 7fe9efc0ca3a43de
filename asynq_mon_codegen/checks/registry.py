"""Every check of a plan by its name, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from asynq_mon_codegen.checks.contract import check as check_contract
from asynq_mon_codegen.checks.declaration import check as check_declaration
from asynq_mon_codegen.checks.routing import check as check_routing
from asynq_mon_codegen.errors import Problem
from asynq_mon_codegen.plan import Plan

__all__ = ["CHECKS", "run"]

CHECKS: Mapping[str, Callable[[Plan], tuple[Problem, ...]]] = {
    "contract": check_contract,
    "declaration": check_declaration,
    "routing": check_routing,
}
"""What looks at a plan; each returns all of its findings."""


def run(plan: Plan) -> tuple[Problem, ...]:
    """The findings of every check, each once, in the order of the checks."""
    return tuple(dict.fromkeys(problem for check in CHECKS.values() for problem in check(plan)))
