"""What differs between the services of a fleet: levels, names of queues, and whom a series belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from attrs import frozen

from asynq_mon_codegen.model import (
    Above,
    Alert,
    Below,
    Fleet,
    LevelOrBand,
    Monitoring,
    Queue,
    Severity,
    TaskType,
    Where,
)
from asynq_mon_codegen.model.queues import Thresholds
from asynq_mon_codegen.plan.own import Own, own_of
from asynq_mon_codegen.plan.where import Override, Term, Terms, partition, terms_of
from asynq_mon_codegen.promql import Matcher, Raw
from asynq_mon_codegen.promql.labels import any_of

__all__ = [
    "Given",
    "Leaf",
    "declared_names",
    "given_for",
    "leaves_of",
    "names_by_service",
    "once",
    "sample",
    "team_cases",
]

T = TypeVar("T")

_SERVICE, _QUEUE, _TASK_TYPE = range(3)
_QUIET = "off"


@frozen(kw_only=True)
class Leaf:
    """Series of one level, hold and floor; ``off`` are those that the alert is switched off for."""

    terms: Terms
    level: LevelOrBand
    off: bool
    own: Own | None = None


def leaves_of(
    fleet: Fleet, alert: Alert, severity: Severity, periodic: Mapping[tuple[str, str], Thresholds]
) -> tuple[Leaf, ...]:
    """The classes of series of one alert and severity; the last one is that of everything undeclared.

    Of an alert that holds for some services only, the last is one of theirs. ``periodic`` are the thresholds
    that task types have by their periods, by service and name.
    """
    labels = alert.signal.expr.labels or frozenset()
    owners = dict(fleet.owners).get(alert.name)
    common = _level(alert, alert.when, severity)
    default = common if owners is None else _QUIET
    if any(isinstance(e, Raw) for e in alert.signal.expr.walk()) and owners is not None:
        default, owners = common, None  # hand-written PromQL says itself which series it is about
    found = _overrides(fleet, alert, severity, labels, owners, (default, None), periodic)
    order = (*fleet.identity, *(name for name in ("queue", "task_type") if name in labels))
    parts = partition(order, found, (default, None))
    leaves = tuple(
        Leaf(terms=terms, level=None if isinstance(level, str) else level, off=level == _QUIET, own=own)
        for terms, (level, own) in parts
    )
    if leaves[-1].off:
        leaves = tuple(sorted(leaves, key=lambda x: (not x.off, x.own is None)))
    return leaves


def _level(alert: Alert, when: object, severity: Severity) -> LevelOrBand | str:
    """The level; of what has no levels the number 1."""
    if isinstance(when, Above | Below):
        return when.level(severity)
    return _QUIET if when is None else 1.0


_Standing = tuple[LevelOrBand | str, Own | None]
"""A level, with the hold and floor that go with it where those are not the alert's."""


def _overrides(
    fleet: Fleet,
    alert: Alert,
    severity: Severity,
    labels: frozenset[str],
    owners: tuple[str, ...] | None,
    default: _Standing,
    periodic: Mapping[tuple[str, str], Thresholds],
) -> Iterator[Override]:
    given = _given(fleet).get(alert.name, ())
    whole: dict[int, LevelOrBand | str] = {
        id(g.service): _level(alert, g.when, severity) for g in given if g.rank == _SERVICE
    }
    for one in fleet.services if owners else ():
        if one.service in (owners or ()):
            whole.setdefault(id(one), _level(alert, alert.when, severity))
    for one in fleet.services if whole else ():
        if whole.get(id(one), default[0]) != default[0]:
            yield Override(one.where, _SERVICE, (whole[id(one)], None))
    for g in given:
        if g.one is None or g.label not in labels:
            continue
        every = periodic.get((g.service.service, g.name), ()) if g.rank == _TASK_TYPE else ()
        when = next((w for _, w in every), g.when)
        level = _level(alert, when, severity) if g.changes or every else whole.get(id(g.service), default[0])
        own = None if level == _QUIET else own_of(alert, severity, g.one)
        if g.changes or every or own is not None:
            where = (*g.service.where, (g.label, (g.name,)))
            yield Override(where, g.rank, (level, own))
    known = {(id(g.service), g.name) for g in given if g.rank == _TASK_TYPE}
    for one in fleet.services if periodic else ():
        for task in one.task_types:
            for _, when in periodic.get((one.service, task.name), ()) if (id(one), task.name) not in known else ():
                where = (*one.where, ("task_type", (task.name,)))
                yield Override(where, _TASK_TYPE, (_level(alert, when, severity), None))


@frozen(kw_only=True)
class Given:
    """What a service declares for an alert; ``label`` is empty for the service as a whole.

    ``when`` takes the place of the alert's condition where it ``changes``; ``one`` is the queue or task type.
    """

    service: Monitoring
    rank: int
    label: str
    name: str
    when: Above | Below | None
    changes: bool = True
    one: Queue | TaskType | None = None


def given_for(fleet: Fleet, alert: Alert) -> tuple[Given, ...]:
    """Everything that services declare for this alert."""
    return tuple(_given(fleet).get(alert.name, ()))


def _given(fleet: Fleet) -> dict[str, list[Given]]:
    def collect() -> dict[str, list[Given]]:
        found: dict[str, list[Given]] = {}
        for one in fleet.services:
            for alert, when in one.thresholds:
                found.setdefault(alert, []).append(
                    Given(service=one, rank=_SERVICE, label="", name=one.service, when=when)
                )
            for rank, label, owners in ((_QUEUE, "queue", one.queues), (_TASK_TYPE, "task_type", one.task_types)):
                for owner in owners:
                    levels = dict(owner.thresholds)
                    for alert in dict.fromkeys((*levels, *dict(owner.holds), *dict(owner.floors))):
                        given = Given(
                            service=one,
                            rank=rank,
                            label=label,
                            name=owner.name,
                            when=levels.get(alert),
                            changes=alert in levels,
                            one=owner,
                        )
                        found.setdefault(alert, []).append(given)
        return found

    return once(fleet, "given", collect)


def once(fleet: Fleet, key: str, compute: Callable[[], T]) -> T:
    """``compute()``, or what it gave for this fleet before: rules are many, and services too."""
    if key not in fleet.derived:
        fleet.derived[key] = compute()
    value: T = fleet.derived[key]
    return value


# -- names ---------------------------------------------------------------------------------------


def declared_names(one: Monitoring) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names by kind that some expressions list one by one: queues that must exist, and optional ones."""
    return (
        ("queues", tuple(q.name for q in one.queues if not q.optional)),
        ("optional_queues", tuple(q.name for q in one.queues if q.optional)),
    )


def names_by_service(fleet: Fleet, *, optional: bool) -> tuple[tuple[tuple[Matcher, ...], tuple[str, ...]], ...]:
    """Declared queues with the matchers of their services; services of the same queues share an entry."""
    alike: dict[tuple[str, tuple[str, ...]], list[Where]] = {}
    for one in fleet.services:
        for queue in one.queues:
            if queue.optional is optional:
                key = tuple(label for label, _ in one.where)
                alike.setdefault((queue.name, key), []).append(one.where)
    by_where: dict[tuple[Matcher, ...], list[str]] = {}
    for (name, key), wheres in alike.items():
        if len(key) == 1:
            values = tuple(v for where in wheres for v in where[0][1])
            by_where.setdefault((any_of(key[0], values),), []).append(name)
            continue
        for where in wheres:
            by_where.setdefault(tuple(any_of(label, values) for label, values in where), []).append(name)
    return tuple((matchers, tuple(names)) for matchers, names in by_where.items())


def team_cases(fleet: Fleet, *, queues: bool) -> Iterator[tuple[Terms, str]]:
    """The teams of services; with ``queues`` first those of single queues."""
    for one in fleet.services if queues else ():
        for queue in one.queues:
            if queue.team and queue.team != one.team:
                yield (*terms_of(one.where), Term("queue", (queue.name,))), queue.team
    for one in fleet.services:
        yield terms_of(one.where), one.team


def sample(fleet: Fleet, terms: Iterable[Term] = ()) -> dict[str, str]:
    """Identity labels of a series that meets the terms, and that no service declares unless they ask for it."""
    listed = tuple(terms)
    declared = once(fleet, "values", lambda: {v for one in fleet.services for _, values in one.where for v in values})
    out = {}
    for label in fleet.identity:
        mine = [t for t in listed if t.label == label]
        wanted = next((t.values for t in mine if not t.negated), None)
        if wanted is not None:
            out[label] = wanted[0]
            continue
        value = f"{label}-a"
        while value in declared:
            value += "a"
        out[label] = value
    return out
