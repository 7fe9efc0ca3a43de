"""The routing tree as a value: who hears of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.model import Monitoring, MuteTime, Receiver, Route, Severity, Threat
from asynq_mon_codegen.routing import NOBODY, receivers_for, routing_tree

CHAT = Receiver.slack("chat", channel="#chat")
TEAM = Receiver.slack("team", channel="#team")
PAGER = Receiver.pagerduty("pager")
DEFAULTS: dict[Severity, Receiver | Iterable[Receiver]] = {
    Severity.CRITICAL: (PAGER, CHAT),
    Severity.WARNING: CHAT,
    Severity.NONE: Receiver.webhook("dms", url="http://d/"),
}


def labels(severity: str, **more: str) -> dict[str, str]:
    return {"component": "asynq", "service": "orders", "severity": severity, **more}


@pytest.mark.parametrize(
    ("routes", "alert", "expected"),
    [
        pytest.param((), labels("critical"), ("pager", "chat"), id="every receiver of a severity is told"),
        pytest.param((), labels("warning"), ("chat",), id="a severity with one receiver"),
        pytest.param((), labels("surprise"), ("chat",), id="an unknown severity is heard, not lost"),
        pytest.param((), {"severity": "critical"}, (), id="an alert of others is not taken"),
        pytest.param(
            (Route(to=TEAM, teams="pay"),),
            labels("critical", team="pay"),
            ("team",),
            id="a route takes its alerts away",
        ),
        pytest.param(
            (Route(to=TEAM, teams="pay"),),
            labels("critical", team="x"),
            ("pager", "chat"),
            id="others go their usual way",
        ),
        pytest.param(
            (Route(to=TEAM, queues="a", also=True),),
            labels("critical", queue="a"),
            ("team", "pager", "chat"),
            id="a route with also lets the alert go on",
        ),
        pytest.param(
            (Route(to=CHAT, queues="a", also=True),),
            labels("critical", queue="a"),
            ("chat", "pager"),
            id="a receiver is not told twice",
        ),
        pytest.param(
            (Route(to=CHAT, queues="a", also=True),),
            labels("critical", queue="b"),
            ("pager", "chat"),
            id="but it is told of what the earlier route does not take",
        ),
        pytest.param(
            (Route(to=CHAT, queues="a", also=True), Route(to=CHAT, queues="a")),
            labels("critical", queue="a"),
            ("chat",),
            id="a route whose receivers know already still ends the list",
        ),
        pytest.param(
            (Route(to=TEAM, threats=Threat.SURGE, severities=Severity.WARNING),),
            labels("critical", threat="surge"),
            ("pager", "chat"),
            id="a route for one severity leaves the others alone",
        ),
        pytest.param(
            (Route(to=TEAM, teams="pay"),), labels("none", team="pay"), ("dms",), id="no team takes the watchdog away"
        ),
        pytest.param(
            (Route(to=TEAM, severities=Severity.NONE),),
            labels("none"),
            ("team",),
            id="a route may ask for the watchdog",
        ),
    ],
)
def test_who_is_told(routes: tuple[Route, ...], alert: dict[str, str], expected: tuple[str, ...]) -> None:
    """The receivers of an alert, in Alertmanager's order."""
    monitoring = Monitoring(service="orders", alerts=ALERTS, receivers=DEFAULTS, routes=routes)

    assert receivers_for(monitoring, alert) == expected


def test_a_muted_route_decides_for_its_receiver(declare: Callable[..., Monitoring]) -> None:
    """Mute times stand on the route that takes the alert, and the default does not speak in its place."""
    night = MuteTime(name="night", end="06:00")
    monitoring = declare(receivers=DEFAULTS, routes=(Route(to=CHAT, queues="a", also=True, mute=(night,)),))
    found = routing_tree(monitoring).matched(labels("warning", queue="a"))

    assert [(n.receiver, n.mute) for n in found] == [("chat", ("night",)), (NOBODY, ())]


RECEIVERS = st.sampled_from([CHAT, TEAM, PAGER])
ROUTES = st.builds(
    Route,
    to=st.lists(RECEIVERS, min_size=1, max_size=3).map(tuple),
    severities=st.lists(st.sampled_from([Severity.CRITICAL, Severity.WARNING]), max_size=2).map(tuple),
    teams=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    queues=st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2).map(tuple),
    also=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(
    routes=st.lists(ROUTES, max_size=5).map(tuple),
    severity=st.sampled_from(["critical", "warning"]),
    team=st.sampled_from(["a", "b", "c"]),
    queue=st.sampled_from(["x", "y", "z"]),
)
def test_routes_mean_what_they_say(routes: tuple[Route, ...], severity: str, team: str, queue: str) -> None:
    """Whatever the routes: those are told that a plain reading of the declaration says, each once."""
    monitoring = Monitoring(service="orders", alerts=ALERTS, receivers=DEFAULTS, routes=routes)
    alert = labels(severity, team=team, queue=queue)
    expected: set[str] = set()
    for route in routes:
        if (
            (not route.severities or severity in [s.value for s in route.severities])
            and (not route.teams or team in route.teams)
            and queue in route.queues
        ):
            expected |= {r.name for r in route.to}
            if not route.also:
                break
    else:
        expected |= {r.name for r in monitoring.receivers_for(Severity(severity))}
    told = Counter(n.receiver for n in routing_tree(monitoring).matched(alert) if n.receiver != NOBODY)

    assert told == Counter(expected)


@pytest.mark.parametrize(
    ("receivers", "expected"),
    [
        pytest.param({Severity.INFO: TEAM, Severity.CRITICAL: PAGER}, ("pager",), id="the critical one before info"),
        pytest.param({Severity.NONE: CHAT}, ("chat",), id="whoever there is"),
        pytest.param({}, (), id="nobody where nobody is declared"),
    ],
)
def test_who_hears_of_the_unexpected(
    receivers: dict[Severity, Receiver | Iterable[Receiver]], expected: tuple[str, ...]
) -> None:
    """An alert of an undeclared severity goes to the receiver most likely to read it."""
    monitoring = Monitoring(service="orders", alerts=ALERTS, receivers=receivers)

    assert receivers_for(monitoring, labels("surprise")) == expected
