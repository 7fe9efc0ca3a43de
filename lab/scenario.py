"""What a scenario is: how to break a system, and what must, may and must not be heard of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules

from attrs import field, frozen

from asynq_mon_codegen import Severity, Threat
from asynq_mon_codegen.duration import Duration, duration
from lab import scenarios
from lab.stack import Lab, Shape

__all__ = [
    "MOST_NOTIFICATIONS",
    "WITHOUT_REDIS",
    "WITHOUT_WORKERS",
    "Expected",
    "Kind",
    "Scenario",
    "Suite",
    "scenario",
    "scenarios_of",
]


MOST_NOTIFICATIONS = 3
"""More notifications than this for one incident are a flood of their own."""


WITHOUT_WORKERS = (
    "AsynqWorkerDown",
    "AsynqQueueStalled",
    "AsynqQueueWaitHigh",
    "AsynqQueueBacklogNotDraining",
    "AsynqPeriodicTaskMissing",
)
"""What is true as well where no worker is left."""
WITHOUT_REDIS = (
    "AsynqQueueMetricsMissing",
    "AsynqExporterDown",
    "AsynqScrapeSlow",
    "AsynqEnqueueErrors",
    "AsynqWorkersDown",
    "AsynqSchedulerEnqueueErrors",
    "AsynqPeriodicTaskMissing",
    "AsynqQueueMissing",
    "AsynqQueueWaitHigh",
)
"""What is true as well where Redis does not answer."""


class Kind(Enum):
    """Whether something is broken."""

    FAULT = "fault"
    HEALTHY = "healthy"


class Suite(Enum):
    """How much of the lab to run."""

    FULL = "full"
    SHORT = "short"


def _pairs(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(labels.items())


@frozen(kw_only=True)
class Expected:
    """An alert that must fire: its severity, the labels that it must carry, and how soon after the fault."""

    alert: str
    severity: Severity
    threat: Threat
    within: Duration = field(converter=duration)
    labels: tuple[tuple[str, str], ...] = field(factory=dict, converter=_pairs)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is the one that must fire."""
        want = {
            "alertname": self.alert,
            "severity": self.severity.value,
            "threat": self.threat.value,
            **dict(self.labels),
        }
        return all(labels.get(name) == value for name, value in want.items())


def _nothing(lab: Lab) -> None:
    """Changes nothing."""


@frozen(kw_only=True)
class Scenario:
    """One story, in production time (the lab divides it by its factor).

    The system runs undisturbed for ``warm_up``, then ``act`` breaks it (or, in a healthy one, lives
    through ``lasts`` itself), and it is watched until ``lasts`` is over. ``mend``, where given, repairs
    it, and then everything must be quiet again within ``recovers``. ``must`` starts with the
    alert that names the fault; ``may`` are other names that are true as well. Everything else of
    severity warning or critical is a false alarm. People get at most ``most`` notifications. ``page``
    says whether a message must reach people: where Alertmanager itself is away, none can. ``alone``
    runs it with no other lab beside it, for it takes the machine's CPU.
    """

    title: str
    kind: Kind = Kind.FAULT
    shape: Shape = field(factory=Shape)
    warm_up: Duration = field(default=Duration(15 * 60_000), converter=duration)
    prepare: Callable[[Lab], object] = _nothing
    act: Callable[[Lab], object] = _nothing
    lasts: Duration = field(default=Duration(20 * 60_000), converter=duration)
    mend: Callable[[Lab], object] | None = None
    recovers: Duration = field(default=Duration(20 * 60_000), converter=duration)
    must: tuple[Expected, ...] = ()
    may: tuple[str, ...] = ()
    most: int = MOST_NOTIFICATIONS
    page: bool = True
    alone: bool = False
    short: bool = False

    def __attrs_post_init__(self) -> None:
        if (self.kind is Kind.FAULT) != bool(self.must):
            raise ValueError("a fault needs an alert that must fire, a healthy scenario has none")

    @property
    def length(self) -> Duration:
        """How long it takes in production time."""
        parts = [self.warm_up, self.lasts, *([self.recovers] if self.mend else [])]
        return Duration(sum(part.milliseconds for part in parts))


def scenario(name: str) -> Scenario:
    """A scenario by the name of its file.

    Raises:
        KeyError: there is no such file.
    """
    return scenarios_of(Suite.FULL)[name]


def scenarios_of(suite: Suite) -> dict[str, Scenario]:
    """Every scenario of a suite by name: one file each, found by being there."""
    names = sorted(module.name for module in iter_modules(scenarios.__path__))
    found = {name: import_module(f"lab.scenarios.{name}").SCENARIO for name in names}
    return {name: story for name, story in found.items() if suite is Suite.FULL or story.short}
