"""Answers that are none, as sentences; tries again only where that helps; secrets that stay with their server."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from asynq_mon_codegen.connection import Connection, Credentials, Secret
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.prometheus_api import Prometheus
from tests.connection.servers import Guarded, Reply, Scripted

FINE = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}}'


def values(connection: Connection | str, expr: str = "up") -> list[float]:
    with Prometheus(connection) as server:
        return [sample.value for sample in server.query(expr)]


def failure(connection: Connection, expr: str = "up") -> str:
    with pytest.raises(UsageError) as found:
        values(connection, expr)
    return f"{found.value.message}\n{found.value.hint}"


def again(reply: Reply, header: str = "0") -> Reply:
    """The same with no pause asked for, so that a test does not wait."""
    return Reply(reply.status, reply.body, (("Retry-After", header),))


Start = Callable[..., Scripted]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_tried_again(scripted: Start, status: int) -> None:
    """A busy or restarting server is given time."""
    server = scripted(again(Reply(status, b"")), Reply(200, FINE))

    assert values(server.url) == [7]
    assert len(server.asked) == 2


def test_an_answer_that_breaks_off_is_tried_again(scripted: Start) -> None:
    """A connection that ends in the middle is no answer."""
    server = scripted(Reply(200, FINE, cut=True), Reply(200, FINE))

    assert values(server.url) == [7]
    assert "it broke off" in failure(Connection(scripted(Reply(200, FINE, cut=True)).url, retries=0))


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'), id="400"),
        pytest.param(Reply(401, b""), id="401"),
        pytest.param(Reply(404, b""), id="404"),
        pytest.param(Reply(422, b'{"status":"error","errorType":"execution","error":"no"}'), id="422"),
        pytest.param(Reply(500, b"boom"), id="500"),
        pytest.param(Reply(503, b'{"status":"error","errorType":"timeout","error":"query timed out"}'), id="timeout"),
        pytest.param(Reply(200, b"<html>"), id="a page"),
        pytest.param(Reply(429, b"", (("Retry-After", "3600"),)), id="an hour"),
    ],
)
def test_what_stays_is_not_tried_again(scripted: Start, reply: Reply) -> None:
    """Asking again would not change it."""
    server = scripted(reply)
    failure(Connection(server.url))

    assert len(server.asked) == 1


def test_after_the_last_try_the_failure_is_told(scripted: Start) -> None:
    """As many tries as were asked for, and the server's own text."""
    server = scripted(again(Reply(503, b"<html><style>a{}</style><h1>Service  Unavailable</h1>")))
    text = failure(Connection(server.url, retries=2))

    assert f"{server.url}/api/v1/query: 503 Service Unavailable: Service Unavailable" in text
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (Reply(200, b"<html><title>Sign\n in</title>"), "a web page with the title 'Sign in'", "login page"),
        (Reply(200, b'{"status":"succ'), "malformed JSON", "a proxy that cuts answers off"),
        (Reply(200, b"ok"), "the answer is no JSON", "before /api/v1"),
        (Reply(200, b'{"status":"success"}'), "not that of Prometheus", "before /api/v1"),
        (Reply(200, b""), "not that of Prometheus", "before /api/v1"),
        (Reply(401, b"no org id"), "401 Unauthorized: no org id", "--tenant NAME or ASYNQ_MON_PROMETHEUS_TENANT"),
        (Reply(403, b""), "403 Forbidden", "none were sent; ways to give credentials: ASYNQ_MON_PROMETHEUS_TOKEN"),
        (Reply(404, b"<h1>not found</h1>"), "404 Not Found: not found", "before /api/v1"),
        (Reply(200, b'{"status":"error","error":"later"}'), "later", ""),
        (Reply(200, FINE.replace(b'"7"', b'"x"')), "not that of Prometheus", ""),
    ],
)
def test_answers_that_are_none(scripted: Start, reply: Reply, message: str, hint: str) -> None:
    """What came, and what to do."""
    text = failure(Connection(scripted(reply).url))

    assert message in text
    assert hint in text


def test_a_slow_server(scripted: Start) -> None:
    """The option that waits longer is named."""
    server = scripted(Reply(200, FINE, after=1.0))
    text = failure(Connection(server.url, timeout=0.1, retries=0))

    assert "no answer within 0.1 s" in text
    assert "--timeout SECONDS" in text
    assert values(Connection(server.url, timeout=10)) == [7]


def test_nobody_listens() -> None:
    """The address is named, the password in it is not."""
    text = failure(Connection("http://sre:s3cret@127.0.0.1:1", retries=0))

    assert text.startswith("http://127.0.0.1:1: no answer: ")
    assert "s3cret" not in text


def test_what_is_sent(scripted: Start) -> None:
    """Credentials, the tenant and the headers of a configuration."""
    server = scripted(Reply(200, FINE))
    values(
        Connection(server.url, tenant="shop", credentials=Credentials(Secret("t")), headers=(("X-One", Secret("a")),))
    )
    _, _, headers, _ = server.asked[0]

    assert headers["Authorization"] == "Bearer t"
    assert headers["X-Scope-OrgID"] == "shop"
    assert headers["X-One"] == "a"


@pytest.mark.parametrize("secret", ["s3cret\nX-Evil: 1", "s3cr\u20act", "s3cret\x00"])
def test_a_header_that_is_none(scripted: Start, secret: str) -> None:
    """It is refused before it is sent, and not shown."""
    server = scripted(Reply(200, FINE))
    text = failure(Connection(server.url, headers=(("X-One", Secret(secret)),)))

    assert "no HTTP header may have" in text
    assert "s3cr" not in text
    assert server.asked == []


def test_no_secret_goes_to_another_server(scripted: Start) -> None:
    """A redirect elsewhere is refused, and told; one on the same server is followed, with credentials."""
    other = scripted(Reply(200, FINE))
    away = scripted(Reply(302, b"", (("Location", f"{other.url}/login?from=s3cret"),)))
    text = failure(Connection(away.url, credentials=Credentials(Secret("t")), tenant="shop"))
    moved = scripted(Reply(307, b"", (("Location", "/prometheus/api/v1/query?query=up"),)), Reply(200, FINE))

    assert f"another server, {other.url}/login" in text
    assert "s3cret" not in text
    assert other.asked == []
    assert values(Connection(moved.url, credentials=Credentials(Secret("t")))) == [7]
    assert moved.asked[1][1].startswith("/prometheus/")
    assert moved.asked[1][2]["Authorization"] == "Bearer t"


def test_redirects_without_end(scripted: Start) -> None:
    """A circle is told."""
    server = scripted(Reply(302, b"", (("Location", "/api/v1/query"),)))

    assert "redirected more than 5 times" in failure(Connection(server.url))


def test_a_long_query_is_posted(scripted: Start) -> None:
    """A URL has a limit in most proxies."""
    server = scripted(Reply(200, FINE))
    values(server.url, "up")
    values(server.url, " or ".join(["up"] * 1000))

    assert [method for method, *_ in server.asked] == ["GET", "POST"]
    assert server.asked[1][3].startswith("query=up+or+up")


# -- a real Prometheus with TLS and a password ---------------------------------------------------


def test_tls_and_password(guarded: Guarded) -> None:
    """Both from files."""
    assert values(guarded.connection(), "vector(7)") == [7]


def test_a_name_that_is_not_in_the_url(guarded: Guarded) -> None:
    """``server_name`` is what the certificate must be for."""
    tls = attrs.evolve(guarded.connection().tls, server_name="localhost")
    wrong = attrs.evolve(tls, server_name="elsewhere")

    assert values(guarded.connection(tls=tls), "vector(7)") == [7]
    assert "TLS: " in failure(guarded.connection(tls=wrong))
    assert values(guarded.connection(tls=attrs.evolve(wrong, insecure_skip_verify=True)), "vector(7)") == [7]


def test_an_unknown_authority(guarded: Guarded) -> None:
    """Nothing is sent to it; the ways to name it are."""
    text = failure(guarded.connection(tls=attrs.evolve(guarded.connection().tls, ca_file=None), retries=5))

    assert "TLS: " in text
    assert "ASYNQ_MON_PROMETHEUS_CA_FILE" in text


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        pytest.param(None, "none were sent", id="none"),
        pytest.param(Credentials(Secret("s3cret"), "Basic", Secret("sre")), "are refused", id="wrong password"),
        pytest.param(Credentials(Secret("s3cret")), "are refused", id="a token"),
    ],
)
def test_refused_credentials(guarded: Guarded, credentials: Credentials | None, said: str) -> None:
    """The ways to give them are named, what was given is not shown."""
    text = failure(guarded.connection(credentials=credentials))

    assert "401 Unauthorized" in text
    assert said in text
    for name in ("_TOKEN or _TOKEN_FILE", "_USERNAME with _PASSWORD or _PASSWORD_FILE", "--http-config"):
        assert name in text
    assert "s3cret" not in text


def test_http_for_https(guarded: Guarded) -> None:
    """Go's answer to plain HTTP is handed on."""
    text = failure(Connection(guarded.url.replace("https:", "http:"), retries=0))

    assert "400 Bad Request: Client sent an HTTP request to an HTTPS server." in text


@pytest.mark.parametrize("name", ["nothing.pem", "password"])
def test_no_certificate_in_the_file(guarded: Guarded, name: str) -> None:
    """The file is named."""
    tls = attrs.evolve(guarded.connection().tls, ca_file=guarded.folder / name)

    assert f"{guarded.folder / name}: no usable certificate or key" in failure(guarded.connection(tls=tls))
