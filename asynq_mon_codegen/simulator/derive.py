"""Drives for alerts that bring none: how to make an expression have a value, read off the expression.

Every aggregation gets two unequal members, so that another aggregation gives another value; of a
quotient the denominator stays and the numerator moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.promql.parsed import Binary, Node, NotPromQL, Number, parse
from asynq_mon_codegen.simulator.probe import STEP, Probe
from asynq_mon_codegen.simulator.way import Way
from asynq_mon_codegen.simulator.ways import Reader, way_of
from asynq_mon_codegen.simulator.world import World

__all__ = ["Clause", "derive"]


@frozen(kw_only=True)
class Clause:
    """A guard: ``kind`` is ``and`` or ``unless``, ``expr`` its PromQL, ``minimum`` the floor it must reach."""

    kind: str
    expr: str
    text: str
    minimum: float | None = None


@frozen(kw_only=True)
class _Guard:
    """A clause and how to meet it: the values at which it holds and does not hold (None: no series)."""

    clause: Clause
    way: Way
    holds: float
    fails: float | None


def derive(
    signal: str,
    *,
    healthy: float,
    reader: Reader,
    hold: Duration,
    first: float = 0,
    guards: Iterable[Clause] = (),
    value: float = 1,
) -> Probe | None:
    """The probe of an alert over ``signal``, or None where the expression does not tell how to drive it.

    ``healthy`` is a value at which the alert is silent; ``value`` what a signal without levels shows;
    ``first`` is the share of the way from there to the worst value driven after which a rule's level is
    passed, ``hold`` the shortest hold.
    """
    try:
        tree = parse(signal)
        way = way_of(tree, reader)
        clauses = tuple(_guard(g, reader) for g in guards)
    except NotPromQL:
        return None
    found = tuple(c for c in clauses if c is not None)
    if way is None or len(found) < len(clauses) or _clash(way, found):
        return None
    shown = _threshold(tree)
    return Probe(
        drive=partial(_drive, way, found, "", healthy),
        quiet={g.clause.text: partial(_drive, way, found, g.clause.text, healthy) for g in found if _can_fail(g)},
        settle=Duration(max([way.settle, *(g.way.settle for g in found)])),
        ripens=_ripens(way, first, hold),
        exact=way.exact,
        many=bool(way.free()),
        top=way.top,
        value=value if shown is None else shown,
    )


def _ripens(way: Way, first: float, hold: Duration) -> Duration | None:
    """When a fault that a window shows little by little must still be unheard, though past its level for long."""
    if not way.linear or not way.settle or hold.milliseconds < 4 * STEP.milliseconds:
        return None
    silent = int((way.settle * first + hold.milliseconds) // STEP.milliseconds - 2) * STEP.milliseconds
    return Duration(silent) if silent > hold.milliseconds else None


def _guard(clause: Clause, reader: Reader) -> _Guard | None:
    tree = parse(clause.expr)
    way = way_of(tree, reader)
    if way is None:
        return None
    if clause.minimum is not None:
        return _Guard(clause=clause, way=way, holds=clause.minimum * 1.25 + 1, fails=clause.minimum * 0.75)
    if isinstance(tree, Binary) and isinstance(tree.right, Number) and tree.op in _BOTH:
        number = tree.right.value
        holds, fails = _BOTH[tree.op]
        return _Guard(clause=clause, way=way, holds=number + holds, fails=number + fails)
    return _Guard(clause=clause, way=way, holds=1, fails=None)


_BOTH = {">": (1, 0), ">=": (0, -1), "<": (-1, 0), "<=": (0, 1), "==": (0, -1), "!=": (1, 0)}


def _threshold(tree: Node) -> float | None:
    """A value that passes a comparison which the signal itself makes."""
    if isinstance(tree, Binary) and isinstance(tree.right, Number) and tree.op in _BOTH and not tree.is_bool:
        return tree.right.value + _BOTH[tree.op][0]
    return None


def _can_fail(guard: _Guard) -> bool:
    return guard.clause.kind == "unless" or guard.clause.minimum is None or guard.clause.minimum > 0


def _clash(way: Way, guards: tuple[_Guard, ...]) -> bool:
    """Whether two parts would have to write different values into one series."""
    seen = list(way.reads)
    for guard in guards:
        if any(a.meets(b) for a in seen for b in guard.way.reads):
            return True
        seen += guard.way.reads
    return False


def _drive(
    way: Way, guards: tuple[_Guard, ...], broken_guard: str, healthy: float, world: World, name: str, value: float
) -> Mapping[str, str]:
    labels = way.named(world, name)
    calm = min(healthy, way.top) if way.top is not None else healthy
    found = way.place(world, labels, calm, value)
    for guard in guards:
        wanted = (guard.clause.kind == "and") != (guard.clause.text == broken_guard)
        level = guard.holds if wanted else guard.fails
        if level is not None and not (guard.clause.kind == "unless" and not wanted and guard.fails is None):
            own = {k: v for k, v in {**labels, **found}.items() if k in guard.way.labels and v}
            guard.way.place(world, own, level, level)
    return found
