"""What the rules read: every selector down to scraped series, and which alerts are blind without one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.promql import Histogram, Metric
from asynq_mon_codegen.promql.parsed import Aggregation, Binary, Call, Negation, Node, Selector, Subquery, parse

__all__ = ["Look", "Reads", "text_of"]

_NEVER_BLIND = frozenset({"absent", "absent_over_time", "vector", "time"})
_OWN = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


@frozen(kw_only=True)
class Look:
    """A selector of scraped series as an alert reads it, with how far back it looks, in seconds."""

    alert: str
    selector: Selector
    """Without window and offset, and without matchers of values that need not be there (a policy that is wrong)."""
    window: float | None
    back: float


def text_of(selector: Selector) -> str:
    """The selector as PromQL."""
    braces = ", ".join(map(str, selector.matchers))
    return selector.name + (f"{{{braces}}}" if braces else "")


class Reads:
    """The trees of a plan's rules, with recorded series followed to what they are made of."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._records = {r.name: parse(r.expr) for r in plan.records}
        self._metrics: dict[str, list[Metric]] = {}
        for metric in plan.contract:
            suffixes = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
            for suffix in suffixes:
                self._metrics.setdefault(metric.name + suffix, []).append(metric)

    @functools.cached_property
    def looks(self) -> tuple[Look, ...]:
        """Every look of every alert at scraped series."""
        return tuple(dict.fromkeys(look for rule in self._plan.alerts for look in self._of(rule)))

    @functools.cached_property
    def selectors(self) -> tuple[Selector, ...]:
        """Every selector of scraped series that an alert reads, each once."""
        return tuple(dict.fromkeys(look.selector for look in self.looks))

    def metrics(self, selector: Selector) -> tuple[Metric, ...]:
        """The metrics of the contract that a selector may mean: ``up`` is one of several."""
        found = self._metrics.get(selector.name, [])
        told = set(selector.matchers)
        exact = [m for m in found if (own := set(m.source_matchers(self._plan.scope))) and own <= told]
        return tuple(exact or [m for m in found if not m.source_matchers(self._plan.scope)] or found)

    def blind(self, present: Mapping[Selector, bool]) -> dict[Selector, tuple[str, ...]]:
        """For each selector without series, the alerts that can never fire because of it."""
        out: dict[Selector, dict[str, None]] = {}
        causes = [(rule.name, self._causes(parse(rule.expr), present)) for rule in self._plan.alerts]
        seeing = {name for name, found in causes if found is None}
        for name, found in causes:
            for selector in found or () if name not in seeing else ():
                out.setdefault(selector, {})[name] = None
        return {selector: tuple(names) for selector, names in out.items()}

    def _base(self, selector: Selector) -> Selector:
        """What must be there for it to find anything: only where the contract lists values, each of them is there."""
        optional = {
            label.name for m in self._metrics.get(selector.name, ()) for label in m.label_set if not label.values
        }
        matchers = tuple(m for m in selector.matchers if m.label not in optional)
        return evolve(selector, matchers=matchers, window=None, offset=0)

    def readers(self, name: str) -> tuple[str, ...]:
        """The alerts that read a metric."""
        return tuple(dict.fromkeys(look.alert for look in self.looks if look.selector.name == name))

    def _of(self, rule: PlannedAlert) -> Iterator[Look]:
        for selector, window, back in self._down(parse(rule.expr), 0.0):
            yield Look(alert=rule.name, selector=selector, window=window, back=back)

    def _down(
        self, node: Node, back: float, inside: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Selector, float | None, float]]:
        """Every selector of scraped series; a record that reads its own past is followed once."""
        match node:
            case Selector():
                far = back + node.offset + (node.window or 0.0)
                if node.name in self._records:
                    if node.name not in inside:
                        yield from self._down(self._records[node.name], far, inside | {node.name})
                elif node.name not in _OWN:
                    yield self._base(node), node.window, far
            case Subquery():
                yield from self._down(node.expr, back + node.offset + node.window, inside)
            case Binary():
                yield from self._down(node.left, back, inside)
                yield from self._down(node.right, back, inside)
            case Call():
                for arg in node.args:
                    yield from self._down(arg, back, inside)
            case Aggregation() | Negation():
                yield from self._down(node.expr, back, inside)
            case _:
                return

    def _causes(
        self, node: Node, present: Mapping[Selector, bool], inside: frozenset[str] = frozenset()
    ) -> frozenset[Selector] | None:
        """The selectors for want of which the node has no series; None where it may have some.

        What a record says of its own past is no reason: without the rest of it there is no past either.
        """
        match node:
            case Selector():
                if node.name in inside:
                    return frozenset()
                if node.name in self._records:
                    return self._causes(self._records[node.name], present, inside | {node.name})
                return None if present.get(self._base(node), True) else frozenset({self._base(node)})
            case Binary(op="or"):
                sides = [self._causes(side, present, inside) for side in (node.left, node.right)]
                return None if None in sides else _union(sides)
            case Binary(op="unless"):
                return self._causes(node.left, present, inside)
            case Binary():
                return _union(self._causes(side, present, inside) for side in (node.left, node.right))
            case Call():
                if node.func in _NEVER_BLIND:
                    return None
                return _union(self._causes(arg, present, inside) for arg in node.args)
            case Aggregation() | Negation() | Subquery():
                return self._causes(node.expr, present, inside)
            case _:
                return None


def _union(several: Iterable[frozenset[Selector] | None]) -> frozenset[Selector] | None:
    found = [one for one in several if one is not None]
    return frozenset().union(*found) if found else None
