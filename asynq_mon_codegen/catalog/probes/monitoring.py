"""Worlds in which the monitoring itself breaks, and those that only look like it."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics import asynq, instrumentation, systems
from asynq_mon_codegen.promql import Gauge, Source
from asynq_mon_codegen.simulator import ABSENT, QueueState, World
from asynq_mon_codegen.simulator.tracks import Cycle, Level

_BUSY = QueueState(processed=10, pending=3, latency=1)
_IDLE = QueueState()
_EMBEDDED = ("payments-1:8080", "payments-2:8080")
_SHORTLY = 8
"""Scrapes that something lives in the first minutes of a world before it goes for good."""


def _serve(world: World) -> None:
    world.queue("orders", healthy=_BUSY, broken=_BUSY)


def _probe_twice(world: World, target: dict[str, str], up: float) -> None:
    """The same target scraped on a second path: two ``up`` series for one exporter."""
    world.gauge_track("up", {**target, "scrape_path": "/probe"}, (float(up),) * sum(world.phases))


def _exporter_job(world: World) -> str:
    return world.label(Source.EXPORTER, "job", "asynq-exporter")


def _embed(world: World, instance: str, size: Level, up: Level = 1) -> dict[str, str]:
    """A worker that runs the collector itself, under a job that is not called like an exporter."""
    target = {"job": world.label(Source.COLLECTOR, "job", "payments"), "instance": instance}
    world.gauge(asynq.QUEUE_SIZE, {**target, "queue": "orders"}, 3, size)
    world.gauge(asynq.TARGET_UP, target, 1, up)
    return {"job": target["job"]}


# -- exporters ---------------------------------------------------------------------------------


def exporters_left(world: World, name: str, value: float) -> dict[str, str]:
    """As many exporters as ``value`` still answer."""
    _serve(world)
    world.stop_exporters(*world.exporters[int(value) :])
    return {}


def exporters_gone(world: World, name: str, value: float) -> dict[str, str]:
    """The exporters' targets vanish from service discovery."""
    _serve(world)
    world.stop_exporters(*world.exporters, gone=True)
    return {}


def embedded_down(world: World, name: str, value: float) -> dict[str, str]:
    """The collector runs in workers, and those are down."""
    for instance in _EMBEDDED:
        _embed(world, instance, ABSENT, up=value)
    return {}


def exporters_down_beside_embedded(world: World, name: str, value: float) -> dict[str, str]:
    """All exporters are down, but a worker shows the queues, too."""
    _serve(world)
    world.stop_exporters(*world.exporters)
    _embed(world, _EMBEDDED[0], 3)
    return {}


def exporters_gone_for_long(world: World, name: str, value: float) -> dict[str, str]:
    """Exporters that were taken out of service long before."""
    for instance in world.exporters:
        world.track(asynq.EXPORTER_UP, {"instance": instance}, (*[1.0] * _SHORTLY, None))
        world.track(asynq.QUEUE_SIZE, {"instance": instance, "queue": "orders"}, (*[3.0] * _SHORTLY, None))
    return {}


def redis_lost(world: World, name: str, value: float) -> dict[str, str]:
    """The exporters answer, but cannot read Redis."""
    _serve(world)
    world.lose_redis()
    for instance, up in zip(world.exporters, (0, 1), strict=False):
        _probe_twice(world, world.target(Source.EXPORTER, instance), up)
    return {"job": _exporter_job(world)}


def embedded_blind(world: World, name: str, value: float) -> dict[str, str]:
    """Workers with the collector are up, but cannot read Redis."""
    job: dict[str, str] = {}
    for instance, up in zip(_EMBEDDED, (0, 1), strict=True):
        job = _embed(world, instance, ABSENT)
        _probe_twice(world, {**job, "instance": instance}, up)
    return job


def one_exporter_blind(world: World, name: str, value: float) -> dict[str, str]:
    """One of two exporters cannot read Redis; the other shows every queue."""
    _serve(world)
    world.lose_redis(world.exporters[0])
    return {}


def all_exporters_down(world: World, name: str, value: float) -> dict[str, str]:
    """Exporters that do not answer are down, not blind."""
    _serve(world)
    world.stop_exporters(*world.exporters)
    return {}


def plain_worker(world: World, name: str, value: float) -> dict[str, str]:
    """A target that never showed a queue need not show one now."""
    _serve(world)
    world.gauge(asynq.TARGET_UP, {"job": "payments", "instance": _EMBEDDED[0]}, 1, 1)
    return {}


def embedded_removed_for_long(world: World, name: str, value: float) -> dict[str, str]:
    """Workers that ran the collector once, and do so no more."""
    for instance in _EMBEDDED:
        target = {"job": world.label(Source.COLLECTOR, "job", "payments"), "instance": instance}
        world.track(asynq.QUEUE_SIZE, {**target, "queue": "orders"}, (*[3.0] * _SHORTLY, None))
        world.gauge(asynq.TARGET_UP, target, 1, 1)
    return {}


def _scrapes(world: World, metric: Gauge, name: str, healthy: float, value: float) -> dict[str, str]:
    # another job that scrapes the same exporter, and sees less
    world.gauge(metric, {"instance": name, "job": _exporter_job(world) + "-2"}, healthy / 2, value / 2)
    world.gauge(metric, {"instance": name}, healthy, value)
    return {"instance": name}


def slow_scrape(world: World, name: str, value: float) -> dict[str, str]:
    """A scrape takes ``value`` seconds."""
    return _scrapes(world, asynq.EXPORTER_SCRAPE_DURATION, name, 0.2, value)


def many_series(world: World, name: str, value: float) -> dict[str, str]:
    """A scrape has ``value`` samples."""
    return _scrapes(world, asynq.EXPORTER_SCRAPE_SAMPLES, name, 2_400, value)


# -- instrumentation ---------------------------------------------------------------------------


def _fleet(world: World, counting: tuple[str, ...], up: Level = 1) -> None:
    """Three workers, one of them down; all count before the fault, and in it those in ``counting``."""
    for instance in ("worker-1:9100", "worker-2:9100"):
        world.worker(instance, 1, up)
        labels = {"instance": instance, "queue": "orders", "task_type": "email:deliver", "outcome": "succeeded"}
        world.counter(instrumentation.TASK_OUTCOMES, labels, 5, 5 if instance in counting else ABSENT)
    world.worker("worker-3:9100", 0, 0)


def uninstrumented(world: World, name: str, value: float) -> dict[str, str]:
    """A release of the workers without the instrumentation."""
    _serve(world)
    world.queue("unused", healthy=_IDLE, broken=_IDLE)
    _fleet(world, ())
    return {}


def uninstrumented_and_idle(world: World, name: str, value: float) -> dict[str, str]:
    """The same, and the last task ran just before."""
    world.queue("orders", healthy=_BUSY, broken=_IDLE)
    _fleet(world, ())
    return {}


def uninstrumented_without_tasks(world: World, name: str, value: float) -> dict[str, str]:
    """Workers that have nothing to count, for no task ever ran."""
    world.queue("orders", healthy=_IDLE, broken=_IDLE)
    _fleet(world, ())
    return {}


def uninstrumented_and_idle_for_long(world: World, name: str, value: float) -> dict[str, str]:
    """Workers that have had nothing to count since the first minutes."""
    world.queue("orders", healthy=_IDLE, broken=_IDLE)
    for instance in world.exporters:
        labels = {"instance": instance, "queue": "orders"}
        world.track(asynq.TASKS_PROCESSED, labels, tuple(300.0 * i for i in range(_SHORTLY)))
    _fleet(world, ())
    return {}


def no_workers(world: World, name: str, value: float) -> dict[str, str]:
    """No worker is up, so none can count."""
    _serve(world)
    _fleet(world, (), up=0)
    return {}


def half_instrumented(world: World, name: str, value: float) -> dict[str, str]:
    """A rolling release: one worker counts still."""
    _serve(world)
    _fleet(world, ("worker-2:9100",))
    return {}


# -- rules and notifications -------------------------------------------------------------------


def _group(name: str) -> str:
    return f"/etc/prometheus/rules/waiting.yaml;asynq-{name}"


def _failures(world: World, group: str, failed: float, missed: float) -> dict[str, str]:
    """Three Prometheus servers, of which one is well; both numbers are per 5 minutes."""
    for number, share in enumerate((1, 0, 1), start=1):
        labels = {"instance": f"prometheus-{number}:9090", "rule_group": group}
        world.counter(systems.PROMETHEUS_RULE_FAILURES, labels, 0, share * failed / 300)
        world.counter(systems.PROMETHEUS_RULE_MISSED, labels, 0, share * missed / 300)
    return {"rule_group": group}


def rules_fail(world: World, name: str, value: float) -> dict[str, str]:
    """A group fails ``value`` evaluations in 5 minutes."""
    return _failures(world, _group(name), value, 0)


def cycles_missed(world: World, name: str, value: float) -> dict[str, str]:
    """A group leaves out ``value`` cycles in 5 minutes."""
    return _failures(world, _group(name), 0, value)


def other_rules_fail(world: World, name: str, value: float) -> dict[str, str]:
    """A group that is not generated here, in a folder whose name speaks of asynq."""
    return _failures(world, "/etc/prometheus/asynq-rules/shop.yaml;checkout", value, 0)


def one_evaluation_fails(world: World, name: str, value: float) -> dict[str, str]:
    """One evaluation fails, and no more."""
    labels = {"instance": "prometheus-1:9090", "rule_group": _group(name)}
    world.track(systems.PROMETHEUS_RULE_FAILURES, labels, (*[0.0] * (world.phases[0] + 2), 1.0))
    world.counter(systems.PROMETHEUS_RULE_MISSED, labels, 0, 0)
    return {}


_ALERTMANAGERS = ("http://alertmanager-1:9093/api/v2/alerts", "http://alertmanager-2:9093/api/v2/alerts")
# two alerts that are sent again every 90 s: the resend delay of a minute at rules of 30 s, rounded up
_RESENT = Cycle((2 / 30, 0, 0))


def _prometheus(world: World, name: str, ours: bool = True, known: Level = 2) -> dict[str, str]:
    group = _group("waiting") if ours else "/etc/prometheus/asynq-rules/shop.yaml;checkout"
    world.gauge(systems.PROMETHEUS_RULE_DURATION, {"instance": name, "rule_group": group}, 0.01, 0.01)
    world.gauge(systems.PROMETHEUS_ALERTMANAGERS, {"instance": name}, 2, known)
    for alertmanager in _ALERTMANAGERS:
        labels = {"instance": name, "alertmanager": alertmanager}
        world.counter(systems.PROMETHEUS_NOTIFICATIONS_DROPPED, labels, 0, 0)
    return {"instance": name}


def alerts_dropped(world: World, name: str, value: float) -> dict[str, str]:
    """Neither Alertmanager takes alerts."""
    labels = _prometheus(world, name)
    for alertmanager in _ALERTMANAGERS:
        where = {**labels, "alertmanager": alertmanager}
        world.counter(systems.PROMETHEUS_NOTIFICATIONS_DROPPED, where, 0, _RESENT)
    return labels


def no_alertmanager(world: World, name: str, value: float) -> dict[str, str]:
    """Prometheus knows no Alertmanager."""
    return _prometheus(world, name, known=0)


def alerts_dropped_elsewhere(world: World, name: str, value: float) -> dict[str, str]:
    """A Prometheus that evaluates only rules of others, for example one that merely scrapes."""
    labels = alerts_dropped(world, name, value)
    world.gauge(systems.PROMETHEUS_RULE_DURATION, {**labels, "rule_group": _group("waiting")}, ABSENT, ABSENT)
    other = {**labels, "rule_group": "/etc/prometheus/asynq-rules/shop.yaml;checkout"}
    world.gauge(systems.PROMETHEUS_RULE_DURATION, other, 0.01, 0.01)
    return {}


def one_alertmanager_down(world: World, name: str, value: float) -> dict[str, str]:
    """One of two Alertmanagers takes nothing; the other one tells it."""
    labels = _prometheus(world, name)
    where = {**labels, "alertmanager": _ALERTMANAGERS[0]}
    world.counter(systems.PROMETHEUS_NOTIFICATIONS_DROPPED, where, 0, _RESENT)
    return {}


def alertmanager_restarts(world: World, name: str, value: float) -> dict[str, str]:
    """Two batches in a row are lost, a minute apart."""
    labels = _prometheus(world, name)
    for alertmanager in _ALERTMANAGERS:
        where = {**labels, "alertmanager": alertmanager}
        lost = (*[0.0] * (world.phases[0] + 1), 2.0, 2.0, 4.0)
        world.track(systems.PROMETHEUS_NOTIFICATIONS_DROPPED, where, lost)
    return {}


def _notify(world: World, integration: str, total: float, failed: float) -> dict[str, str]:
    """Two Alertmanagers share the work; ``total`` and ``failed`` are notifications per second."""
    for instance, part_of_all in (("alertmanager-1:9093", 0.6), ("alertmanager-2:9093", 0.4)):
        share = part_of_all * world.volume
        labels = {"instance": instance, "integration": integration}
        world.counter(systems.ALERTMANAGER_NOTIFICATIONS, labels, total * share, total * share)
        for reason, part in (("clientError", 0.3), ("serverError", 0.7)):
            rate = failed * share * part
            world.counter(systems.ALERTMANAGER_NOTIFICATIONS_FAILED, {**labels, "reason": reason}, 0, rate)
    return {"integration": integration}


def notifications_fail(world: World, name: str, value: float) -> dict[str, str]:
    """The share ``value`` of many notifications fails."""
    return _notify(world, name, 0.4, 0.4 * value)


def few_notifications_fail(world: World, name: str, value: float) -> dict[str, str]:
    """Three notifications in 15 minutes fail, and those that do not are few."""
    return _notify(world, name, 3 / 900 / value, 3 / 900)


def one_notification_fails(world: World, name: str, value: float) -> dict[str, str]:
    """Fewer than two of very few notifications fail."""
    return _notify(world, name, 1.9 / 900 / value, 1.9 / 900)


def notifications_fail_for_a_moment(world: World, name: str, value: float) -> dict[str, str]:
    """Twenty fail at once, two minutes before the test looks; three and a half minutes later thousands succeed."""
    labels = {"instance": "alertmanager-1:9093", "integration": name}
    burst = world.phases[0] + 39
    scrapes = range(sum(world.phases))
    sent = (world.volume * (0.5 * i + 20 * (i >= burst) + 5_000 * (i >= burst + 7)) for i in scrapes)
    world.track(systems.ALERTMANAGER_NOTIFICATIONS, labels, tuple(sent))
    failed = tuple(world.volume * 20.0 * (i >= burst) for i in scrapes)
    world.track(systems.ALERTMANAGER_NOTIFICATIONS_FAILED, {**labels, "reason": "serverError"}, failed)
    return {"integration": name}


def nothing(world: World, name: str, value: float) -> dict[str, str]:
    """No series at all, and none of the identity's labels."""
    return dict.fromkeys(world.identity, "")
