"""How tasks reach the archive in rule tests."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.simulator import ABSENT, Drive, Probe, QueueState, Ramp, Then, World
from asynq_mon_codegen.simulator.tracks import Level

_OLD = 7
"""Tasks that have been in the archive for long."""


def _archived(world: World, name: str, healthy: Level, broken: Level, after: Level) -> dict[str, str]:
    def state(archived: Level) -> QueueState:
        return QueueState(processed=1, archived=archived)

    return world.queue(name, healthy=state(healthy), broken=state(broken), after=state(after))


def _counted(world: World, name: str, tasks: float) -> None:
    """Two workers and two task types: one half as the fault begins, the other 12 minutes later.

    The counters have been at 0 before, so ``increase`` extrapolates nothing.
    """
    shares = (
        ("worker-1:9100", "email:deliver", 0.5),
        ("worker-1:9100", "image:resize", 0.25),
        ("worker-2:9100", "email:deliver", 0.25),
    )
    for instance, task_type, share in shares:
        labels = {"queue": name, "task_type": task_type, "instance": instance}
        values = (*[0.0] * world.phases[0], *[tasks * share / 2] * 24, tasks * share)
        world.track(TASK_OUTCOMES, {**labels, "outcome": "archived"}, values)


def _archive_grows(counted: float) -> Drive:
    """The gauge shows it; the workers know of the part ``counted``."""

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        _counted(world, name, value * counted)
        return _archived(world, name, _OLD, _OLD + value, _OLD + value)

    return drive


def _workers_count(archived: Level, after: Level) -> Drive:
    """The workers count it; the exporter's archive does not grow."""

    def drive(world: World, name: str, value: float) -> dict[str, str]:
        _counted(world, name, value)
        return _archived(world, name, 9_999, archived, after)

    return drive


def _only_workers(world: World, name: str, value: float) -> dict[str, str]:
    _counted(world, name, value)
    return {"queue": name}


def _emptied_then_grows(world: World, name: str, value: float) -> dict[str, str]:
    return _archived(world, name, 500, Then(0, 1, value), value)


def _emptied(world: World, name: str, value: float) -> dict[str, str]:
    return _archived(world, name, 500, 0, 0)


def _blind(world: World, name: str, value: float) -> dict[str, str]:
    return _archived(world, name, 500, Then(ABSENT, 6, 500), 500)


TASKS_ARCHIVED = Probe(
    drive=_archive_grows(0),
    also={
        "the workers know of half": _archive_grows(0.5),
        "the archive is full and only the workers count": _workers_count(9_999, 9_999),
        "the archive is emptied meanwhile": _workers_count(Ramp(9_999, -2), 0),
        "the exporter is away": _only_workers,
    },
    quiet={
        "an operator empties the archive": _emptied,
        "Redis is away for three minutes": _blind,
    },
    settle="15m",
    lasting="14m",
)


def _in_archive(world: World, name: str, value: float) -> dict[str, str]:
    return _archived(world, name, _OLD, value, _OLD)


def _retained(world: World, name: str, value: float) -> dict[str, str]:
    state = QueueState(processed=1, completed=value, retry=value, archived=_OLD)
    return world.queue(name, healthy=state, broken=state)


ARCHIVE_NEARLY_FULL = Probe(
    drive=_in_archive,
    quiet={"completed tasks are retained": _retained},
    top=9_999,
)
