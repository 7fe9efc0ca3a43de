"""How rule tests throttle and kill containers."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.systems import (
    CONTAINER_CPU_PERIODS,
    CONTAINER_CPU_THROTTLED,
    KUBE_RESTARTS,
    KUBE_TERMINATED_REASON,
)
from asynq_mon_codegen.catalog.probes.tracks import Labels
from asynq_mon_codegen.catalog.targets import instance_of
from asynq_mon_codegen.promql import Source
from asynq_mon_codegen.simulator import Drive, Probe, World


def _container(world: World, name: str) -> Labels:
    """Its labels; containers of one pod differ in their own name, whatever pods the declaration selects."""
    return {
        "namespace": world.identity.get("namespace", world.label(Source.KUBERNETES, "namespace", "jobs")),
        "pod": world.label(Source.KUBERNETES, "pod", "asynq-worker-7d4b9"),
        "container": instance_of(name).removesuffix(":9100"),
    }


def _throttles(periods: float) -> Drive:
    """Busier before than during the fault, so that each of the two windows shows."""

    def drive(world: World, name: str, value: float) -> Labels:
        own = _container(world, name)
        for instance, share in (("node-1:10250", 1.0), ("node-1:4194", 0.5)):
            labels = {**own, "instance": instance}
            rate = periods * share * world.volume
            world.counter(CONTAINER_CPU_PERIODS, labels, 4 * rate, rate, rate)
            world.counter(CONTAINER_CPU_THROTTLED, labels, 0, value * rate, 0.2 * rate)
        return own

    return drive


WORKER_THROTTLED = Probe(
    drive=_throttles(2),
    quiet={"it had work in at least {minimum} CPU periods a second": _throttles(0.5)},
    settle="5m",
    ripens="18m",
    lingers="2m",
    top=1,
    floor=1,
)


def _killed(oom: float) -> Drive:
    """Restarts at an even pace, as a half hour shows ``value`` of them; one of three kube-state-metrics lags."""

    def drive(world: World, name: str, value: float) -> Labels:
        own = _container(world, name)
        for instance, share in (("ksm-1:8080", 1.0), ("ksm-2:8080", 1.0), ("ksm-3:8080", 0.5)):
            labels = {**own, "instance": instance}
            world.counter(KUBE_RESTARTS, labels, 0, value * share / 1800)
            for reason, is_last in (("OOMKilled", oom), ("Error", 1 - oom)):
                known = is_last if share == 1 else 0
                world.gauge(KUBE_TERMINATED_REASON, {**labels, "reason": reason}, known, known)
        return own

    return drive


WORKER_OOM_KILLED = Probe(
    drive=_killed(1), quiet={"its last end was an OOM kill": _killed(0)}, settle="30m", exact=False
)
