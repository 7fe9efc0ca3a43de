"""Survivors that are known, each with the reason why no test can or should notice it."""

from __future__ import annotations

import re

__all__ = ["why_survives"]

_EXPLAINED: tuple[tuple[str, str, str], ...] = ()
"""Rule name pattern, change pattern, reason."""


def why_survives(rule: str, change: str) -> str:
    """The reason, or an empty text where nobody has looked yet."""
    for rule_pattern, change_pattern, reason in _EXPLAINED:
        if re.search(rule_pattern, rule) and re.search(change_pattern, change):
            return reason
    return ""
