"""Which level holds for which queue or task type: disjoint classes, one comparison each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import (
    Above,
    Alert,
    Band,
    Below,
    Burn,
    Fleet,
    LevelOrBand,
    Monitoring,
    Present,
    Queue,
    Severity,
    TaskType,
)
from asynq_mon_codegen.model.fleet import check_override
from asynq_mon_codegen.model.queues import Thresholds
from asynq_mon_codegen.plan.bands import batch_record, learnt
from asynq_mon_codegen.plan.fleet import given_for, leaves_of
from asynq_mon_codegen.plan.own import Own, check_own, each_alone, own_of
from asynq_mon_codegen.plan.where import Term, Terms, go_test, holds, matchers_of_terms, words_of
from asynq_mon_codegen.promql import Matcher, Record
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["PERIODIC_ALERT", "ThresholdClass", "classes_of", "compares"]

PERIODIC_ALERT = "AsynqPeriodicTaskMissing"
"""The alert whose level comes from ``TaskType(every=...)``."""

_MISSED_RUNS = 2


@frozen(kw_only=True)
class ThresholdClass:
    """Queues or task types that share a level; ``names`` is empty for everything undeclared.

    ``label`` is ``queue`` or ``task_type``; ``matchers`` select exactly this class; ``level`` is
    None where the alert is switched off. ``usual`` is the recorded series that a band is times of.
    ``own`` are a hold and a floor in place of the alert's.
    In a fleet ``terms`` say which series it holds for, and ``names`` say so in words.
    """

    label: str = ""
    names: tuple[str, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    level: LevelOrBand
    usual: Record | None = None
    own: Own | None = None
    terms: Terms = ()

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels is of this class; none is said to be of the rest."""
        if self.terms:
            return holds(self.terms, labels)
        return bool(self.label) and labels.get(self.label) in self.names

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether its matchers select a series with these labels, beside what tells deployments apart."""
        return all(m.accepts(labels.get(m.label, "")) for m in self.matchers)

    def each_alone(self) -> Iterator[ThresholdClass]:
        """The same class, one queue or task type of one place at a time."""
        if self.terms:
            for terms in each_alone(self.terms):
                yield evolve(self, terms=terms, matchers=matchers_of_terms(terms), names=(words_of(terms),))
            return
        for name in self.names:
            matchers = (any_of(self.label, (name,)), *(m for m in self.matchers if m.label != self.label))
            yield evolve(self, names=(name,), matchers=matchers)

    def fixed(self) -> dict[str, str]:
        """Labels that all of its series have, with their values."""
        terms = self.terms or (Term(self.label, self.names),)
        return {t.label: t.values[0] for t in terms if not t.negated and len(t.values) == 1}

    def go_test(self) -> str:
        """The same as a pipeline of a Go template."""
        return go_test(self.terms or (Term(self.label, self.names),))


def classes_of(monitoring: Monitoring, alert: Alert, severity: Severity) -> tuple[ThresholdClass, ...]:
    """The classes of one alert and severity: task types first, then queues, then the rest.

    A task type's own threshold wins over that of its queue.

    Raises:
        DeclarationError: a queue's threshold compares the other way round, or the alert has no such label.
    """
    if isinstance(monitoring, Fleet):
        return tuple(_learning(monitoring, alert, c) for c in _of_fleet(monitoring, alert, severity))
    default = alert.when.level(severity)
    labels = alert.signal.expr.labels or frozenset()
    tasks = [(t, (*t.thresholds, *_periodic(alert, t.every, t.thresholds))) for t in monitoring.task_types]
    by_task = _overrides(alert, severity, "task_type", tasks, labels, default)
    by_queue = _overrides(alert, severity, "queue", [(q, q.thresholds) for q in monitoring.queues], labels, default)
    not_tasks = _excluding("task_type", by_task)
    out = [
        ThresholdClass(label="task_type", names=names, matchers=(any_of("task_type", names),), level=level, own=own)
        for (level, own), names in by_task
    ]
    out += [
        ThresholdClass(label="queue", names=names, matchers=(any_of("queue", names), *not_tasks), level=level, own=own)
        for (level, own), names in by_queue
    ]
    rest = (*_excluding("queue", by_queue), *not_tasks)
    return tuple(_learning(monitoring, alert, c) for c in (*out, ThresholdClass(matchers=rest, level=default)))


def _of_fleet(fleet: Fleet, alert: Alert, severity: Severity) -> Iterator[ThresholdClass]:
    _check_services(fleet, alert)
    periods = {
        (one.service, t.name): _periodic(alert, t.every, t.thresholds)
        for one in fleet.services
        for t in (one.task_types if alert.name == PERIODIC_ALERT else ())
    }
    *leaves, rest = leaves_of(fleet, alert, severity, periods)
    if isinstance(alert.when, Burn) and any(not leaf.off for leaf in leaves):
        raise DeclarationError(
            f"{alert.name} cannot be switched off for services that are told apart by several labels",
            "take the service out of the SLO, or leave the alert out in fleet.py for all",
        )
    for leaf in (*leaves, rest):
        special = leaf is not rest and (leaf.off or (leaf.level, leaf.own) != (rest.level, rest.own))
        names = (words_of(leaf.terms),) if special else ()
        level = leaf.level if isinstance(alert.when, Above | Below) else None
        yield ThresholdClass(
            names=names, matchers=matchers_of_terms(leaf.terms), level=level, own=leaf.own, terms=leaf.terms
        )


def _check_services(fleet: Fleet, alert: Alert) -> None:
    labels = alert.signal.expr.labels or frozenset()
    for given in given_for(fleet, alert):
        if given.one is not None:
            check_own(alert, given.label, given.one)
        if given.label and given.label not in labels:
            raise _no_label(alert, given.label, given.name)
        check_override(alert, given.name, given.when)


def _no_label(alert: Alert, label: str, name: str) -> DeclarationError:
    return DeclarationError(
        f"{alert.name} has no label {label!r}, so {name!r} cannot have a threshold of its own for it",
        "change the alert for all: alerts=asynq.ALERTS.replace(evolve(...))",
    )


def _learning(monitoring: Monitoring, alert: Alert, cls: ThresholdClass) -> ThresholdClass:
    if not isinstance(cls.level, Band):
        return cls
    return evolve(cls, usual=learnt(alert, cls.level, batch_record(monitoring)).usual)


def _periodic(alert: Alert, every: Duration | None, own: Thresholds) -> Thresholds:
    if alert.name != PERIODIC_ALERT or every is None or alert.name in dict(own):
        return ()
    return ((alert.name, Above(warning=every.seconds * _MISSED_RUNS)),)


_Standing = tuple[LevelOrBand, Own | None]
"""A level, with the hold and floor that go with it where those are not the alert's."""


def _overrides(
    alert: Alert,
    severity: Severity,
    label: str,
    owners: Sequence[tuple[Queue | TaskType, Thresholds]],
    labels: frozenset[str],
    default: LevelOrBand,
) -> list[tuple[_Standing, tuple[str, ...]]]:
    found: dict[_Standing, list[str]] = {}
    for one, thresholds in owners:
        check_own(alert, label, one)
        own = own_of(alert, severity, one)
        given = dict(thresholds)
        if alert.name in given:
            override = given[alert.name]
            if label not in labels:
                raise _no_label(alert, label, one.name)
            check_override(alert, one.name, override)
            level = None if override is None else override.level(severity)
            if isinstance(alert.when, Present | Burn) or level != default or own is not None:
                found.setdefault((level, own), []).append(one.name)
        elif own is not None:
            found.setdefault((default, own), []).append(one.name)
    return [(standing, tuple(names)) for standing, names in found.items()]


def _excluding(label: str, overrides: list[tuple[_Standing, tuple[str, ...]]]) -> tuple[Matcher, ...]:
    names = tuple(name for _, group in overrides for name in group)
    return (any_of(label, names, negated=True),) if names else ()


def compares(alert: Alert) -> str:
    """The comparator of the alert's condition, or an empty text where it has none."""
    return alert.when.comparator if isinstance(alert.when, Above | Below) else ""
