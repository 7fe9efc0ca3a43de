"""Binary operators: which labels a result has, whether the sides can match, and whether they match one to one."""

from __future__ import annotations

import math
from collections.abc import Callable

from attrs import evolve

from asynq_mon_codegen.checks.functions import hull
from asynq_mon_codegen.checks.series import Facts
from asynq_mon_codegen.errors import did_you_mean
from asynq_mon_codegen.promql.parsed import Binary

__all__ = ["COMPARISONS", "Report", "arithmetic", "join"]

Report = Callable[[str, str, str], None]
"""Takes a finding: the check's name, the message and the hint."""

COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
_SETS = frozenset({"and", "or", "unless"})

_PARTS = frozenset(
    {
        ("asynq_tasks_failed_total", "asynq_tasks_processed_total"),
        ("asynq_tasks_enqueued_total", "asynq_queue_size"),
        ("asynq_server_busy_workers", "asynq_server_concurrency"),
        ("process_open_fds", "process_max_fds"),
        ("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
        ("node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
        ("container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total"),
    }
)
"""Pairs of which the first is a part of the second, so that their quotient is at most 1."""


def join(node: Binary, left: Facts, right: Facts, report: Report) -> Facts:
    """The facts of ``left op right`` where both are vectors; reports sides that cannot meet as they stand."""
    key = _key(node, left, right)
    if node.labels is not None and not node.ignoring:
        _known_labels(node, left, right, report)
    if node.op == "or":
        return hull(left, right)
    if key is not None and _mismatch(node, left, right, key, report):
        return Facts()  # of a result that cannot exist there is nothing more to say
    if node.op in _SETS:
        return left
    if key is not None:
        _uniqueness(node, left, right, key, report)
    return _result(node, left, right, key)


def _key(node: Binary, left: Facts, right: Facts) -> frozenset[str] | None:
    """The labels that are compared; None where they are not known."""
    if node.labels is not None and not node.ignoring:
        return frozenset(node.labels)
    if left.labels is None or right.labels is None:
        return None
    return (left.labels | right.labels) - frozenset(node.labels or ())


def _known_labels(node: Binary, left: Facts, right: Facts, report: Report) -> None:
    for label in node.labels or ():
        for side, facts in (("left", left), ("right", right)):
            if facts.labels is not None and label not in facts.labels:
                report(
                    "unknown-label",
                    f"on ({label}): the {side} side of {node.op!r} has no label {label!r}",
                    did_you_mean(label, facts.labels) or f"the {side} side has no labels at all",
                )
    if node.many:
        source = right if node.many == "left" else left
        for label in node.extra:
            if source.labels is not None and label not in source.labels:
                report(
                    "unknown-label",
                    f"group_{node.many} ({label}): there is no label {label!r} to take over",
                    did_you_mean(label, source.labels),
                )


def _mismatch(node: Binary, left: Facts, right: Facts, key: frozenset[str], report: Report) -> bool:
    """Whether no series of the two sides can have the same values of the key."""
    if left.labels is None or right.labels is None:
        return False
    if node.labels is None or node.ignoring:
        alone = sorted(
            {x for x in key & left.sure if x not in right.labels}
            | {x for x in key & right.sure if x not in left.labels}
        )
        if alone:
            shared = ", ".join(sorted(key & left.labels & right.labels - {"job", "instance"}))
            say = f"say what to match on: {node.op} on ({shared})"
            report(
                "join",
                f"the sides of {node.op!r} never match: only one of them has {_listed(alone)}",
                say if shared else "aggregate both sides to the same labels first",
            )
            return True
    return _pinned_apart(node, left, right, key, report)


def _pinned_apart(node: Binary, left: Facts, right: Facts, key: frozenset[str], report: Report) -> bool:
    there = dict(right.pinned)
    for name, value in sorted(left.pinned):
        if name in key and name in there and there[name] != value:
            report(
                "join",
                f"the sides of {node.op!r} never match: {name} is {value!r} on the left, {there[name]!r} on the right",
                f"match without it: {node.op} ignoring ({name}), or aggregate both sides first",
            )
            return True
        same = left.metric and left.metric == right.metric and node.op == "/"
        if same and name in key and name not in there:
            report(
                "join",
                f"the quotient is always 1: on both sides {name} is {value!r}, so each series meets itself",
                f"aggregate the right side first: / on (...) sum without ({name}) (...)",
            )
            return True
    return False


def _listed(names: list[str]) -> str:
    return "the label " + names[0] if len(names) == 1 else "the labels " + ", ".join(names)


def _uniqueness(node: Binary, left: Facts, right: Facts, key: frozenset[str], report: Report) -> None:
    loose_left, loose_right = _loose(left, key), _loose(right, key)
    shown = ", ".join(sorted(key))
    if node.many != "left" and loose_left and node.many != "right" and loose_right:
        report(
            "join",
            f"{node.op!r} may match many to many: on both sides several series have one ({shown}), "
            f"they differ in {_both(loose_left, loose_right)}",
            f"aggregate both sides first, such as max by ({shown}) (...)",
        )
    elif node.many != "right" and loose_right:
        report("join", _several(node, "right", loose_right, shown), _one(node, "left", shown))
    elif node.many != "left" and loose_left:
        report("join", _several(node, "left", loose_left, shown), _one(node, "right", shown))


def _loose(facts: Facts, key: frozenset[str]) -> list[str]:
    """Labels in which series with one key can still differ."""
    varying = facts.varying()
    return [] if varying is None else sorted(varying - key)


def _both(a: list[str], b: list[str]) -> str:
    return ", ".join(sorted({*a, *b}))


def _several(node: Binary, side: str, loose: list[str], shown: str) -> str:
    return f"{node.op!r} may find several series on its {side} for one ({shown}): they differ in {', '.join(loose)}"


def _one(node: Binary, other: str, shown: str) -> str:
    more = "" if node.many else f", or say group_{'left' if other == 'right' else 'right'} if many are meant"
    return f"aggregate that side first, such as max by ({shown}) (...){more}"


def _result(node: Binary, left: Facts, right: Facts, key: frozenset[str] | None) -> Facts:
    many, one = (right, left) if node.many == "right" else (left, right)
    labels, sure, pinned = many.labels, many.sure, many.pinned
    if node.many:
        labels = None if labels is None else labels | frozenset(node.extra)
        pinned = frozenset((n, v) for n, v in pinned if n not in node.extra)
        sure = sure | (one.sure & frozenset(node.extra))
    elif key is not None:
        labels = key if labels is None else labels & key
        sure = sure & key
        pinned = frozenset((n, v) for n, v in (*left.pinned, *right.pinned) if n in key)
    out = arithmetic(node, left, right)
    copies = out.copies if labels is None or "instance" in labels else ""
    return evolve(out, labels=labels, sure=sure, pinned=pinned, copies=copies, scalar=False)


def arithmetic(node: Binary, left: Facts, right: Facts) -> Facts:
    """The value of ``left op right`` with the labels of the side that is a vector."""
    vector = right if left.scalar and not right.scalar else left
    if node.op in COMPARISONS:
        if node.is_bool:
            return evolve(vector, low=0, high=1, metric="", counter="")
        return _narrowed(node, left, right, vector)
    low, high = _bounds(node.op, left, right)
    if node.op == "/" and (left.metric, right.metric) in _PARTS:
        high = min(high, 1)
    counter = left.counter or right.counter if node.op in "+*/" else ""
    return evolve(vector, low=low, high=high, metric="", counter=counter, copies=left.copies or right.copies)


def _narrowed(node: Binary, left: Facts, right: Facts, vector: Facts) -> Facts:
    """A comparison keeps the vector's value where it holds."""
    if left.scalar or right.constant is None:
        return vector
    if node.op in (">", ">="):
        return evolve(vector, low=max(vector.low, right.low))
    if node.op in ("<", "<="):
        return evolve(vector, high=min(vector.high, right.high))
    return evolve(vector, low=right.low, high=right.high) if node.op == "==" else vector


def _bounds(op: str, a: Facts, b: Facts) -> tuple[float, float]:
    match op:
        case "+":
            return a.low + b.low, a.high + b.high
        case "-":
            return a.low - b.high, a.high - b.low
        case "*":
            products = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
            return min(products), max(products)
        case "/" if b.constant is not None and b.low:
            ends = (a.low / b.low, a.high / b.low)
            return min(ends), max(ends)
        case "/" if a.low >= 0 and b.low >= 0:
            return 0, math.inf
        case "%" if b.constant is not None and a.low >= 0:
            return 0, abs(b.low)
        case _:
            return -math.inf, math.inf


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y
