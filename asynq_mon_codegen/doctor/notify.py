"""A test alert, on request only: sent as Prometheus would, watched until it has left, and resolved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from attrs import frozen

from asynq_mon_codegen.alertmanager_api import Alertmanager
from asynq_mon_codegen.doctor.finding import Finding, Level, listed
from asynq_mon_codegen.errors import UsageError, did_you_mean
from asynq_mon_codegen.generators.alertmanager_route_tests import route_tests
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.routing import NOBODY, receivers_for, timing_of

__all__ = ["ALERT", "TestAlert", "notify", "test_alerts"]

ALERT = "AsynqMonitoringTest"
"""The name of the test alert."""

_TEXT = "A test of asynq-mon doctor --notify. Nothing is wrong, nothing has to be done."
_LASTS = 3600.0
"""Seconds after which the alert ends by itself, should this process be killed before it resolves it."""
_POLL = 0.5


@frozen(kw_only=True)
class TestAlert:
    """A test alert for a severity or a receiver: its labels, and whom it must reach after how many seconds."""

    __test__ = False  # no test case, whatever pytest thinks of the name

    about: str
    labels: dict[str, str]
    receivers: tuple[str, ...]
    wait: float


def test_alerts(plan: Plan, wanted: tuple[str, ...]) -> tuple[TestAlert, ...]:
    """The test alerts for severities or names of receivers.

    Raises:
        UsageError: it is neither, or nobody is told of it.
    """
    return tuple(_test_alert(plan, name) for name in dict.fromkeys(wanted))


test_alerts.__test__ = False  # type: ignore[attr-defined]


def _test_alert(plan: Plan, name: str) -> TestAlert:
    monitoring = plan.monitoring
    severities = {severity.value: severity for severity in Severity}
    own = {name: value for name, value in (("service", monitoring.service), ("team", monitoring.team)) if value}
    labels = {"component": "asynq", **own, **dict(monitoring.labels), "severity": name}
    if name not in severities:
        case = next((c for c in route_tests(plan) if name in c.receivers and name != NOBODY), None)
        if case is None:
            known = [*severities, *(r.name for r in monitoring.all_receivers())]
            raise UsageError(f"--notify {name}: neither a severity nor a receiver", did_you_mean(name, known))
        labels = dict(case.labels)
    # a threat of its own makes a group of its own, which does not wait for the interval of one that is there
    marked = {**labels, "alertname": ALERT, "threat": "test"}
    receivers = receivers_for(monitoring, marked)
    if name not in severities and name not in receivers:
        marked["threat"] = labels["threat"]
        receivers = receivers_for(monitoring, marked)
    if not receivers or (name not in severities and name not in receivers):
        raise UsageError(
            f"--notify {name}: no test alert reaches it", "its route asks for a certain alert; try a severity"
        )
    timing = timing_of(severities[marked["severity"]], monitoring)
    wait = plan.paced(timing.wait if marked["threat"] == "test" else timing.interval).seconds
    return TestAlert(about=name, labels=marked, receivers=receivers, wait=wait)


def notify(server: Alertmanager, tests: tuple[TestAlert, ...], tell: Callable[[str], None]) -> Iterator[Finding]:
    """Send the alerts, wait until Alertmanager should have told everybody, then resolve them.

    ``tell`` gets a line for each. Whether a message arrived only its reader knows.
    """
    begun = time.time()
    for test in tests:
        labels = ", ".join(f'{name}="{value}"' for name, value in sorted(test.labels.items()))
        tell(f"sent {{{labels}}}: within {test.wait:g} s it must reach {', '.join(test.receivers)}")
        server.send(test.labels, {"summary": _TEXT, "description": _TEXT}, start=begun, end=begun + _LASTS)
    try:
        for test in tests:
            yield from _routed(server, test, begun + 5)
        while time.time() < begun + max(test.wait for test in tests) + 2:
            time.sleep(_POLL)
    finally:
        for test in tests:
            server.send(test.labels, {"summary": _TEXT, "description": _TEXT}, start=begun, end=time.time())
        tell("resolved; receivers that are told of that will be, within the group's interval")


def _routed(server: Alertmanager, test: TestAlert, deadline: float) -> Iterator[Finding]:
    """What the running Alertmanager does with the alert."""
    while True:
        found = server.alerts(**test.labels)
        if (found and found[0].state != "unprocessed") or time.time() > deadline:
            break
        time.sleep(_POLL)
    if not found:
        yield Finding(
            level=Level.ERROR, what=f"the test alert for {test.about} is not in Alertmanager", fix="look at its log"
        )
        return
    told = tuple(dict.fromkeys(name for name in found[0].receivers if name != NOBODY))
    if set(told) != set(test.receivers):
        yield Finding(
            level=Level.ERROR,
            what=f"the test for {test.about} goes to {listed(told) or 'nobody'}, declared: {listed(test.receivers)}",
            where="alertmanager routes",
            fix="load the generated alertmanager.yaml",
        )
    if found[0].state == "suppressed":
        yield Finding(
            level=Level.WARNING,
            what=f"the test alert for {test.about} is silenced or inhibited: no message leaves",
            fix="amtool silence query; or test another severity",
        )
