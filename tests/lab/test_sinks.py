"""What the sinks make of real HTTP and SMTP, in the shapes in which Alertmanager sends."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from lab.processes import HOST, Ports
from lab.sinks import INHIBITED, UNINHIBITED, Sinks

SLACK = {
    "channel": "#shop",
    "attachments": [
        {
            "title": "[FIRING:1] CRITICAL shop: Tasks wait",
            "title_link": "https://lab.example/runbooks/AsynqQueueWaitHigh.md",
            "text": "waited\n<https://lab.example/runbooks/AsynqQueueWaitHigh.md|Runbook>  <https://g.example/d?a&amp;b|D>",
        }
    ],
}
PAGER = {
    "event_action": "trigger",
    "dedup_key": "1",
    "links": [{"href": "https://lab.example/runbooks/AsynqQueueWaitHigh.md", "text": "Runbook"}],
    "payload": {
        "summary": "[FIRING:1] CRITICAL shop: Tasks wait",
        "severity": "critical",
        "custom_details": {"firing": "waited 6m", "resolved": ""},
    },
}
WEBHOOK = {
    "status": "firing",
    "alerts": [
        {
            "labels": {"alertname": "AsynqWatchdog"},
            "annotations": {"description": "always", "runbook_url": "https://lab.example/runbooks/AsynqWatchdog.md"},
        }
    ],
}


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    """Sinks that listen."""
    ports = Ports()
    sinks = Sinks(ports)
    sinks.start()
    yield sinks
    sinks.stop()
    ports.close()


def _post(url: str, body: dict[str, Any]) -> int:
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=5) as answer:
        return int(answer.status)


def _mail(sinks: Sinks, to: str, subject: str) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["To"], mail["From"] = subject, to, "am@lab.example"
    mail.set_content("2 tasks wait.\n.\nwith a dot\n")
    mail.add_alternative('<a href="https://g.example/d?a=1&amp;b=2">Dashboard</a>', subtype="html")
    host, _, port = sinks.smarthost.partition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as server:
        server.send_message(mail)


def test_slack(sinks: Sinks) -> None:
    """A Slack message has its title, its text and its links once each, unescaped."""
    assert _post(sinks.url(INHIBITED, "slack"), SLACK) == 200

    [message] = sinks.messages
    assert (message.channel, message.inhibited, message.firing) == ("slack", True, True)
    assert message.title == "[FIRING:1] CRITICAL shop: Tasks wait"
    assert message.text.startswith("waited\n")
    assert message.links == ("https://lab.example/runbooks/AsynqQueueWaitHigh.md", "https://g.example/d?a&b")
    assert message.payload == SLACK


def test_resolved(sinks: Sinks) -> None:
    """Every channel tells the end from the beginning."""
    _post(sinks.url(INHIBITED, "slack"), {"attachments": [{"title": "[RESOLVED] CRITICAL shop", "text": ""}]})
    details = {"summary": "s", "custom_details": {"firing": "", "resolved": "waited"}}
    _post(sinks.url(INHIBITED, "pagerduty"), {"event_action": "resolve", "payload": details})
    _post(sinks.url(INHIBITED, "webhook"), {**WEBHOOK, "status": "resolved"})
    _mail(sinks, "inhibited@lab.example", "[RESOLVED] INFO shop")

    assert [(m.channel, m.firing) for m in sinks.messages] == [
        ("slack", False),
        ("pagerduty", False),
        ("webhook", False),
        ("email", False),
    ]
    assert sinks.messages[1].text == "waited"


def test_pagerduty(sinks: Sinks) -> None:
    """PagerDuty's events are accepted with its own status; the other Alertmanager's are told apart by their path."""
    assert _post(sinks.url(UNINHIBITED, "pagerduty"), PAGER) == 202

    [message] = sinks.messages
    assert (message.channel, message.inhibited, message.firing) == ("pagerduty", False, True)
    assert (message.title, message.text) == ("[FIRING:1] CRITICAL shop: Tasks wait", "waited 6m")
    assert message.links == ("https://lab.example/runbooks/AsynqQueueWaitHigh.md",)


def test_webhook(sinks: Sinks) -> None:
    """A webhook's title is the names of its alerts."""
    _post(sinks.url(INHIBITED, "webhook"), WEBHOOK)

    [message] = sinks.messages
    assert (message.channel, message.firing, message.title, message.text) == (
        "webhook",
        True,
        "AsynqWatchdog",
        "always",
    )
    assert message.links == ("https://lab.example/runbooks/AsynqWatchdog.md",)


def test_email(sinks: Sinks) -> None:
    """A mail over SMTP keeps its text, dots and all; its recipient says which Alertmanager sent it."""
    _mail(sinks, "uninhibited@lab.example", "[FIRING:2] INFO shop: Tasks wait")
    _mail(sinks, "inhibited@lab.example", "[FIRING:2] INFO shop: Tasks wait")

    first, second = sinks.messages
    assert (first.channel, first.inhibited, first.firing) == ("email", False, True)
    assert second.inhibited
    assert first.title == "[FIRING:2] INFO shop: Tasks wait"
    assert first.text.replace("\r\n", "\n") == "2 tasks wait.\n.\nwith a dot\n"
    assert first.links == ("https://g.example/d?a=1&b=2",)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("inhibited/teams", id="a channel that there is not"),
        pytest.param("other/slack", id="an Alertmanager that there is not"),
    ],
)
def test_unknown_paths(sinks: Sinks, path: str) -> None:
    """What is sent to the wrong place is refused, so that Alertmanager logs it."""
    url = sinks.url(INHIBITED, "slack").replace("inhibited/slack", path)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _post(url, SLACK)
    assert sinks.messages == ()


def test_ports_are_locked() -> None:
    """Two labs never choose the same port, and a port is free again when its lab is gone."""
    one, other = Ports(), Ports()
    first = one.take()
    other._next = first
    assert other.take() != first
    one.close()
    other._next = first
    assert other.take() == first
    other.close()
    assert HOST == "127.0.0.1"
