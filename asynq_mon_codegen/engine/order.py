"""In which order recorded series can be made from history, and from when on each must be there.

A rule that reads its own past (a learnt threshold) is made piece by piece, each no longer than the youngest
sample of its own that it reads is old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from attrs import frozen

from asynq_mon_codegen.engine.rules import Rule, RuleSet

__all__ = ["Level", "levels", "since"]


@frozen(kw_only=True)
class Level:
    """Rules that can be made next, in ``steps`` one after the other.

    ``piece`` is how much can be made at once, in seconds; None where that is the whole time.
    """

    steps: tuple[tuple[Rule, ...], ...]
    piece: float | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules of the level."""
        return tuple(rule for step in self.steps for rule in step)


def levels(rules: RuleSet) -> tuple[Level, ...]:
    """What is recorded, each level after those that it reads.

    Rules that read their own past come as late as they can, for many of them are then made side by side.
    """
    records = rules.records
    circle_of = _circles(records)
    members: dict[int, list[Rule]] = {}
    for rule in records:
        members.setdefault(circle_of[rule.name], []).append(rule)
    pieces = {number: _piece(of) for number, of in members.items()}
    sorter = TopologicalSorter(
        {
            number: {circle_of[name] for rule in of for name in rule.reads() if name in circle_of} - {number}
            for number, of in members.items()
        }
    )
    sorter.prepare()
    out: list[Level] = []
    circles: set[int] = set()
    while sorter.is_active():
        ready = set(sorter.get_ready())
        plain = {n for n in ready if pieces[n] is None}
        circles |= ready - plain
        if plain:
            out.append(Level(steps=(tuple(r for n in sorted(plain) for r in members[n]),)))
            sorter.done(*plain)
        else:
            own = tuple(r for n in sorted(circles) for r in members[n])
            piece = min(p for n in circles if (p := pieces[n]) is not None)
            out.append(Level(steps=_steps(own), piece=piece))
            sorter.done(*circles)
            circles = set()
    return tuple(out)


def since(rules: RuleSet, start: float) -> Mapping[str, float]:
    """From when on the series of each name must be known for alerts to be judged from ``start`` on, in Unix seconds.

    What a rule reads of its own past is counted once: further back it only knows less.
    """
    need: dict[str, float] = {}

    def wants(rule: Rule, at: float, but: frozenset[str] = frozenset()) -> None:
        for name, span in rule.reads().items():
            if name not in but:
                need[name] = min(need.get(name, at), at - span.oldest)

    for rule in rules.alerts:
        wants(rule, start)
    for level in reversed(levels(rules)):
        own = frozenset(r.name for r in level.rules) if level.piece is not None else frozenset()
        inside = [span.oldest for r in level.rules for name, span in r.reads().items() if name in own]
        first = min((need[r.name] for r in level.rules if r.name in need), default=start) - max(inside, default=0)
        for rule in level.rules:
            need[rule.name] = first if own else need.get(rule.name, start)
            wants(rule, need[rule.name], own)
    return need


def _steps(rules: tuple[Rule, ...]) -> tuple[tuple[Rule, ...], ...]:
    """The order within a piece: each rule after those of which it reads the same moment."""
    by_name = {r.name: r for r in rules}
    sorter = TopologicalSorter(
        {r.name: {name for name, span in r.reads().items() if name in by_name and not span.latest} for r in rules}
    )
    sorter.prepare()
    out = []
    while sorter.is_active():
        ready = sorter.get_ready()
        out.append(tuple(by_name[name] for name in ready))
        sorter.done(*ready)
    return tuple(out)


def _piece(rules: Iterable[Rule]) -> float | None:
    """How much at once a circle of rules can be made, None where they are no circle."""
    members = tuple(rules)
    own = {r.name for r in members}
    backwards = [span.latest for r in members for name, span in r.reads().items() if name in own]
    if not backwards:
        return None
    # what is read of the same moment comes from rules further up, which are made first
    return float(min((b for b in backwards if b > 0), default=0)) or None


def _circles(records: Iterable[Rule]) -> dict[str, int]:
    """The same number for names that read one another, at whatever remove."""
    rules = {r.name: r for r in records}
    below: dict[str, set[str]] = {name: {n for n in rule.reads() if n in rules} for name, rule in rules.items()}
    reach: dict[str, set[str]] = {}
    for name in rules:
        seen: set[str] = set()
        left = list(below[name])
        while left:
            one = left.pop()
            if one not in seen:
                seen.add(one)
                left += below[one]
        reach[name] = seen
    numbers: dict[str, int] = {}
    for i, name in enumerate(rules):
        numbers[name] = min([numbers[o] for o in reach[name] if o in numbers and name in reach[o]], default=i)
    return numbers
