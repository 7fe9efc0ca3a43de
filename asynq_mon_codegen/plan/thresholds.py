"""Which level holds for which queue or task type: disjoint classes, one comparison each."""

from __future__ import annotations

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Alert, Below, Burn, Monitoring, Present, Severity
from asynq_mon_codegen.model.queues import Thresholds
from asynq_mon_codegen.promql import Matcher
from asynq_mon_codegen.promql.labels import any_of

__all__ = ["PERIODIC_ALERT", "ThresholdClass", "classes_of", "compares"]

PERIODIC_ALERT = "AsynqPeriodicTaskMissing"
"""The alert whose level comes from ``TaskType(every=...)``."""

_MISSED_RUNS = 2


@frozen(kw_only=True)
class ThresholdClass:
    """Queues or task types that share a level; ``names`` is empty for everything undeclared.

    ``label`` is ``queue`` or ``task_type``; ``matchers`` select exactly this class; ``level`` is
    None where the alert is switched off.
    """

    label: str = ""
    names: tuple[str, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    level: float | None


def classes_of(monitoring: Monitoring, alert: Alert, severity: Severity) -> tuple[ThresholdClass, ...]:
    """The classes of one alert and severity: task types first, then queues, then the rest.

    A task type's own threshold wins over that of its queue.

    Raises:
        DeclarationError: a queue's threshold compares the other way round, or the alert has no such label.
    """
    default = alert.when.level(severity)
    labels = alert.signal.expr.labels or frozenset()
    tasks = [(t.name, (*t.thresholds, *_periodic(alert, t.every, t.thresholds))) for t in monitoring.task_types]
    by_task = _overrides(alert, severity, "task_type", tasks, labels, default)
    by_queue = _overrides(
        alert, severity, "queue", [(q.name, q.thresholds) for q in monitoring.queues], labels, default
    )
    not_tasks = _excluding("task_type", by_task)
    out = [
        ThresholdClass(label="task_type", names=names, matchers=(any_of("task_type", names),), level=level)
        for level, names in by_task
    ]
    out += [
        ThresholdClass(label="queue", names=names, matchers=(any_of("queue", names), *not_tasks), level=level)
        for level, names in by_queue
    ]
    rest = (*_excluding("queue", by_queue), *not_tasks)
    return (*out, ThresholdClass(matchers=rest, level=default))


def _periodic(alert: Alert, every: Duration | None, own: Thresholds) -> Thresholds:
    if alert.name != PERIODIC_ALERT or every is None or alert.name in dict(own):
        return ()
    return ((alert.name, Above(warning=every.seconds * _MISSED_RUNS)),)


def _overrides(
    alert: Alert,
    severity: Severity,
    label: str,
    owners: list[tuple[str, Thresholds]],
    labels: frozenset[str],
    default: float | None,
) -> list[tuple[float | None, tuple[str, ...]]]:
    found: dict[float | None, list[str]] = {}
    for name, thresholds in owners:
        for alert_name, override in thresholds:
            if alert_name != alert.name:
                continue
            if label not in labels:
                raise DeclarationError(
                    f"{alert.name} has no label {label!r}, so {name!r} cannot have a threshold of its own for it",
                    "change the alert for all: alerts=asynq.ALERTS.replace(evolve(...))",
                )
            if isinstance(alert.when, Present | Burn) and override is not None:
                raise DeclarationError(f"{alert.name} has no level that {name!r} could change", "None switches it off")
            if override is not None and not isinstance(override, type(alert.when)):
                want, word = ("Above", "above") if isinstance(alert.when, Above) else ("Below", "below")
                raise DeclarationError(
                    f"the threshold of {name!r} for {alert.name} must be {want}(...)",
                    f"the alert itself fires {word} a level, and so do all of its thresholds",
                )
            level = None if override is None else override.level(severity)
            if isinstance(alert.when, Present | Burn) or level != default:
                found.setdefault(level, []).append(name)
    return [(level, tuple(names)) for level, names in found.items()]


def _excluding(label: str, overrides: list[tuple[float | None, tuple[str, ...]]]) -> tuple[Matcher, ...]:
    names = tuple(name for _, group in overrides for name in group)
    return (any_of(label, names, negated=True),) if names else ()


def compares(alert: Alert) -> str:
    """The comparator of the alert's condition, or an empty text where it has none."""
    return alert.when.comparator if isinstance(alert.when, Above | Below) else ""
