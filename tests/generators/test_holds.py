"""A declaration may give alerts other holds: the moments of the generated tests follow them."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import asynq
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.model import Alert, Alerts, Burn, Monitoring, Queue, TaskType
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.tune.ladder import HOLDS
from tests.promtool import checked

ALERTS = tuple(a for a in asynq.ALERTS if not isinstance(a.when, Burn))


def own(alert: Alert) -> Duration:
    """The longest hold of an alert."""
    return max(hold for _, hold in alert.hold)


def plan_of(alerts: tuple[Alert, ...], *queues: Queue) -> Plan:
    names = {a.name for a in alerts}
    left = Alerts(tuple(evolve(a, inhibits=tuple(i for i in a.inhibits if i in names)) for a in alerts))
    daily = TaskType("report:daily", every="24h")
    return resolve(Monitoring(alerts=left, queues=queues, task_types=(daily,), instrumentation=True))


def passed(plan: Plan, folder: Path) -> None:
    checked(plan, folder, *(g.name for g in plan.groups if g.alerts))


@pytest.mark.outputs
@pytest.mark.parametrize("longest", ["10m", "1h"])
def test_the_tests_of_longer_holds_pass(longest: str, tmp_path: Path) -> None:
    """Every alert of the catalogue, as long as it may be held and at most so long."""
    held = []
    for alert in ALERTS:
        most = duration(longest) if alert.longest_hold is None else min(alert.longest_hold, duration(longest))
        held.append(evolve(alert, hold=max(most, own(alert))))
    assert sum(own(a) < own(b) for a, b in zip(ALERTS, held, strict=True)) > 25

    passed(plan_of(tuple(held)), tmp_path)


@pytest.mark.outputs
def test_the_tests_of_a_queue_that_is_held_longer_pass(tmp_path: Path) -> None:
    """By the next hold that `tune` would try."""
    mine = [a for a in ALERTS if "queue" in (a.signal.expr.labels or ())]
    longer = {a: next(h for h in (*HOLDS, duration("3h")) if h > own(a)) for a in mine}
    holds = {a.name: h for a, h in longer.items() if a.longest_hold is None or h <= a.longest_hold}
    assert len(holds) > 12

    passed(plan_of(tuple(mine), Queue("reports", holds=holds), Queue("mail")), tmp_path)


@pytest.mark.parametrize("alert", [a for a in ALERTS if a.longest_hold is not None], ids=lambda a: a.name)
def test_a_hold_that_outlasts_the_windows_is_refused(alert: Alert) -> None:
    """The catalogue's own is not."""
    assert alert.longest_hold is not None
    assert own(alert) <= alert.longest_hold
    longer = evolve(alert, hold=Duration(alert.longest_hold.milliseconds + 60_000))

    found = [p for p in registry.run(plan_of((longer,))) if p.check == "hold"]

    assert found
    assert {p.where for p in found} == {f"alert {alert.name}"}
    assert f"is longer than {alert.longest_hold}" in found[0].message
