"""How rule tests bring workers down and make them restart."""

from __future__ import annotations

import math

from asynq_mon_codegen.catalog.metrics.systems import PROCESS_START, WORKER_UP
from asynq_mon_codegen.catalog.probes.tracks import Labels, Level, over, put
from asynq_mon_codegen.catalog.targets import instance_of
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.simulator import Probe, QueueState, World


def _fleet(world: World, *levels: Level, pending: float = 40) -> Labels:
    for number, level in enumerate(levels):
        put(world, WORKER_UP, world.target(Source.WORKER, instance_of(f"worker {number}")), level)
    idle = QueueState(processed=5)
    waiting = QueueState(pending=pending, latency=60 if pending else 0)
    world.queue("orders", idle, waiting, idle)
    world.queue("reports", idle, idle, idle)
    return {}


def _up(_: float) -> float:
    return 1


def _down(world: World) -> Level:
    """Down until the fault is over."""
    return lambda minute: float(not 0 <= minute < _minutes(world))


def _minutes(world: World) -> float:
    """How long the fault lasts."""
    return world.phases[1] * world.step.seconds / 60


def _left(minute: float) -> float | None:
    return 1 if minute < 0 else None


def _some_are_down(world: World, name: str, value: float) -> Labels:
    return _fleet(world, _down(world), _up if value >= 1 else _down(world))


def _left_before(world: World, name: str, value: float) -> Labels:
    """They left 24 minutes before the first task came, a longer hold later; tasks still wait an hour after that."""

    def level(minute: float) -> float | None:
        return 1 if minute < world.later / 60 - 24 else None

    for number in range(2):
        put(world, WORKER_UP, world.target(Source.WORKER, instance_of(f"worker {number}")), level)
    waiting = QueueState(pending=40, latency=60)
    world.queue("orders", QueueState(processed=5), waiting, waiting)
    return {}


def _idle(world: World, name: str, value: float) -> Labels:
    return _fleet(world, _down(world), _left, pending=0)


def _deploy(world: World, name: str, value: float) -> Labels:
    """One is replaced by another, which answers a minute later; then it restarts, and takes a minute again."""

    def new(minute: float) -> float | None:
        return None if minute < 1 else float(not 1.5 <= minute < 2.5)

    return _fleet(world, _left, new)


WORKERS_DOWN = Probe(
    drive=_some_are_down,
    also={"all had left service discovery": _left_before},
    quiet={"tasks are pending": _idle, "a rolling deploy with a restart": _deploy},
    before="26m",
    clears="32m",
    many=False,
)


def _worker(world: World, name: str, level: Level) -> Labels:
    labels = world.target(Source.WORKER, instance_of(name))
    put(world, WORKER_UP, labels, level)
    return labels


def _answers_again(world: World, name: str, value: float) -> Labels:
    return _worker(world, name, lambda m: float(not 0 <= m < _minutes(world) or value >= 1))


def _leaves(world: World, name: str, value: float) -> Labels:
    return _worker(world, name, _left)


def _blinks(world: World, name: str, value: float) -> Labels:
    return _worker(world, name, lambda m: float(not 3 <= m < 5))


WORKER_DOWN = Probe(drive=_answers_again, quiet={"a rolling deploy": _leaves, "a blip of two minutes": _blinks})


def _started(world: World, name: str, value: float, apart: float) -> Labels:
    """``value`` restarts within twelve minutes, ``apart`` seconds from start to start, and a deploy after recovery."""
    every = 12 / max(value, 1)

    def started(minute: float) -> float:
        restarts = min(max(0, math.floor(minute / every) + 1), value)
        return -7200 + apart * restarts + (3600 if minute >= 45 else 0)

    return world.track(PROCESS_START, {"instance": instance_of(name)}, over(world, started))


def _restarts(world: World, name: str, value: float) -> Labels:
    return _started(world, name, value, 720 / max(value, 1))


def _restarts_at_once(world: World, name: str, value: float) -> Labels:
    return _started(world, name, value, 12)


def _clock_is_set(world: World, name: str, value: float) -> Labels:
    """A deploy, and half an hour later a clock that jumps to and fro, and is ahead when somebody looks."""

    def started(minute: float) -> float:
        return (-9000 if minute < -4 else -7200) + (30 * ((math.floor(minute) + 1) % 2) if minute >= 11 else 0)

    def shown(minute: float) -> float:
        return started(minute + 1)

    return world.track(PROCESS_START, {"instance": instance_of(name)}, over(world, shown))


def _deploys(world: World, name: str, value: float) -> Labels:
    return _restarts(world, name, 3)


WORKER_RESTARTING = Probe(
    drive=_restarts,
    also={"as fast as it can": _restarts_at_once},
    quiet={
        "the start time moved on by at least 60 seconds": _clock_is_set,
        "two deploys and a rollback": _deploys,
    },
    settle="26m",
)
