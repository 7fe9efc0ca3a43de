"""Targets: whether they are up, how often they are scraped beside what rules need, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterator

from asynq_mon_codegen.doctor.finding import Finding, Level, unseen
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError

__all__ = ["durations", "intervals", "up"]

_LOOKBACK = 300.0
"""Prometheus' default: so long the last sample counts as the value of now."""
_FALLBACK_WINDOW = 600.0
_LEAST, _WELL = 2, 4
"""Scrapes in a window without which a rate has no value, and with which one may be missed."""


def up(running: Running) -> Iterator[Finding]:
    """Targets of exporters and workers that cannot be scraped."""
    wanted = {s for s in running.reads.selectors if s.name == "up" and s.matchers}
    down: dict[tuple[str, str], None] = {}
    for selector in sorted(wanted, key=lambda s: s.matchers):
        braces = ", ".join(map(str, selector.matchers))
        for sample in running.prometheus.query(f"up{{{braces}}} == 0"):
            down[sample.label("job"), sample.label("instance")] = None
    errors = {(t.job, t.instance): t.last_error for t in running.targets or ()}
    for job, instance in down:
        said = errors.get((job, instance), "")
        yield Finding(
            level=Level.ERROR,
            what=f"target {instance} of job {job} cannot be scraped{': ' if said else ''}{said}",
            where=f"{job} {instance}",
            fix="does the process run, and does it listen on the address and port that Prometheus has?",
        )


def intervals(running: Running) -> Iterator[Finding]:
    """Every window of a rule holds two scrapes at least, better four."""
    every = _intervals(running)
    for (job, interval), names in _by_job(running, every).items():
        too_short: dict[str, float] = {}
        tight: dict[str, float] = {}
        for look in running.reads.looks:
            if look.window is None or look.selector.name not in names:
                continue
            if look.window < _LEAST * interval:
                too_short[look.alert] = min(look.window, too_short.get(look.alert, look.window))
            elif look.window < _WELL * interval:
                tight[look.alert] = min(look.window, tight.get(look.alert, look.window))
        told = Duration(round(interval * 1000))
        fix = f"scrape it more often: scrape_interval {running.plan.monitoring.scrape.interval}, as declared"
        if interval * 2 > _LOOKBACK:
            yield Finding(
                level=Level.ERROR if interval >= _LOOKBACK else Level.WARNING,
                what=f"job {job} is scraped every {told}: one is missed, and its series end after 5m",
                where=job,
                fix=fix,
            )
        for level, alerts, what in (
            (Level.ERROR, too_short, "hold no two scrapes, so they have no value"),
            (Level.WARNING, tight, f"hold less than {_WELL} scrapes: one that is missed blinds or deceives them"),
        ):
            if alerts:
                least = Duration(round(min(alerts.values()) * 1000))
                yield Finding(
                    level=level,
                    what=f"job {job} is scraped every {told}; windows from {least} of {len(alerts)} alerts {what}",
                    where=job,
                    alerts=tuple(alerts),
                    fix=fix,
                )


def durations(running: Running) -> Iterator[Finding]:
    """Scrapes that take more than half of their timeout."""
    if running.targets is None:
        yield unseen("scrape timeouts", "the server scrapes nothing itself or has no /api/v1/targets")
        return
    for target in running.our_targets:
        limit = _seconds(target.timeout)
        if limit and target.scrape_time > limit / 2:
            yield Finding(
                level=Level.WARNING,
                what=f"the last scrape of {target.instance} took {target.scrape_time:.1f} s of its {limit:g} s",
                where=f"{target.job} {target.instance}",
                fix="a longer scrape_timeout, fewer queues for each exporter, or a Redis that answers sooner",
            )


def _seconds(text: str) -> float:
    try:
        return duration(text).seconds
    except DeclarationError:
        return 0.0


def _intervals(running: Running) -> dict[tuple[str, str], float]:
    """Seconds between scrapes of each of our targets: as configured, else as the samples lie."""
    if running.targets:
        return {(t.job, t.instance): s for t in running.our_targets if (s := _seconds(t.interval))}
    counted = running.prometheus.query(
        f'max by (job, instance) (count_over_time({{__name__=~"asynq_queue_size|asynq_task_in_progress"}}'
        f"[{_FALLBACK_WINDOW:g}s]))"
    )
    return {(s.label("job"), s.label("instance")): _FALLBACK_WINDOW / s.value for s in counted if s.value > 1}


def _by_job(running: Running, every: dict[tuple[str, str], float]) -> dict[tuple[str, float], set[str]]:
    """The slowest interval of each job, with the names of the series that it serves."""
    slowest: dict[str, float] = {}
    for (job, _), interval in every.items():
        slowest[job] = max(interval, slowest.get(job, 0.0))
    names = "|".join(sorted({s.name for s in running.reads.selectors}))
    served: dict[str, set[str]] = {}
    for sample in running.prometheus.query(f'group by (job, __name__) ({{__name__=~"{names}"}})') if slowest else ():
        served.setdefault(sample.label("job"), set()).add(sample.label("__name__"))
    return {(job, interval): served.get(job, set()) for job, interval in slowest.items()}
