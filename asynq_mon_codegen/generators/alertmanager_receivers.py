"""Receivers as Alertmanager configures them: one integration each, texts from the message templates."""

from __future__ import annotations

from typing import Any

from asynq_mon_codegen.model import Receiver
from asynq_mon_codegen.plan.texts import go_text

__all__ = ["receiver_config"]


def receiver_config(receiver: Receiver, *, send_resolved: bool) -> dict[str, Any]:
    """The element of ``receivers:``; the settings that Alertmanager reads as templates are escaped."""
    build = {"slack": _slack, "email": _email, "pagerduty": _pagerduty, "webhook": _webhook}[receiver.kind]
    return {
        "name": receiver.name,
        f"{receiver.kind}_configs": [{"send_resolved": send_resolved, **build(receiver)}],
    }


def _call(name: str) -> str:
    return f'{{{{ template "asynq.{name}" . }}}}'


def _slack(receiver: Receiver) -> dict[str, Any]:
    return {
        "api_url_file": receiver.setting("api_url_file"),
        "channel": go_text(receiver.setting("channel")),
        "color": _call("color"),
        "title": _call("slack.title"),
        "title_link": _call("link"),
        "fallback": _call("slack.title"),
        "text": _call("slack.text"),
        "footer": "{{ .ExternalURL }}",
    }


def _email(receiver: Receiver) -> dict[str, Any]:
    out: dict[str, Any] = {
        "to": go_text(receiver.setting("to")),
        "from": go_text(receiver.setting("from")),
        "smarthost": receiver.setting("smarthost"),
    }
    for name in ("auth_username", "auth_password_file"):
        if receiver.setting(name):
            out[name] = receiver.setting(name)
    if receiver.setting("smarthost").rpartition(":")[0] in ("localhost", "127.0.0.1"):
        # A relay on the same host seldom offers TLS, which Alertmanager otherwise insists on.
        out["require_tls"] = False
    return {
        **out,
        "headers": {"Subject": _call("title")},
        "text": _call("email.text"),
        "html": _call("email.html"),
    }


def _pagerduty(receiver: Receiver) -> dict[str, Any]:
    return {
        "routing_key_file": receiver.setting("routing_key_file"),
        "description": _call("title"),
        "severity": _call("pagerduty.severity"),
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.component }}",
        "group": "{{ .CommonLabels.service }}",
        "client": "Alertmanager",
        "client_url": "{{ .ExternalURL }}",
        "details": {
            "firing": _call("text.firing"),
            "resolved": _call("text.resolved"),
            "num_firing": "{{ len .Alerts.Firing }}",
            "num_resolved": "{{ len .Alerts.Resolved }}",
            "queue": "{{ .CommonLabels.queue }}",
            "team": "{{ .CommonLabels.team }}",
            "threat": "{{ .CommonLabels.threat }}",
        },
        "links": [
            {"href": _call("link"), "text": "Runbook"},
            {"href": _call("dashboard"), "text": "Dashboard"},
        ],
    }


def _webhook(receiver: Receiver) -> dict[str, Any]:
    # Newer Alertmanagers read the URL as a template: braces are written as URLs write them.
    out: dict[str, Any] = {"url": receiver.setting("url").replace("{", "%7B").replace("}", "%7D")}
    if receiver.setting("credentials_file"):
        out["http_config"] = {
            "authorization": {"type": "Bearer", "credentials_file": receiver.setting("credentials_file")}
        }
    return out
