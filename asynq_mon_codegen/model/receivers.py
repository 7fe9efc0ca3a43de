"""Who is told, by which way, and when not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from attrs import field, frozen

from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.model.kinds import items, typed
from asynq_mon_codegen.model.terms import Severity, Threat
from asynq_mon_codegen.model.weekdays import check_weekdays

__all__ = ["MuteTime", "Receiver", "Route"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_SECRETS = (
    "api_url",
    "routing_key",
    "service_key",
    "password",
    "auth_password",
    "token",
    "credentials",
    "bearer_token",
)


def _secret_file(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.startswith("/") or "\n" in value:
        raise DeclarationError(
            f"{name} must be the absolute path of a file that holds the secret, not the secret itself",
            f'write the secret to a file on the Alertmanager host: {name}="/etc/alertmanager/secrets/..."',
        )
    return value


def _no_inline(kind: str, given: dict[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name in _SECRETS:
            raise DeclarationError(
                f"{kind}: {name}= would put a secret into the repository",
                f'give a file instead: {name}_file="/etc/alertmanager/secrets/..."',
            )
        raise DeclarationError(f"{kind} has no argument {name!r}", did_you_mean(name, known))


def _url(value: object, name: str) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise DeclarationError(f"{name}={value!r} is not an http(s) URL", f'write {name}="https://..."')
    if parts.password or re.search(r"(?:^|[?&])(?:token|key|secret|password)=", parts.query):
        raise DeclarationError(
            f"{name} has a secret in it", 'give it in a file: credentials_file="/etc/alertmanager/secrets/..."'
        )
    return str(value)


@frozen(field_transformer=typed)
class Receiver:
    """A way to tell people; made by :meth:`slack`, :meth:`email`, :meth:`pagerduty` or :meth:`webhook`.

    Secrets are absolute paths of files on the Alertmanager host; a secret itself is refused.
    """

    name: str = field()
    kind: str
    settings: tuple[tuple[str, str], ...] = ()
    send_resolved: bool = True

    @name.validator
    def _check(self, _: object, value: object) -> None:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise DeclarationError(
                f"receiver name {value!r} is not possible", "use letters, digits, '-', '_' and '.', at most 64"
            )

    def setting(self, name: str) -> str:
        """A setting of this kind of receiver, or an empty text."""
        return dict(self.settings).get(name, "")

    @classmethod
    def slack(
        cls,
        name: str,
        *,
        channel: str,
        api_url_file: str = "/etc/alertmanager/secrets/slack-webhook-url",
        send_resolved: bool = True,
        **inline: object,
    ) -> Receiver:
        """A Slack channel, through an incoming webhook whose URL is in ``api_url_file``."""
        _no_inline("Receiver.slack", inline, ("channel", "api_url_file", "send_resolved"))
        if not re.fullmatch(r"[#@]?[^\s#@]{1,80}", channel):
            raise DeclarationError(f"channel={channel!r} is not a Slack channel", 'write "#orders-alerts"')
        path = _secret_file(api_url_file, "api_url_file")
        return cls(name, "slack", (("channel", channel), ("api_url_file", path)), send_resolved)

    @classmethod
    def pagerduty(
        cls,
        name: str,
        *,
        routing_key_file: str = "/etc/alertmanager/secrets/pagerduty-routing-key",
        send_resolved: bool = True,
        **inline: object,
    ) -> Receiver:
        """A PagerDuty service, by Events API v2; its integration key is in ``routing_key_file``."""
        _no_inline("Receiver.pagerduty", inline, ("routing_key_file", "send_resolved"))
        path = _secret_file(routing_key_file, "routing_key_file")
        return cls(name, "pagerduty", (("routing_key_file", path),), send_resolved)

    @classmethod
    def email(
        cls,
        name: str,
        *,
        to: str,
        sender: str = "alertmanager@example.com",
        smarthost: str = "localhost:25",
        username: str = "",
        password_file: str = "",
        send_resolved: bool = True,
        **inline: object,
    ) -> Receiver:
        """One or more mail addresses (separated by commas), sent through ``smarthost`` (``host:port``)."""
        _no_inline(
            "Receiver.email", inline, ("to", "sender", "smarthost", "username", "password_file", "send_resolved")
        )
        for address in (*to.split(","), sender):
            if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address.strip()):
                raise DeclarationError(f"{address.strip()!r} is not a mail address", 'write to="orders@example.com"')
        if not re.fullmatch(r"[^\s:/]+:\d{1,5}", smarthost):
            raise DeclarationError(
                f"smarthost={smarthost!r} is not host:port", 'write smarthost="mail.example.com:587"'
            )
        pairs = [("to", to), ("from", sender), ("smarthost", smarthost)]
        if username:
            pairs.append(("auth_username", username))
        if password_file:
            pairs.append(("auth_password_file", _secret_file(password_file, "password_file")))
        return cls(name, "email", tuple(pairs), send_resolved)

    @classmethod
    def webhook(
        cls, name: str, *, url: str, credentials_file: str = "", send_resolved: bool = True, **inline: object
    ) -> Receiver:
        """Any HTTP endpoint that takes Alertmanager's webhook payload."""
        _no_inline("Receiver.webhook", inline, ("url", "credentials_file", "send_resolved"))
        pairs = [("url", _url(url, "url"))]
        if credentials_file:
            pairs.append(("credentials_file", _secret_file(credentials_file, "credentials_file")))
        return cls(name, "webhook", tuple(pairs), send_resolved)


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return items(value)


def _mute_times(value: MuteTime | Iterable[MuteTime]) -> tuple[MuteTime, ...]:
    return (value,) if isinstance(value, MuteTime) else tuple(value)


def _severities(value: Severity | Iterable[Severity]) -> tuple[Severity, ...]:
    return items(value)


def _threats(value: Threat | Iterable[Threat]) -> tuple[Threat, ...]:
    return items(value)


def _receivers(value: Receiver | Iterable[Receiver]) -> tuple[Receiver, ...]:
    return items(value)


@frozen(kw_only=True, field_transformer=typed)
class MuteTime:
    """A weekly stretch of time in which a route stays silent; ``start`` and ``end`` are ``HH:MM``.

    ``location`` is a name of the time zone database; ``weekdays`` empty means every day.
    """

    name: str
    start: str = field(default="00:00")
    end: str = field(default="24:00")
    weekdays: tuple[str, ...] = field(default=(), converter=_texts)
    location: str = "UTC"

    @start.validator
    @end.validator
    def _check_time(self, attribute: object, value: str) -> None:
        if not _TIME.fullmatch(value):
            raise DeclarationError(f"{value!r} is not a time of day", 'write "HH:MM", from 00:00 to 24:00')

    @weekdays.validator
    def _check_days(self, _: object, value: tuple[str, ...]) -> None:
        check_weekdays(value)

    def __attrs_post_init__(self) -> None:
        if self.end <= self.start:
            raise DeclarationError(
                f"mute time {self.name!r} ends ({self.end}) before it starts ({self.start})",
                "split a time over midnight into two MuteTimes",
            )


@frozen(kw_only=True, field_transformer=typed)
class Route:
    """Alerts that go elsewhere than their severity says: the first route that matches takes them.

    Empty criteria match everything. ``also`` lets the alert go on to the next route too;
    ``mute`` names times in which nothing is sent.
    """

    to: tuple[Receiver, ...] = field(converter=_receivers)
    severities: tuple[Severity, ...] = field(default=(), converter=_severities)
    teams: tuple[str, ...] = field(default=(), converter=_texts)
    queues: tuple[str, ...] = field(default=(), converter=_texts)
    services: tuple[str, ...] = field(default=(), converter=_texts)
    threats: tuple[Threat, ...] = field(default=(), converter=_threats)
    alerts: tuple[str, ...] = field(default=(), converter=_texts)
    also: bool = False
    mute: tuple[MuteTime, ...] = field(default=(), converter=_mute_times)

    def __attrs_post_init__(self) -> None:
        if not self.to:
            raise DeclarationError("a route needs a receiver", "give to=Receiver.slack(...) or several")
        if not (self.severities or self.teams or self.queues or self.services or self.threats or self.alerts):
            raise DeclarationError(
                "a route without criteria would take every alert",
                "give severities=, teams=, queues=, services=, threats= or alerts=; "
                "who is told by default stands in receivers=",
            )
