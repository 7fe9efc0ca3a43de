"""Reads a file in the format of Prometheus' HTTP client configuration, that of promtool's ``--http.config.file``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import evolve, field, frozen

from asynq_mon_codegen.connection import Connection, Credentials, Secret, Tls
from asynq_mon_codegen.errors import UsageError, did_you_mean

__all__ = ["HttpConfig", "read_http_config"]


@frozen(kw_only=True)
class HttpConfig:
    """What such a file says."""

    credentials: Credentials | None = field(default=None, repr=False)
    tls: Tls = field(factory=Tls)
    headers: tuple[tuple[str, Secret], ...] = field(default=(), repr=False)
    proxy: str = field(default="", repr=False)

    def applied_to(self, connection: Connection) -> Connection:
        """The connection with what the file says; it goes before what a URL says."""
        return evolve(
            connection,
            credentials=self.credentials or connection.credentials,
            tls=self.tls,
            headers=self.headers,
            proxy=self.proxy,
        )


def read_http_config(path: Path) -> HttpConfig:
    """The configuration in a file; relative paths in it start at its folder.

    Raises:
        UsageError: the file cannot be read, or something in it is wrong; with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: it is no UTF-8 text") from None
    except yaml.MarkedYAMLError as error:  # its own text quotes the line, which may be a password
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: error: no YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise UsageError(f"{path}: error: no YAML") from None
    return _Reader(path).config(root)


class _Reader:
    """Walks the nodes, so that every complaint has a line. Values are not quoted: they may be secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def config(self, root: yaml.Node | None) -> HttpConfig:
        if root is None:
            return HttpConfig()
        found = self._mapping(
            root,
            "the file",
            {
                "authorization": self._authorization,
                "basic_auth": self._basic_auth,
                "bearer_token": lambda n, w: Credentials(Secret(self._text(n, w))),
                "bearer_token_file": lambda n, w: Credentials(self._secret_file(n, w)),
                "tls_config": self._tls,
                "http_headers": self._headers,
                "proxy_url": self._text,
                "follow_redirects": self._flag,
                "enable_http2": self._flag,
            },
        )
        ways = [n for n in ("authorization", "basic_auth", "bearer_token", "bearer_token_file") if n in found]
        if len(ways) > 1:
            raise self._error(root, f"{' and '.join(ways)} exclude each other", "keep one of them")
        return HttpConfig(
            credentials=found[ways[0]] if ways else None,
            tls=found.get("tls_config", Tls()),
            headers=found.get("http_headers", ()),
            proxy=found.get("proxy_url", ""),
        )

    def _authorization(self, node: yaml.Node, where: str) -> Credentials:
        found = self._mapping(
            node, where, {"type": self._text, "credentials": self._text, "credentials_file": self._secret_file}
        )
        scheme = found.get("type", "Bearer").strip() or "Bearer"
        if scheme.lower() == "basic":
            raise self._error(node, "authorization: the type cannot be Basic", "write basic_auth instead")
        return Credentials(self._one_of(node, where, found, "credentials", "credentials_file"), scheme)

    def _basic_auth(self, node: yaml.Node, where: str) -> Credentials:
        keys: dict[str, Callable[[yaml.Node, str], Any]] = {"username": self._text, "password": self._text}
        keys |= {"username_file": self._secret_file, "password_file": self._secret_file}
        found = self._mapping(node, where, keys)
        user = self._one_of(node, where, found, "username", "username_file")
        if "password" not in found and "password_file" not in found:
            return Credentials(Secret(), "Basic", user)
        return Credentials(self._one_of(node, where, found, "password", "password_file"), "Basic", user)

    def _tls(self, node: yaml.Node, where: str) -> Tls:
        files = dict.fromkeys(("ca_file", "cert_file", "key_file"), self._file)
        found = self._mapping(node, where, {**files, "server_name": self._text, "insecure_skip_verify": self._flag})
        if ("cert_file" in found) != ("key_file" in found):
            raise self._error(node, "tls_config: cert_file and key_file go together", "give both or neither")
        return Tls(**found)

    def _headers(self, node: yaml.Node, where: str) -> tuple[tuple[str, Secret], ...]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{where} is not a mapping", "write NAME: {values: [VALUE]}")
        out = []
        for key, value in node.value:
            name = self._text(key, where)
            keys = {"values": self._texts, "secrets": self._texts, "files": self._texts}
            found = self._mapping(value, f"{where}.{name}", keys)
            secrets = [Secret(text) for kind in ("values", "secrets") for text in found.get(kind, ())]
            secrets += [Secret(file=self._path.parent / text) for text in found.get("files", ())]
            out += [(name, secret) for secret in secrets]
        return tuple(out)

    def _mapping(
        self, node: yaml.Node, where: str, keys: Mapping[str, Callable[[yaml.Node, str], Any]]
    ) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{where} is not a mapping", f"known keys: {', '.join(sorted(keys))}")
        out: dict[str, Any] = {}
        for key, value in node.value:
            name = self._text(key, where)
            if name not in keys:
                raise self._error(key, f"{where}: unknown key {name!r}", did_you_mean(name, keys))
            if name in out:
                raise self._error(key, f"{where}: {name!r} is there twice", "")
            out[name] = keys[name](value, name)
        return out

    def _one_of(self, node: yaml.Node, where: str, found: Mapping[str, Any], text: str, file: str) -> Secret:
        if (text in found) == (file in found):
            raise self._error(node, f"{where}: needs {text} or {file}, and not both", "")
        secret: Secret = found[file] if file in found else Secret(found[text])
        return secret

    def _text(self, node: yaml.Node, where: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, f"{where} is not a text", "")
        return str(node.value)

    def _texts(self, node: yaml.Node, where: str) -> tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._error(node, f"{where} is not a list", f"write {where}: [VALUE]")
        return tuple(self._text(one, where) for one in node.value)

    def _flag(self, node: yaml.Node, where: str) -> bool:
        if node.tag != "tag:yaml.org,2002:bool":
            raise self._error(node, f"{where} is neither true nor false", "")
        return str(node.value).lower() in ("true", "yes", "on")

    def _file(self, node: yaml.Node, where: str) -> Path:
        return self._path.parent / self._text(node, where)

    def _secret_file(self, node: yaml.Node, where: str) -> Secret:
        return Secret(file=self._file(node, where))

    def _error(self, node: yaml.Node, message: str, hint: str) -> UsageError:
        return UsageError(f"{self._path}:{node.start_mark.line + 1}: error: {message}", hint)
