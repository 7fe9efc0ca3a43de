"""Which series each service level holds for, and with which objective: its declarations put together.

A service of a fleet may declare a service level of its own, give a common one other objectives, or leave it out. All
of that are classes of series here, told apart by identity labels and queue, so that rules do not multiply.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from attrs import frozen

from asynq_mon_codegen.model import SLO, Alert, Burn, Fleet, Monitoring, Where, slos_of
from asynq_mon_codegen.plan.fleet import once
from asynq_mon_codegen.plan.where import Override, Terms, holds, matchers_of_terms, partition
from asynq_mon_codegen.promql import Matcher
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["Promise", "kinds_of", "promises_of", "watched"]

K = TypeVar("K", bound=Hashable)

_ALL, _QUEUES, _QUEUE, _SERVICE = 0, 1, 2, 3
"""Ranks: the queues that are named win over the rest, and a service over what is common."""


@frozen(kw_only=True)
class Promise:
    """One way of measuring under one name: ``slo`` says which, by its indicator, window and task types.

    ``classes`` are disjoint classes of series, each with its objective; ``judged`` are fewer that cover the same
    series; ``wheres`` say whose services declare it, an empty one that it is common.
    """

    slo: SLO
    classes: tuple[tuple[Terms, float], ...]
    judged: tuple[Terms, ...]
    wheres: tuple[Where, ...]

    def objective_of(self, series: Mapping[str, str]) -> float | None:
        """The objective of a series with these labels; None where it is not judged."""
        return next((objective for terms, objective in self.classes if holds(terms, series)), None)


def promises_of(monitoring: Monitoring) -> tuple[Promise, ...]:
    """Every promise, name by name: the common ones first."""
    if isinstance(monitoring, Fleet):
        return once(monitoring, "promises", lambda: tuple(_promises(monitoring)))
    return tuple(_promises(monitoring))


def watched(monitoring: Monitoring, alert: Alert) -> tuple[Promise, ...]:
    """The promises that the alert is about."""
    when = alert.when
    return tuple(p for p in promises_of(monitoring) if isinstance(when, Burn) and when.watches(p.slo))


def _promises(monitoring: Monitoring) -> Iterator[Promise]:
    by_name: dict[str, list[tuple[SLO, Monitoring]]] = {}
    for slo, one in slos_of(monitoring):
        by_name.setdefault(slo.name, []).append((slo, one))
    for declared in by_name.values():
        alike: dict[Hashable, list[tuple[SLO, Where]]] = {}
        for slo, one in declared:
            if slo.objective is not None:
                where = () if one is monitoring else one.where
                alike.setdefault(_measure(slo), []).append((slo, where))
        for measure, given in alike.items():
            elsewhere = [one.where for slo, one in declared if slo.objective is None or _measure(slo) != measure]
            yield _promise(monitoring.identity, given, [where for where in elsewhere if where])


def _measure(slo: SLO) -> Hashable:
    """What makes series of one name comparable."""
    return slo.indicator, slo.window, slo.task_types


def _promise(identity: tuple[str, ...], given: list[tuple[SLO, Where]], elsewhere: list[Where]) -> Promise:
    """``given`` are its declarations; the services ``elsewhere`` have left it."""
    overrides = [Override(where, _SERVICE, None) for where in elsewhere]
    default: float | None = None
    for slo, where in given:
        rest = None if slo.queues else slo.objective
        if where:
            overrides.append(Override(where, _SERVICE, rest))
        else:
            default = rest
        rank = _SERVICE if where else _ALL
        for queue, objective in slo.per_queue:
            overrides.append(Override((*where, ("queue", (queue,))), rank + _QUEUE, objective))
        if slo.queues:
            overrides.append(Override((*where, ("queue", slo.queues)), rank + _QUEUES, slo.objective))
    labels = (*identity, "queue")
    classes = partition(labels, overrides, default)
    whether = (Override(o.where, o.rank, o.level is not None) for o in overrides)
    return Promise(
        slo=given[0][0],
        classes=tuple((terms, objective) for terms, objective in classes if objective is not None),
        judged=tuple(terms for terms, judged in partition(labels, whether, default is not None) if judged),
        wheres=tuple(where for _, where in given),
    )


def kinds_of(monitoring: Monitoring, kind: Callable[[SLO], K]) -> Iterator[tuple[K, tuple[tuple[Matcher, ...], ...]]]:
    """Each kind of promise with what selects its recorded series: no matchers where there is one kind only.

    A name that several services use for different kinds is told apart by their identity labels.
    """
    promises = promises_of(monitoring)
    found = dict.fromkeys(kind(p.slo) for p in promises)
    by_name: dict[str, dict[K, list[Where]]] = {}
    for one in promises:
        by_name.setdefault(one.slo.name, {}).setdefault(kind(one.slo), []).extend(one.wheres)
    for each in found:
        if len(found) == 1:
            yield each, ((),)
            continue
        names = [name for name, kinds in by_name.items() if list(kinds) == [each]]
        shared = [(name, kinds) for name, kinds in by_name.items() if each in kinds and len(kinds) > 1]
        by_service = (m for name, kinds in shared for m in _by_service(monitoring.identity, name, kinds, each))
        yield each, (*(((any_of("slo", names),),) if names else ()), *by_service)


def _by_service(
    identity: tuple[str, ...], name: str, kinds: Mapping[K, Iterable[Where]], wanted: K
) -> Iterator[tuple[Matcher, ...]]:
    overrides = [Override(where, _SERVICE, kind) for kind, wheres in kinds.items() for where in wheres]
    for terms, kind in partition(identity, overrides, None):
        if kind == wanted:
            yield (any_of("slo", (name,)), *matchers_of_terms(terms))
