"""Values of the wrong kind, and what their author reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from asynq_mon_codegen import (
    Alert,
    DeclarationError,
    Links,
    Monitoring,
    Queue,
    Receiver,
    Route,
    Runbook,
    Severity,
    asynq,
)

CHAT = Receiver.slack("chat", channel="#orders")
WAIT: Alert = asynq.QUEUE_WAIT_HIGH


def monitoring(**given: Any) -> Monitoring:
    return Monitoring(**{"alerts": asynq.ALERTS, **given})


def changed(**given: Any) -> Alert:
    return evolve(WAIT, **given)


@pytest.mark.parametrize(
    ("make", "given", "message", "hint"),
    [
        pytest.param(monitoring, {"team": 3}, "team=3 is not a text", "", id="a number for a text"),
        pytest.param(
            monitoring,
            {"instrumentation": "no"},
            "instrumentation='no' is not True or False",
            "",
            id="a text for a switch",
        ),
        pytest.param(
            monitoring,
            {"queues": ["a"]},
            "queues holds 'a', which is not a Queue",
            "write Queue('a')",
            id="a name for a queue",
        ),
        pytest.param(
            monitoring,
            {"queues": 5},
            "queues holds 5, which is not a Queue",
            "write Queue(...)",
            id="a number for a queue",
        ),
        pytest.param(
            monitoring,
            {"links": "https://x"},
            "links='https://x' is not a Links",
            "write Links(...)",
            id="a text for links",
        ),
        pytest.param(
            monitoring, {"receivers": CHAT}, "receivers=", "map severities to receivers", id="a receiver for everything"
        ),
        pytest.param(
            monitoring,
            {"receivers": {"page": CHAT}},
            "receivers holds 'page', which is not a Severity",
            "known:",
            id="an unknown severity",
        ),
        pytest.param(
            monitoring,
            {"receivers": {"warning": CHAT}},
            "receivers holds 'warning'",
            "write Severity.WARNING",
            id="a severity as text",
        ),
        pytest.param(
            monitoring,
            {"receivers": {Severity.WARNING: "chat"}},
            "receivers holds 'chat', which is not a Receiver",
            "",
            id="a receiver's name",
        ),
        pytest.param(
            monitoring,
            {"labels": "env=prod"},
            "labels='env=prod' is not a mapping",
            "map names to values",
            id="labels as text",
        ),
        pytest.param(
            monitoring, {"routes": Route}, "routes holds <class", "call it: Route(...)", id="a class for a value"
        ),
        pytest.param(
            changed,
            {"threat": "bottleneck"},
            "threat='bottleneck' is not a Threat",
            "write Threat.BOTTLENECK",
            id="a threat as text",
        ),
        pytest.param(
            changed,
            {"when": 5},
            "when=5 is not Above, Below, Present or Burn",
            "write Above(...)",
            id="a number for a condition",
        ),
        pytest.param(
            changed,
            {"guards": "queue is paused"},
            "guards holds 'queue is paused', which is not a Guard",
            "",
            id="a text for a guard",
        ),
        pytest.param(
            changed,
            {"probe": print},
            "probe=<built-in function print> is not a Probe or None",
            "write Probe(...)",
            id="a function for a probe",
        ),
        pytest.param(
            Queue, {"name": "a", "optional": 1}, "optional=1 is not True or False", "", id="a number for a switch"
        ),
        pytest.param(
            Links, {"runbooks": 3}, "runbooks=3 is not an http(s) URL", "write runbooks=", id="a number for a URL"
        ),
        pytest.param(
            Runbook,
            {"meaning": "x", "actions": 3},
            "actions holds 3, which is not a Step",
            "write Step(...)",
            id="a number for a step",
        ),
    ],
)
def test_is_refused(make: Callable[..., object], given: dict[str, Any], message: str, hint: str) -> None:
    """The sentence names the field and what belongs there."""
    with pytest.raises(DeclarationError) as caught:
        make(**given)

    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith(hint)


def test_one_value_stands_for_a_list() -> None:
    """Where several values are allowed, a single one needs no brackets."""
    declared = monitoring(
        queues=Queue("a"), routes=Route(to=CHAT, queues="a"), receivers={Severity.WARNING: CHAT}, identity="cluster"
    )

    assert declared.queues == (Queue("a"),)
    assert declared.routes[0].to == (CHAT,)
    assert declared.receivers == ((Severity.WARNING, (CHAT,)),)
    assert declared.identity == ("cluster",)
    assert Runbook(meaning="x", actions="y").actions[0].text == "y"
