"""Two ways joined by an operator: which side moves, and which labels the result has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from attrs import evolve

from asynq_mon_codegen.promql.parsed import Binary
from asynq_mon_codegen.simulator.way import BASE, Place, Way
from asynq_mon_codegen.simulator.world import World

__all__ = ["two"]


def two(node: Binary, left: Way, right: Way) -> Way | None:
    """The way to a value of ``left op right``, or None where the operator does not say."""
    same = any(a.meets(b) for a in left.reads for b in right.reads)
    if node.op == "/" and same:
        return _part_of_whole(node, left, right)
    if same or node.op not in ("/", "-", "+", "*", "and", "unless"):
        return None
    move: dict[str, Callable[[float], tuple[float, float]]] = {
        "/": lambda v: (v * BASE, BASE),
        "-": lambda v: (v + BASE, BASE),
        "+": lambda v: (v * 0.75, v * 0.25),
        "*": lambda v: (v / 2, 2.0),
        "and": lambda v: (v, 1.0),
        "unless": lambda v: (v, math.nan),
    }
    values = move[node.op]

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        (calm, calm_right), (bad, bad_right) = values(healthy), values(broken)
        mine = left.place(world, _only(labels, left), calm, bad)
        if node.op == "unless":
            return mine
        theirs = right.place(world, _only(labels, right), calm_right, bad_right)
        return _joined(node, mine, theirs)

    return _combined(left, right, place, exact=node.op in ("and", "unless"))


def _part_of_whole(node: Binary, left: Way, right: Way) -> Way | None:
    """``sum(x{label="a"}) / sum(x)``: the numerator's series and the rest of the denominator's."""
    if len(left.reads) != 1 or len(right.reads) != 1:
        return None
    extra = dict(set(left.reads[0].fixed) - set(right.reads[0].fixed))
    if len(extra) != 1:
        return None
    ((label, value),) = extra.items()
    rest = {label: f"not {value}"}

    def place(world: World, labels: Mapping[str, str], healthy: float, broken: float) -> dict[str, str]:
        mine = left.place(world, _only(labels, left), healthy * BASE, broken * BASE)
        others = ((1 - min(healthy, 1)) * BASE, (1 - min(broken, 1)) * BASE)
        theirs = right.place(world, {**_only(labels, right), **rest}, *others)
        return _joined(node, mine, theirs)

    return evolve(_combined(left, right, place, exact=False), top=1.0)


def _only(labels: Mapping[str, str], way: Way) -> dict[str, str]:
    return {k: v for k, v in labels.items() if k in way.labels}


def _joined(node: Binary, left: dict[str, str], right: dict[str, str]) -> dict[str, str]:
    """The labels of the result, as Prometheus joins them."""
    many, one = (right, left) if node.many == "right" else (left, right)
    if node.many:
        return {**many, **{k: one[k] for k in node.extra if k in one}}
    if node.labels is None or node.op in ("and", "unless"):
        return many
    return {k: v if (k in node.labels) != node.ignoring else "" for k, v in many.items()}


def _combined(left: Way, right: Way, place: Place, *, exact: bool) -> Way:
    return Way(
        place=place,
        labels=left.labels | right.labels,
        taken=left.taken | right.taken,
        settle=max(left.settle, right.settle),
        linear=left.linear and right.linear,
        exact=exact and left.exact and right.exact,
        reads=(*left.reads, *right.reads),
    )
