"""Alertmanager at work: its cluster, silences over our alerts, and whether Prometheus' alerts reach it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from asynq_mon_codegen.alertmanager_api import Silence
from asynq_mon_codegen.doctor.finding import Finding, Level, counted, listed, unseen
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import PlannedAlert
from asynq_mon_codegen.promql import Matcher

__all__ = ["cluster", "delivery", "sent_anywhere", "silences"]


def cluster(running: Running) -> Iterator[Finding]:
    """Its cluster is ready."""
    status = running.alertmanager_status
    if status.cluster not in ("ready", "disabled", ""):
        yield Finding(
            level=Level.WARNING,
            what=f"Alertmanager's cluster is {status.cluster}, with {status.peers} peers: notifications may come twice "
            "or late",
            fix="it settles within a minute after a start; else look at --cluster.peer and the port between the peers",
        )


def sent_anywhere(running: Running) -> Iterator[Finding]:
    """Prometheus knows an Alertmanager."""
    known = running.prometheus.alertmanagers()
    if known is None:
        yield unseen("where alerts are sent", "the server has no /api/v1/alertmanagers; its ruler knows")
    elif not known and not running.imitates:
        yield Finding(
            level=Level.ERROR,
            what="Prometheus sends its alerts to no Alertmanager: nobody is told of anything",
            alerts=tuple(dict.fromkeys(rule.name for rule in running.plan.alerts)),
            fix="alerting.alertmanagers in prometheus.yml; prometheus_sd_discovered_targets tells whether it finds one",
        )


def delivery(running: Running) -> Iterator[Finding]:
    """An alert that always fires has come from Prometheus to this Alertmanager."""
    always = next((rule for rule in running.plan.alerts if rule.severity is Severity.NONE), None)
    if running.alertmanager is None or always is None:
        return
    if running.prometheus.alertmanagers() == ():
        return  # told where Prometheus is looked at
    firing = running.values(f'ALERTS{{alertname="{always.name}", alertstate="firing"}}')
    if firing and not running.alertmanager.alerts(alertname=always.name):
        known = [urlsplit(url).netloc for url in running.prometheus.alertmanagers() or ()]
        yield Finding(
            level=Level.ERROR,
            what=f"{always.name} fires in Prometheus and is not in this Alertmanager: alerts do not come here",
            where=running.alertmanager.url,
            fix=f"Prometheus sends to {listed(known) or 'none'}: is that this Alertmanager, and can it be reached from"
            " there? prometheus_notifications_errors_total tells",
        )


def silences(running: Running) -> Iterator[Finding]:
    """Silences that hide our alerts."""
    if running.alertmanager is None:
        return
    for silence in running.alertmanager.silences():
        whole, part = _hidden(running, silence)
        if not whole and not part:
            continue
        matchers = ", ".join(f'{name}{op}"{value}"' for name, op, value in silence.matchers)
        what = "hides" if whole else "hides some of"
        alerts = whole or part
        yield Finding(
            level=Level.WARNING if whole else Level.NOTE,
            what=f"a silence {what} {counted(len(alerts), 'alert')} until {silence.ends_at[:16]}: {{{matchers}}}, by "
            f"{silence.created_by}: {silence.comment!r}",
            where=f"silence {silence.id}",
            alerts=alerts,
            fix=f"when it is done with: amtool silence expire {silence.id}",
        )


def _hidden(running: Running, silence: Silence) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The alerts of which a silence hides all, and those of which it may hide some."""
    whole: dict[str, None] = {}
    part: dict[str, None] = {}
    for rule in running.plan.alerts:
        fixed, may_vary = _labels(running, rule)
        told = [(name, Matcher(name, op, value)) for name, op, value in silence.matchers]
        if not all(matcher.accepts(fixed.get(name, "")) for name, matcher in told if name not in may_vary):
            continue
        (part if any(name in may_vary for name, _ in told) else whole)[rule.name] = None
    return tuple(whole), tuple(name for name in part if name not in whole)


def _labels(running: Running, rule: PlannedAlert) -> tuple[dict[str, str], frozenset[str]]:
    """The labels that are the same on all alerts of a rule, and the names of those that are not."""
    fixed = {"alertname": rule.name, **{one.name: one.expected({}) for one in rule.labels}}
    vary = {*rule.label_names, *running.plan.scope.identity}
    vary |= {one.name for one in rule.labels if one.by_queue or one.choice is not None}
    return fixed, frozenset(vary - {name for name, _ in running.plan.monitoring.labels})
