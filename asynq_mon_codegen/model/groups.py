"""How rules are spread over rule groups, for rulers that limit them."""

from __future__ import annotations

from attrs import Attribute, field, frozen

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model.kinds import typed

__all__ = ["RuleGroups"]


@frozen(kw_only=True, field_transformer=typed)
class RuleGroups:
    """Limits of one rule group; 0 is none.

    A group of more than ``max_rules`` rules is split into several, which a ruler evaluates side by side
    (Mimir refuses groups of more than 20 unless told otherwise). ``limit`` is Prometheus' own: a rule that gives more
    series or alerts than that fails as a whole, and AsynqRuleEvaluationFailing says so.

    Raises:
        DeclarationError: a limit that is no number from 0 on.
    """

    max_rules: int = field(default=0)
    limit: int = field(default=0)

    @max_rules.validator
    @limit.validator
    def _check(self, attribute: Attribute[int], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise DeclarationError(f"{attribute.name}={value!r} is not a number from 0 on", "0 is no limit")
