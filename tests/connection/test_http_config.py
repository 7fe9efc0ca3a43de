"""Files in the format of Prometheus' HTTP client configuration."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.http_config import read_http_config


def connection(tmp_path: Path, text: str, url: str = "http://prometheus:9090") -> Connection:
    path = tmp_path / "http.yaml"
    path.write_text(text)
    return read_http_config(path).applied_to(Connection(url))


@pytest.mark.parametrize(
    ("text", "header"),
    [
        pytest.param("authorization: {credentials: t0ken}", "Bearer t0ken", id="authorization"),
        pytest.param("authorization: {type: Token, credentials_file: secret}", "Token from-file", id="another type"),
        pytest.param("bearer_token: t0ken", "Bearer t0ken", id="bearer token"),
        pytest.param("bearer_token_file: secret", "Bearer from-file", id="bearer token file"),
        pytest.param(
            "basic_auth: {username: a, password: b}", "Basic " + base64.b64encode(b"a:b").decode(), id="basic"
        ),
        pytest.param(
            "basic_auth: {username_file: secret, password_file: secret}",
            "Basic " + base64.b64encode(b"from-file:from-file").decode(),
            id="basic from files",
        ),
        pytest.param("basic_auth: {username: a}", "Basic " + base64.b64encode(b"a:").decode(), id="no password"),
    ],
)
def test_credentials(tmp_path: Path, text: str, header: str) -> None:
    """Each way of the format gives its header; files lie beside the configuration."""
    (tmp_path / "secret").write_text("from-file\n")
    found = connection(tmp_path, text).credentials

    assert found is not None
    assert found.header() == header


def test_a_token_file_is_read_at_use(tmp_path: Path) -> None:
    """Tokens rotate while a command runs."""
    (tmp_path / "secret").write_text("first")
    found = connection(tmp_path, "bearer_token_file: secret").credentials
    assert found is not None
    assert found.header() == "Bearer first"
    (tmp_path / "secret").write_text("second")

    assert found.header() == "Bearer second"


def test_tls_headers_and_proxy(tmp_path: Path) -> None:
    """The rest of the format."""
    found = connection(
        tmp_path,
        "tls_config: {ca_file: ca.pem, cert_file: /c.pem, key_file: /k.pem, server_name: x,\n"
        "  insecure_skip_verify: true}\n"
        "http_headers: {X-One: {values: [a], secrets: [b]}}\nproxy_url: http://proxy:3128\nfollow_redirects: true\n",
    )

    assert found.tls.ca_file == tmp_path / "ca.pem"
    assert (found.tls.cert_file, found.tls.key_file) == (Path("/c.pem"), Path("/k.pem"))
    assert found.tls.server_name == "x"
    assert found.tls.insecure_skip_verify
    assert [(name, secret.read()) for name, secret in found.headers] == [("X-One", "a"), ("X-One", "b")]
    assert found.proxy == "http://proxy:3128"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """No key is needed."""
    assert connection(tmp_path, "") == Connection("http://prometheus:9090")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("basic_auth:\n  user: s3cret", 2, "basic_auth: unknown key 'user'", id="unknown key below"),
        pytest.param("bearer_tokn: s3cret", 1, "unknown key 'bearer_tokn'", id="unknown key"),
        pytest.param("\nbearer_token: s3cret\nbasic_auth: {username: a}", 2, "exclude each other", id="two ways"),
        pytest.param("authorization: {type: Basic, credentials: s3cret}", 1, "cannot be Basic", id="basic as a type"),
        pytest.param("authorization: {type: Bearer}", 1, "credentials or credentials_file", id="no credentials"),
        pytest.param("basic_auth: {password: s3cret}", 1, "username or username_file", id="no user"),
        pytest.param("tls_config: {cert_file: s3cret}", 1, "go together", id="half of a pair"),
        pytest.param("tls_config: {insecure_skip_verify: 's3cret'}", 1, "neither true nor false", id="no flag"),
        pytest.param("bearer_token: [s3cret]", 1, "is not a text", id="no text"),
        pytest.param("basic_auth: s3cret", 1, "is not a mapping", id="no mapping"),
        pytest.param("bearer_token: s3cret\nbearer_token: s3cret", 2, "there twice", id="twice"),
        pytest.param("a: b\n  s3cret: {", 2, "no YAML", id="no YAML"),
        pytest.param("http_headers: {X-One: {values: s3cret}}", 1, "is not a list", id="no list"),
    ],
)
def test_faults_have_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """What is wrong, where; no value is shown, it may be a secret."""
    with pytest.raises(UsageError) as found:
        connection(tmp_path, text)

    assert found.value.message.startswith(f"{tmp_path / 'http.yaml'}:{line}: error: ")
    assert message in found.value.message
    assert "s3cret" not in found.value.message + found.value.hint


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"nothing\.yaml: cannot be read: No such file"):
        read_http_config(tmp_path / "nothing.yaml")
