"""What the servers of these tests are told and say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import field, frozen, mutable

from asynq_mon_codegen.connection import Connection, Credentials, Secret, Tls


@frozen
class Reply:
    """What the server of broken answers sends: ``cut`` keeps the connection's promise of length unfulfilled."""

    status: int = 200
    body: bytes = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    headers: tuple[tuple[str, str], ...] = ()
    after: float = 0.0
    cut: bool = False


@mutable
class Scripted:
    """Replies in order, the last one for ever; remembers what it was asked."""

    url: str
    replies: list[Reply]
    asked: list[tuple[str, str, dict[str, str], str]] = field(factory=list)
    """Method, path, headers and body of each request."""


@frozen
class Guarded:
    """A Prometheus behind TLS, a client certificate where one is given, and a password."""

    url: str
    folder: Path

    def connection(self, **changes: Any) -> Connection:
        """A connection that works; keywords change it."""
        user = Credentials(Secret(file=self.folder / "password"), "Basic", Secret("sre"))
        given = {"retries": 0, "credentials": user, "tls": Tls(ca_file=self.folder / "ca.pem"), **changes}
        return Connection(self.url, **given)
