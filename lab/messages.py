"""What people are told, parsed from what Alertmanager sends."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any, Literal

from attrs import frozen

__all__ = ["PARSERS", "Channel", "Message", "email_message", "pagerduty_message", "slack_message", "webhook_message"]

Channel = Literal["slack", "pagerduty", "email", "webhook"]

_HREF = re.compile(r'href="([^"]+)"')
_SLACK_LINK = re.compile(r"<(https?://[^|>]+)\|")


@frozen(kw_only=True)
class Message:
    """One message as a person, or a dead man's switch, gets it.

    ``at`` is when it arrived (unix seconds); ``inhibited`` says that inhibition was in force at its
    Alertmanager; ``firing`` is False for "resolved"; ``links`` are the addresses in it; ``payload``
    is what was sent, as JSON or as an e-mail.
    """

    at: float
    channel: Channel
    inhibited: bool
    firing: bool
    title: str
    text: str
    links: tuple[str, ...]
    payload: Mapping[str, Any] | EmailMessage


def slack_message(payload: Mapping[str, Any], *, at: float, inhibited: bool) -> Message:
    """A message of Slack's incoming webhook; its characters ``&<>`` are unescaped in the links only."""
    [attachment] = payload["attachments"]
    links = [attachment.get("title_link", ""), *_SLACK_LINK.findall(attachment["text"])]
    return Message(
        at=at,
        channel="slack",
        inhibited=inhibited,
        firing=_firing(attachment["title"]),
        title=attachment["title"],
        text=attachment["text"],
        links=tuple(dict.fromkeys(link.replace("&amp;", "&") for link in links if link)),
        payload=payload,
    )


def pagerduty_message(payload: Mapping[str, Any], *, at: float, inhibited: bool) -> Message:
    """An event of PagerDuty's Events API v2; the text is what its details say is firing or resolved."""
    firing = payload["event_action"] == "trigger"
    event = payload["payload"]
    return Message(
        at=at,
        channel="pagerduty",
        inhibited=inhibited,
        firing=firing,
        title=event["summary"],
        text=event["custom_details"]["firing" if firing else "resolved"],
        links=tuple(link["href"] for link in payload.get("links") or ()),
        payload=payload,
    )


def webhook_message(payload: Mapping[str, Any], *, at: float, inhibited: bool) -> Message:
    """Alertmanager's own webhook format; the title is the names of its alerts, the text their descriptions."""
    alerts = payload["alerts"]
    return Message(
        at=at,
        channel="webhook",
        inhibited=inhibited,
        firing=payload["status"] == "firing",
        title=", ".join(dict.fromkeys(a["labels"]["alertname"] for a in alerts)),
        text="\n".join(a["annotations"].get("description", "") for a in alerts),
        links=tuple(dict.fromkeys(v for a in alerts for k, v in a["annotations"].items() if k.endswith("_url"))),
        payload=payload,
    )


def email_message(data: bytes, *, at: float, inhibited: bool) -> Message:
    """An e-mail; the text is its plain part, the links those of its HTML part."""
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = (_part(mail, kind) for kind in ("plain", "html"))
    return Message(
        at=at,
        channel="email",
        inhibited=inhibited,
        firing=_firing(str(mail["Subject"])),
        title=str(mail["Subject"]),
        text=text,
        links=tuple(dict.fromkeys(link.replace("&amp;", "&") for link in _HREF.findall(html))),
        payload=mail,
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")  # as it came over the wire


def _firing(title: str) -> bool:
    return title.startswith("[FIRING")


PARSERS: Mapping[str, Callable[..., Message]] = {
    "slack": slack_message,
    "pagerduty": pagerduty_message,
    "webhook": webhook_message,
}
"""Channels that come over HTTP, by the last part of their path."""
