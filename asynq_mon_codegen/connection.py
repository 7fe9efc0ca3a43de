"""How a server is reached: address, credentials, TLS, patience. Values only; `http_client` does the talking."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from attrs import evolve, field, frozen

from asynq_mon_codegen.errors import UsageError

__all__ = ["Connection", "Credentials", "Secret", "Tls"]


@frozen
class Secret:
    """A text that is never shown, given itself or as a file that is read at each use, so that it may rotate."""

    text: str = field(default="", repr=False)
    file: Path | None = None

    def header(self) -> str:
        """The text as the value of an HTTP header.

        Raises:
            UsageError: as :meth:`read`, or it cannot stand in a header; without showing it.
        """
        text = self.read()
        if not (text.isascii() and text.isprintable()):
            raise UsageError(
                f"{self.file or 'a token or header'}: it holds a character that no HTTP header may have",
                "one line of printable ASCII is expected",
            )
        return text

    def read(self) -> str:
        """The text, without white space at its end.

        Raises:
            UsageError: the file cannot be read or is empty.
        """
        if self.file is None:
            return self.text
        try:
            found = self.file.read_text(encoding="utf-8").rstrip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UsageError(f"{self.file}: the secret cannot be read: {reason}") from None
        if not found:
            raise UsageError(f"{self.file}: the file for a secret is empty")
        return found


@frozen
class Credentials:
    """What stands in the ``Authorization`` header; ``user`` is for the scheme ``Basic`` only."""

    secret: Secret
    scheme: str = "Bearer"
    user: Secret | None = None

    def header(self) -> str:
        """The value of the header, read anew.

        Raises:
            UsageError: a file cannot be read, or what it holds cannot stand in a header.
        """
        if self.user is None:
            return f"{self.scheme} {self.secret.header()}"
        pair = f"{self.user.read()}:{self.secret.read()}".encode()
        return f"{self.scheme} {base64.b64encode(pair).decode()}"


@frozen(kw_only=True)
class Tls:
    """Whom to trust, and who we are; empty for the certificates of the system and none of our own."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""
    insecure_skip_verify: bool = False


@frozen
class Connection:
    """A server and how to talk to it. Neither ``repr`` nor ``url`` shows a secret.

    ``timeout`` is in seconds, for each answer; ``retries`` counts tries after the first. A user and password in the
    URL become ``credentials`` unless others are given. ``variables`` is the beginning of the names of environment
    variables that a message may point to.

    Raises:
        UsageError: not an http(s) URL.
    """

    url: str
    timeout: float = 10.0
    retries: int = 3
    tenant: str = ""
    credentials: Credentials | None = field(default=None, repr=False)
    tls: Tls = field(factory=Tls)
    headers: tuple[tuple[str, Secret], ...] = field(default=(), repr=False)
    proxy: str = field(default="", repr=False)
    variables: str = "ASYNQ_MON_PROMETHEUS"

    def __attrs_post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname)
            user, password = parts.username, parts.password
        except ValueError:
            sound = False
        if not sound:
            shown = self.url.rpartition("@")[2]
            raise UsageError(f"{shown!r} is not an http(s) URL", "for example: http://localhost:9090")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        # frozen: what the URL says is sorted once, before anybody else has seen the value
        object.__setattr__(self, "url", bare.geturl().rstrip("/"))
        if self.credentials is None and user is not None:
            found = Credentials(Secret(unquote(password or "")), "Basic", Secret(unquote(user)))
            object.__setattr__(self, "credentials", found)

    def with_environment(self, environment: Mapping[str, str]) -> Self:
        """The same with what is not given here taken from ``ASYNQ_MON_..._TOKEN`` and its like.

        Raises:
            UsageError: variables contradict each other.
        """
        given = {
            name.removeprefix(f"{self.variables}_"): value
            for name, value in environment.items()
            if name.startswith(f"{self.variables}_") and value
        }
        files = {name: Path(given[name]) for name in ("CA_FILE", "CERT_FILE", "KEY_FILE") if name in given}
        tls = evolve(
            self.tls,
            ca_file=self.tls.ca_file or files.get("CA_FILE"),
            cert_file=self.tls.cert_file or files.get("CERT_FILE"),
            key_file=self.tls.key_file or files.get("KEY_FILE"),
        )
        return evolve(
            self,
            tenant=self.tenant or given.get("TENANT", ""),
            credentials=self.credentials or self._from_variables(given),
            tls=tls,
        )

    def _from_variables(self, given: Mapping[str, str]) -> Credentials | None:
        ways = [name for name in ("TOKEN", "TOKEN_FILE", "PASSWORD", "PASSWORD_FILE") if name in given]
        if len(ways) > 1:
            names = " and ".join(f"{self.variables}_{name}" for name in ways)
            raise UsageError(f"{names} are both set", "keep one of them")
        if not ways:
            return None
        way = ways[0]
        secret = Secret(file=Path(given[way])) if way.endswith("_FILE") else Secret(given[way])
        if way.startswith("TOKEN"):
            return Credentials(secret)
        if "USERNAME" not in given:
            raise UsageError(f"{self.variables}_{way} is set, {self.variables}_USERNAME is not", "set both")
        return Credentials(secret, "Basic", Secret(given["USERNAME"]))
