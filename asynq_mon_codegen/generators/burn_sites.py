"""Where error budgets are tested: a queue for each objective, and the same queue where another objective holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest

from attrs import frozen

from asynq_mon_codegen.generators.fleet_cases import SHOWN
from asynq_mon_codegen.model import Alert, Fleet, budget_of
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.plan.fleet import sample
from asynq_mon_codegen.plan.promises import Promise, promises_of, watched
from asynq_mon_codegen.plan.slo import histogram_of
from asynq_mon_codegen.plan.where import Terms, terms_of, words_of

__all__ = ["Neighbour", "Site", "neighbours_of", "shares_events", "sites_of", "telling_share"]

_CLEAR = 1.15
"""Burn rates nearer to a level than this are not asked about."""


@frozen(kw_only=True)
class Site:
    """A queue for which an objective of the promise holds.

    ``named`` says that the objective holds for some queues only; ``words`` which services it holds for, where
    that are single ones (``own``).
    """

    promise: Promise
    objective: float
    identity: Mapping[str, str]
    queue: str
    named: bool
    words: str

    @property
    def own(self) -> bool:
        """Whether single services have it."""
        return bool(self.words)


@frozen(kw_only=True)
class Neighbour:
    """Another service, called ``words``, and the objective of the same name that holds there for the same queue."""

    words: str
    identity: Mapping[str, str]
    objective: float | None


def sites_of(plan: Plan, promises: tuple[Promise, ...], off: Callable[[Mapping[str, str]], bool]) -> Iterator[Site]:
    """A queue for each objective, without those that are ``off``: the common ones, then a few of single services."""
    own = []
    for promise in promises:
        sites = [_site(plan, promise, terms, objective, off) for terms, objective in promise.classes]
        yield from (s for s in sites if s is not None and not s.own)
        own.append([s for s in sites if s is not None and s.own])
    # the first of each service level before the second of any
    yield from [s for several in zip_longest(*own) for s in several if s is not None][:SHOWN]


def _site(
    plan: Plan, promise: Promise, terms: Terms, objective: float, off: Callable[[Mapping[str, str]], bool]
) -> Site | None:
    wanted = next((t.values for t in terms if t.label == "queue" and not t.negated), ())
    apart = next((t.values for t in terms if t.label == "queue" and t.negated), ())
    identity = _identity(plan, terms)
    free = "any other"
    while free in apart:
        free += " one"
    queue = next((q for q in wanted or (free,) if not off({**identity, "queue": q})), None)
    if queue is None:
        return None
    return Site(
        promise=promise,
        objective=objective,
        identity=identity,
        queue=queue,
        named=bool(wanted),
        words=words_of(tuple(t for t in terms if t.label != "queue" and not t.negated)),
    )


def _identity(plan: Plan, terms: Terms) -> dict[str, str]:
    """Identity labels that meet the terms."""
    fleet = plan.monitoring
    if isinstance(fleet, Fleet):
        return sample(fleet, terms)
    return {label: f"{label}-a" for label in fleet.identity}


def neighbours_of(plan: Plan, site: Site) -> tuple[Neighbour, ...]:
    """Services where the same queue is judged in another way: by another objective, and not at all.

    One that nobody declared is among them unless the site is there itself.
    """
    fleet = plan.monitoring
    if not isinstance(fleet, Fleet):
        return ()
    alike = [p for p in promises_of(fleet) if p.slo.name == site.promise.slo.name]
    found: dict[bool, Neighbour] = {}
    for one in fleet.services:
        there = _neighbour(site, alike, one.service, sample(fleet, terms_of(one.where)))
        if there is not None and there.objective != site.objective:
            found.setdefault(there.objective is None, there)
        if len(found) > 1:
            break
    undeclared = _neighbour(site, alike, "undeclared", sample(fleet))
    last = () if undeclared is None or undeclared.identity == site.identity else (undeclared,)
    return (*found.values(), *last)


def _neighbour(site: Site, alike: list[Promise], words: str, identity: Mapping[str, str]) -> Neighbour | None:
    """The place; None where the same name reads the same events in another way."""
    series = {**identity, "queue": site.queue}
    others = [p for p in alike if p is not site.promise and _events(p) == _events(site.promise)]
    if any(p.objective_of(series) is not None for p in others):
        return None
    return Neighbour(words=words, identity=identity, objective=site.promise.objective_of(series))


def shares_events(plan: Plan, alert: Alert, site: Site) -> bool:
    """Whether another service level that the alert watches counts the same events."""
    series = {**site.identity, "queue": site.queue}
    return any(
        p is not site.promise and _events(p) == _events(site.promise) and p.objective_of(series) is not None
        for p in watched(plan.monitoring, alert)
    )


def _events(promise: Promise) -> str:
    """The metric whose events it counts."""
    histogram = histogram_of(promise.slo)
    if histogram is not None:
        return histogram.name
    return "outcomes" if promise.slo.needs_instrumentation else "attempts"


def telling_share(own: float, others: Sequence[float | None], high: float, low: float) -> float:
    """A share of failures at which some of the objectives burn and others do not, if there is one.

    Beside a place that is not judged the own one must burn: the silence there says nothing otherwise. ``high`` and
    ``low`` are the burn rates of the rule.
    """
    budgets = [budget_of(o) for o in (own, *others) if o is not None]
    shares = [b * rate for rate in (1.25 * high, 1.25 * low, 0.8 * low) for b in budgets]

    def worth(share: float) -> tuple[bool, bool, bool, bool]:
        rates = [share / b for b in budgets]
        clear = share <= 1 and all(r > low * _CLEAR or r < low / _CLEAR for r in rates)
        fires = [r > low for r in rates]
        return clear, fires[0] or None not in others, len(set(fires)) > 1, fires[0]

    return max(shares, key=worth)
