"""The checks of receivers, routes, mute times and inhibition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from asynq_mon_codegen.catalog.waiting import QUEUE_WAIT_HIGH
from asynq_mon_codegen.checks.routing import check
from asynq_mon_codegen.model import DEFAULT_RECEIVERS, MuteTime, Present, Queue, Receiver, Route, Severity
from asynq_mon_codegen.plan import Plan

CHAT = Receiver.slack("chat", channel="#chat")
WATCHDOG = evolve(QUEUE_WAIT_HIGH, name="AsynqWatchdog", when=Present(Severity.NONE), guards=(), description="Up.")
WITHOUT_INFO = {s: r for s, r in DEFAULT_RECEIVERS.items() if s is not Severity.INFO}


def test_the_default_is_clean(plan_of: Callable[..., Plan]) -> None:
    """A declaration of a service and nothing else has no finding."""
    assert check(plan_of()) == ()


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        pytest.param(
            {"receivers": WITHOUT_INFO},
            ("severity-has-receiver", "AsynqWait can fire as info, but no receiver takes info"),
            id="a severity without a receiver",
        ),
        pytest.param(
            {"receivers": WITHOUT_INFO, "routes": (Route(to=CHAT, severities=Severity.INFO, queues="a"),)},
            ("severity-has-receiver", "AsynqWait can fire as info, but no receiver takes info"),
            id="a severity that only one queue's route takes",
        ),
        pytest.param(
            {"routes": (Route(to=evolve(CHAT, name="slack"), severities=Severity.INFO),)},
            ("receiver-name", "two receivers are named 'slack' but differ in their settings"),
            id="one name for two receivers",
        ),
        pytest.param(
            {"routes": (Route(to=evolve(CHAT, name="asynq-null"), severities=Severity.INFO),)},
            ("receiver-name", "the name 'asynq-null' is taken by the receiver that tells nobody"),
            id="the name of the receiver that tells nobody",
        ),
        pytest.param(
            {"routes": (Route(to=CHAT, alerts="AsynqWiat"),)},
            ("route-criteria", "the route names 'AsynqWiat', an alert that does not exist"),
            id="an alert that does not exist",
        ),
        pytest.param(
            {"queues": (Queue("mail"),), "routes": (Route(to=CHAT, queues="mial"),)},
            ("route-criteria", "the route names 'mial', a queue that is not declared"),
            id="a queue that is not declared",
        ),
        pytest.param(
            {"team": "pay", "routes": (Route(to=CHAT, teams="pya"),)},
            ("route-criteria", "the route names 'pya', a team that nothing belongs to"),
            id="a team that nobody has",
        ),
        pytest.param(
            {"routes": (Route(to=CHAT, queues=("a", "b")), Route(to=CHAT, queues="a", severities=Severity.CRITICAL))},
            ("route-shadowed", "the route never matches: routes[0] takes everything that it asks for"),
            id="a route behind a wider one",
        ),
        pytest.param(
            {
                "routes": (
                    Route(to=CHAT, queues="a", also=True, mute=(MuteTime(name="n", end="06:00"),)),
                    Route(to=CHAT, queues="b", mute=(MuteTime(name="n", end="07:00"),)),
                )
            },
            ("mute-time", "two mute times are named 'n' but differ"),
            id="one name for two mute times",
        ),
        pytest.param(
            {"routes": (Route(to=CHAT, queues="a", mute=(MuteTime(name=""),)),)},
            ("mute-time", "a mute time has no name"),
            id="a mute time without a name",
        ),
        pytest.param(
            {"alerts": (WATCHDOG, evolve(QUEUE_WAIT_HIGH, inhibits="AsynqWatchdog"))},
            ("inhibition", "AsynqQueueWaitHigh inhibits the watchdog, so its dead man's switch would go off"),
            id="an alert that inhibits the watchdog",
        ),
        pytest.param(
            {"routes": (Route(to=CHAT, queues="a", mute=(MuteTime(name="n", location="Europe/Berlni"),)),)},
            ("mute-time", "'Europe/Berlni' is not a time zone"),
            id="a time zone that does not exist",
        ),
    ],
)
def test_it_finds(changes: dict[str, Any], finding: tuple[str, str], plan_of: Callable[..., Plan]) -> None:
    """Each fault is found, once, with a hint."""
    problems = check(plan_of(**changes))

    assert [(p.check, p.message) for p in problems] == [finding]
    assert problems[0].hint


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"receivers": WITHOUT_INFO, "routes": (Route(to=CHAT, severities=Severity.INFO),)},
            id="a route that takes all of a severity",
        ),
        pytest.param({"routes": (Route(to=CHAT, queues="anything"),)}, id="any queue where none is declared"),
        pytest.param(
            {"routes": (Route(to=CHAT, queues="a", also=True), Route(to=CHAT, queues="a"))}, id="behind an also"
        ),
        pytest.param(
            {"routes": (Route(to=CHAT, queues="a", severities=Severity.CRITICAL), Route(to=CHAT, queues="a"))},
            id="a route that keeps other severities",
        ),
        pytest.param(
            {"queues": (Queue("a", team="ops"),), "routes": (Route(to=CHAT, teams="ops"),)}, id="a queue's team"
        ),
    ],
)
def test_it_leaves_alone(changes: dict[str, Any], plan_of: Callable[..., Plan]) -> None:
    """What is right has no finding."""
    assert check(plan_of(**changes)) == ()


def test_alerts_that_mute_each_other(plan_of: Callable[..., Plan]) -> None:
    """Every alert of a circle is named: Alertmanager would silence all of them."""
    names = {"AsynqOne": "AsynqTwo", "AsynqTwo": "AsynqThree", "AsynqThree": "AsynqOne", "AsynqFour": "AsynqOne"}
    alerts = tuple(evolve(QUEUE_WAIT_HIGH, name=name, inhibits=target) for name, target in names.items())
    problems = check(plan_of(alerts=alerts))

    assert [(p.check, p.where) for p in problems] == [
        ("inhibition", "alert AsynqOne"),
        ("inhibition", "alert AsynqTwo"),
        ("inhibition", "alert AsynqThree"),
    ]
