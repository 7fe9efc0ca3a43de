"""Comparisons with numbers: what no value reaches, and totals of counters."""

from __future__ import annotations

import math

from asynq_mon_codegen.checks.joins import Report
from asynq_mon_codegen.checks.series import Facts, Family, Knowledge
from asynq_mon_codegen.promql.parsed import Binary

__all__ = ["compared"]


def compared(node: Binary, left: Facts, right: Facts, known: Knowledge, report: Report) -> None:
    """Reports a comparison with a number that says nothing: of a counter's total, or with what no value reaches."""
    op, vector, number = node.op, left, right
    if left.scalar:
        op, vector, number = _turned(node.op), right, left
    if vector.scalar or not number.scalar:
        return
    if vector.counter:
        report(
            "counter-compared",
            f"{vector.counter} is a counter: its total since the start is compared with a number",
            f"compare its growth: rate({vector.counter}[5m]) or increase({vector.counter}[1h])",
        )
        return
    value = number.constant
    if value is not None and not math.isnan(value) and not _reachable(op, value, vector):
        _unreachable(op, value, vector, known, report)


def _unreachable(op: str, value: float, facts: Facts, known: Knowledge, report: Report) -> None:
    name = facts.metric or "the value"
    if math.isinf(facts.low):
        span = f"is at most {facts.high:g}"
    elif math.isinf(facts.high):
        span = f"is never below {facts.low:g}"
    else:
        span = (
            f"lies between {facts.low:g} and {facts.high:g}" if facts.low < facts.high else f"is always {facts.low:g}"
        )
    capped = any(cap == facts.high for family in _families(facts, known) for _, _, cap in family.caps)
    why = "; asynq drops the oldest beyond that" if capped else ""
    at = facts.high if op in (">", ">=", "==") else facts.low
    limit = "below" if op in (">", ">=") else "above"
    report(
        "threshold-range",
        f"{op} {value:g} is never true: {name} {span}{why}",
        f"choose a level {limit} {at:g}" if op != "==" else "choose a value in that range",
    )


def _families(facts: Facts, known: Knowledge) -> list[Family]:
    family = known.families.get(facts.metric)
    return [] if family is None else [family]


def _reachable(op: str, value: float, facts: Facts) -> bool:
    match op:
        case ">":
            return facts.high > value
        case ">=":
            return facts.high >= value
        case "<":
            return facts.low < value
        case "<=":
            return facts.low <= value
        case "==":
            return facts.low <= value <= facts.high
        case _:
            return True


def _turned(op: str) -> str:
    return {">": "<", "<": ">", ">=": "<=", "<=": ">="}.get(op, op)
