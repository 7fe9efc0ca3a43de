"""Prometheus itself: its version, how far it remembers, its clock."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from asynq_mon_codegen.doctor.finding import Finding, Level, unseen
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.model import Burn

__all__ = ["clock", "retention", "version"]

_KEEP_FIRING_SINCE = (2, 42)
_DAY, _WEEK = 86_400.0, 7 * 86_400.0
_SKEW = 5.0
"""Seconds of difference from where ages of tasks and heartbeats mislead."""


def version(running: Running) -> Iterator[Finding]:
    """The features that rules use are there."""
    if running.build is None:
        yield unseen("the server's version", "it has no /api/v1/status/buildinfo")
        return
    found = re.match(r"(\d+)\.(\d+)", running.build.version)
    keeping = tuple(dict.fromkeys(rule.name for rule in running.plan.alerts if rule.keep_firing_for))
    if found and not running.imitates and keeping and (int(found[1]), int(found[2])) < _KEEP_FIRING_SINCE:
        yield Finding(
            level=Level.ERROR,
            what=f"Prometheus {running.build.version} does not know keep_firing_for and refuses the rule files",
            alerts=keeping,
            fix="Prometheus 2.42 or newer",
        )


def retention(running: Running) -> Iterator[Finding]:
    """The server remembers as far back as rules look."""
    runtime = running.prometheus.runtime_info()
    text = "" if runtime is None else str(runtime.get("storageRetention", ""))
    found = re.match(r"((?:\d+(?:ms|[wdhmsy]))+)", text)
    if not found:
        why = "the server does not say it" if not text else f"it is limited by size: {text}"
        yield unseen("how far back the server remembers", why)
        return
    years = re.match(r"(\d+)y(.*)", found[1])
    plain = f"{int(years[1]) * 365}d{years[2]}" if years and not years[2] else found[1]
    kept = duration(plain).seconds
    burning = {rule.name for rule in running.plan.alerts if isinstance(rule.alert.when, Burn)}
    far: dict[str, float] = {}
    for look in running.reads.looks:
        if look.back > kept:
            far[look.alert] = max(look.back, far.get(look.alert, 0.0))
    budgets = [name for name in far if name in burning]
    learnt = [name for name in far if name not in burning]
    for names, level, what in (
        (budgets, Level.WARNING, "error budgets are judged by less than their period"),
        (learnt, Level.NOTE if kept >= _WEEK else Level.WARNING, "they judge by less of the past"),
    ):
        if names:
            need = f"{math.ceil(max(far[name] for name in names) / _DAY)}d"
            yield Finding(
                level=level,
                what=f"Prometheus keeps {text}, rules look back up to {need}: {what}",
                alerts=tuple(names),
                fix=f"--storage.tsdb.retention.time={need} or longer",
            )


def clock(running: Running) -> Iterator[Finding]:
    """Prometheus' clock is ours."""
    theirs, ours = running.clock
    if abs(theirs - ours) > _SKEW:
        yield Finding(
            level=Level.WARNING,
            what=f"Prometheus' clock is {abs(theirs - ours):.0f} s {'ahead of' if theirs > ours else 'behind'} this"
            " machine's: ages of tasks, heartbeats and windows of time are off by so much where hosts differ",
            fix="let both follow NTP: timedatectl, chronyc tracking",
        )
