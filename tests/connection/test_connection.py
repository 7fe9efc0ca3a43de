"""What is said of a connection: options, environment, URL; and that no secret is shown."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from asynq_mon_codegen.connection import Connection, Credentials, Secret
from asynq_mon_codegen.errors import UsageError

URL = "https://sre:s3cret%40@prometheus:9090/base/?x=1"


def header_of(connection: Connection) -> str:
    assert connection.credentials is not None
    return connection.credentials.header()


def test_credentials_of_a_url_are_used_and_never_shown() -> None:
    """They become a header and leave the URL."""
    found = Connection(URL)

    assert found.url == "https://prometheus:9090/base"
    assert found.credentials == Credentials(Secret("s3cret@"), "Basic", Secret("sre"))
    for text in (repr(found), str(found), found.url, repr(found.credentials), str(attrs.evolve(found, timeout=1.0))):
        assert "s3cret" not in text
    assert attrs.evolve(found, timeout=1.0).credentials == found.credentials


@pytest.mark.parametrize("url", ["prometheus:9090", "ftp://prometheus", "http://", "http://u:s3cret@", "http://[::1"])
def test_what_is_no_url(url: str) -> None:
    """It is said without the password in it."""
    with pytest.raises(UsageError, match="is not an http") as found:
        Connection(url)

    assert "s3cret" not in found.value.message


def test_environment(tmp_path: Path) -> None:
    """Every variable has its effect, and only those of this kind of server."""
    (tmp_path / "token").write_text("t0ken\n")
    start = "ASYNQ_MON_PROMETHEUS"
    found = Connection("http://p").with_environment(
        {
            f"{start}_TOKEN_FILE": str(tmp_path / "token"),
            f"{start}_CA_FILE": "/ca.pem",
            f"{start}_CERT_FILE": "/cert.pem",
            f"{start}_KEY_FILE": "/key.pem",
            f"{start}_TENANT": "shop",
            "ASYNQ_MON_GRAFANA_TOKEN": "another",
        }
    )

    assert header_of(found) == "Bearer t0ken"
    assert (found.tls.ca_file, found.tls.cert_file, found.tls.key_file) == tuple(
        Path(p) for p in ("/ca.pem", "/cert.pem", "/key.pem")
    )
    assert found.tenant == "shop"


def test_user_and_password_of_the_environment(tmp_path: Path) -> None:
    """The password itself or its file."""
    (tmp_path / "password").write_text("b\n")
    start = "ASYNQ_MON_ALERTMANAGER"
    connection = Connection("http://p", variables=start)
    given = {f"{start}_USERNAME": "a"}

    by_text = connection.with_environment({**given, f"{start}_PASSWORD": "b"})
    by_file = connection.with_environment({**given, f"{start}_PASSWORD_FILE": str(tmp_path / "password")})
    assert header_of(by_text) == header_of(by_file) == "Basic YTpi"


def test_what_is_given_goes_before_the_environment() -> None:
    """The URL's password and the option for the tenant are nearer than the environment."""
    found = Connection("http://a:b@p", tenant="mine").with_environment(
        {"ASYNQ_MON_PROMETHEUS_TOKEN": "t", "ASYNQ_MON_PROMETHEUS_TENANT": "other"}
    )

    assert header_of(found) == "Basic YTpi"
    assert found.tenant == "mine"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"TOKEN": "s3cret", "TOKEN_FILE": "/t"}, "are both set", id="two ways"),
        pytest.param({"PASSWORD": "s3cret"}, "_USERNAME is not", id="no user"),
    ],
)
def test_environment_that_contradicts_itself(given: dict[str, str], message: str) -> None:
    """It names the variables, not their values."""
    with pytest.raises(UsageError, match=message) as found:
        Connection("http://p").with_environment({f"ASYNQ_MON_PROMETHEUS_{n}": v for n, v in given.items()})

    assert "s3cret" not in found.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "the secret cannot be read: No such file", id="none"),
        pytest.param(b"", "the file for a secret is empty", id="empty"),
        pytest.param(b"\n", "the file for a secret is empty", id="a line end"),
        pytest.param(b"\xff", "the secret cannot be read: it is no text", id="no text"),
        pytest.param(b"s3cret\nX-Evil: 1", "no HTTP header may have", id="two lines"),
    ],
)
def test_a_bad_token_file(tmp_path: Path, content: bytes | None, message: str) -> None:
    """The file is named, its content never."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as found:
        Credentials(Secret(file=path)).header()

    assert str(path) in found.value.message
    assert "s3cret" not in found.value.message
