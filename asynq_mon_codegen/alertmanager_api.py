"""The HTTP API of Alertmanager (v2); below Mimir's prefix too. Every failure is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import yaml
from attrs import frozen

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.http_client import Api

__all__ = ["ActiveAlert", "Alertmanager", "Silence", "Status"]

_T = TypeVar("_T")
_OPERATORS = {(True, False): "=", (True, True): "=~", (False, False): "!=", (False, True): "!~"}


@frozen(kw_only=True)
class Status:
    """What an Alertmanager says of itself; ``config`` is what it has loaded, secrets masked."""

    version: str
    cluster: str
    peers: int
    config: Mapping[str, Any]


@frozen(kw_only=True)
class ActiveAlert:
    """An alert that it knows, and the receivers that it goes to."""

    labels: Mapping[str, str]
    state: str
    receivers: tuple[str, ...]


@frozen(kw_only=True)
class Silence:
    """An active silence; ``matchers`` are label, operator and value."""

    id: str
    matchers: tuple[tuple[str, str, str], ...]
    created_by: str
    comment: str
    ends_at: str


class Alertmanager(Api):
    """A connection to a server below whose URL ``/api/v2`` lies; to be used in a ``with`` block.

    All methods raise :class:`UsageError` where nobody answers, the status is one of an error, or the answer is none
    of Alertmanager.

    Raises:
        UsageError: a certificate or key cannot be used.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "Alertmanager", "the URL ends before /api/v2: check its path")

    def status(self) -> Status:
        """Version, cluster and configuration."""

        def read(data: Any) -> Status:
            config = yaml.safe_load(data["config"]["original"])
            cluster = data.get("cluster") or {}
            return Status(
                version=str(data["versionInfo"]["version"]),
                cluster=str(cluster.get("status", "")),
                peers=len(cluster.get("peers") or ()),
                config=dict(config),
            )

        return self._read("/api/v2/status", read)

    def alerts(self, **labels: str) -> tuple[ActiveAlert, ...]:
        """The alerts that it knows with these labels, silenced and inhibited ones too."""
        matchers = [f'{name}="{value}"' for name, value in labels.items()]
        return self._read(
            "/api/v2/alerts",
            lambda data: tuple(
                ActiveAlert(
                    labels=dict(one["labels"]),
                    state=str(one["status"]["state"]),
                    receivers=tuple(str(r["name"]) for r in one["receivers"]),
                )
                for one in data
            ),
            {"filter": matchers},
        )

    def silences(self) -> tuple[Silence, ...]:
        """The silences that are active now."""
        return self._read(
            "/api/v2/silences", lambda data: tuple(_silence(s) for s in data if s["status"]["state"] == "active")
        )

    def send(self, labels: Mapping[str, str], annotations: Mapping[str, str], *, start: float, end: float) -> None:
        """An alert from unix seconds to unix seconds, as Prometheus would send it; an end in the past resolves it."""
        alert = {
            "labels": dict(labels),
            "annotations": dict(annotations),
            "startsAt": _rfc3339(start),
            "endsAt": _rfc3339(end),
        }
        self._http.post("/api/v2/alerts", [alert])

    def _read(self, path: str, read: Callable[[Any], _T], params: Mapping[str, str | list[str]] | None = None) -> _T:
        body = self._http.get(path, params).body
        try:
            return read(body)
        except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError):
            raise self._http.strange(path) from None


def _silence(one: Mapping[str, Any]) -> Silence:
    return Silence(
        id=str(one["id"]),
        matchers=tuple(_matchers(one["matchers"])),
        created_by=str(one.get("createdBy", "")),
        comment=str(one.get("comment", "")),
        ends_at=str(one["endsAt"]),
    )


def _matchers(found: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str, str]]:
    for one in found:
        op = _OPERATORS[bool(one.get("isEqual", True)), bool(one["isRegex"])]
        yield str(one["name"]), op, str(one["value"])


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
