"""Asks a server for JSON: patient with what passes, and every failure a sentence that says what to do."""

from __future__ import annotations

import gc
import re
import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from attrs import frozen

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

__all__ = ["Answer", "AnswerError", "Api", "HttpClient", "NoAnswerError", "Parameters"]

Parameters = Mapping[str, str | Sequence[str]]

_SHOWN = 200
_LONGEST_GET = 2_000
_MOST_REDIRECTS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_MOST_ASKED_PAUSE = 60.0
_COLLECTED_EACH = 32_000_000
"""Bytes of answers after which garbage is collected: an answer refers to itself, and commands run without collector."""
_PASSING = (429, 502, 503, 504)


@frozen
class Answer:
    """An answer with a status below 400, or one that was asked for: its status and what its JSON holds."""

    status: int
    body: Any


class NoAnswerError(UsageError):
    """Nobody answered; ``slow`` when it was for the time limit, ``again`` when another try may help."""

    def __init__(self, message: str, hint: str = "", *, slow: bool = False, again: bool = True) -> None:
        super().__init__(message, hint)
        self.slow = slow
        self.again = again
        self.pause: float | None = None


class AnswerError(UsageError):
    """An answer with an error status. ``kind`` and ``said`` are the server's own, ``pause`` what it asks us to wait."""

    def __init__(
        self, message: str, hint: str, *, status: int, kind: str, said: str, again: bool, pause: float | None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.kind = kind
        self.said = said
        self.again = again
        self.pause = pause


class HttpClient:
    """Talks to one server, whose ``name`` messages use; to be used in a ``with`` block.

    Raises:
        UsageError: a certificate or key cannot be used.
    """

    def __init__(self, connection: Connection, name: str, path_hint: str) -> None:
        import httpx  # late: most commands need no network

        self.connection = connection
        self.name = name
        self._path_hint = path_hint
        self._uncollected = 0
        try:
            self._client = httpx.Client(
                timeout=connection.timeout,
                verify=_trust(connection),  # also for http:, which may be redirected to https:
                proxy=connection.proxy or None,
                headers={"Accept": "application/json"},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError(f"proxy_url: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Parameters | None = None, *, patient: bool = True) -> Answer:
        """The JSON at a path, with what passes tried again. ``patient=False``: not what took too long.

        Raises:
            NoAnswerError, AnswerError: after the last try.
            UsageError: the answer is no JSON.
        """
        return self._tried("GET", path, params or {}, None, patient=patient)

    def ask(self, path: str, params: Parameters, *, patient: bool = True) -> Answer:
        """As :meth:`get`, for an endpoint that also takes a form: what is too long for a URL is posted."""
        method = "POST" if len(urlencode(params, doseq=True)) > _LONGEST_GET else "GET"
        return self._tried(method, path, params, None, patient=patient)

    def post(self, path: str, body: Any) -> Answer:
        """Send JSON; an empty answer has the body None. Raises as :meth:`get`."""
        return self._tried("POST", path, {}, body, patient=True)

    def strange(self, path: str) -> UsageError:
        """The answer is JSON, but not what this server answers."""
        return UsageError(f"{self._at(path)}: the answer is not that of {self.name}", self._path_hint)

    def _at(self, path: str) -> str:
        return self.connection.url + path

    def _tried(self, method: str, path: str, params: Parameters, body: Any, *, patient: bool) -> Answer:
        import tenacity

        def again(error: BaseException) -> bool:
            if isinstance(error, NoAnswerError):
                return error.again and (patient or not error.slow)
            return isinstance(error, AnswerError) and error.again

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(again),
            stop=tenacity.stop_after_attempt(self.connection.retries + 1),
            wait=_pause,
            reraise=True,
        )
        return tries(self._once, method, path, params, body)

    def _once(self, method: str, path: str, params: Parameters, body: Any) -> Answer:
        import httpx

        if self._uncollected > _COLLECTED_EACH:
            gc.collect()
            self._uncollected = 0
        headers = {name: secret.header() for name, secret in self.connection.headers}
        if self.connection.tenant:
            headers["X-Scope-OrgID"] = self.connection.tenant
        if self.connection.credentials is not None:
            headers["Authorization"] = self.connection.credentials.header()
        server_name = self.connection.tls.server_name
        form = dict(params) if method == "POST" and body is None else None
        try:
            request = self._client.build_request(
                method,
                self._at(path),
                params=None if form else dict(params),
                data=form,
                json=body,
                headers=headers,
                extensions={"sni_hostname": server_name} if server_name else None,
            )
            return self._read(path, self._sent(request))
        except httpx.TimeoutException as error:
            raise self._slow(path, error) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise self._unreachable(error) from None

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """The answer, after redirects on the same host: credentials go nowhere else."""
        answer = self._client.send(request)
        for _ in range(_MOST_REDIRECTS):
            following = answer.next_request
            if following is None:
                return answer
            if not _same_server(request.url, following.url):
                target = following.url.copy_with(username=None, password=None, query=None, fragment=None)
                raise NoAnswerError(
                    f"{self.connection.url}: it sends us on to another server, {target}",
                    "credentials are not sent there: a login page of a proxy? Give the URL of the API itself, or its"
                    " credentials",
                    again=False,
                )
            answer = self._client.send(following)
        raise NoAnswerError(f"{self.connection.url}: redirected more than {_MOST_REDIRECTS} times", again=False)

    def _read(self, path: str, answer: httpx.Response) -> Answer:
        self._uncollected += len(answer.content)
        try:
            body = answer.json() if answer.content else None
        except ValueError as error:
            if answer.is_error:
                body = answer.text
            else:
                raise self._no_json(path, answer.text, error) from None
        if answer.is_error:
            raise self._refused(path, answer, body)
        return Answer(answer.status_code, body)

    def _refused(self, path: str, answer: httpx.Response, body: Any) -> AnswerError:
        known = body if isinstance(body, dict) else {}
        said = known.get("error") or known.get("message") or _plain(body if isinstance(body, str) else "")
        said, kind, status = str(said)[:_SHOWN], str(known.get("errorType", "")), answer.status_code
        pause = _asked_pause(answer.headers.get("Retry-After", ""))
        # a query that took the server too long is no passing trouble, though its status says so
        again = status in _PASSING and kind not in ("timeout", "canceled")
        return AnswerError(
            f"{self._at(path)}: {status} {answer.reason_phrase}{': ' if said else ''}{said}",
            self._hint(status, said, pause),
            status=status,
            kind=kind,
            said=said,
            again=again and (pause is None or pause <= _MOST_ASKED_PAUSE),
            pause=pause,
        )

    def _hint(self, status: int, said: str, pause: float | None) -> str:
        if "no org id" in said.lower():
            return f"name the tenant: --tenant NAME or {self.connection.variables}_TENANT"
        if status in (401, 403):
            return self._ways_in()
        if status == 404:
            return self._path_hint
        if status == 429 and pause is not None:
            return f"the server asks to wait {pause:g} s"
        return ""

    def _ways_in(self) -> str:
        start = self.connection.variables
        have = "the credentials that were sent are refused" if self.connection.credentials else "none were sent"
        return (
            f"{have}; ways to give credentials: {start}_TOKEN or _TOKEN_FILE, {start}_USERNAME with _PASSWORD or"
            " _PASSWORD_FILE, or a file in the format of Prometheus' HTTP client configuration (--http-config)"
        )

    def _no_json(self, path: str, text: str, error: ValueError) -> UsageError:
        start = text.lstrip()[:1]
        if start == "<":
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
            named = f" with the title {' '.join(title[1].split())[:_SHOWN]!r}" if title else ""
            return UsageError(
                f"{self._at(path)}: the answer is a web page{named}, not that of {self.name}",
                f"a login page, or another program at this address? {self._path_hint}",
            )
        if start in ("{", "["):
            return UsageError(
                f"{self._at(path)}: the answer is malformed JSON ({error}), not that of {self.name}",
                "a proxy that cuts answers off? Ask again, and look at its limits",
            )
        return UsageError(f"{self._at(path)}: the answer is no JSON, not that of {self.name}", self._path_hint)

    def _slow(self, path: str, error: httpx.TimeoutException) -> NoAnswerError:
        import httpx

        if isinstance(error, httpx.ConnectTimeout):
            return NoAnswerError(
                f"{self.connection.url}: no answer: no connection within {self.connection.timeout:g} s",
                "is the address right, and does a firewall let us through? --timeout SECONDS waits longer",
                slow=True,
            )
        return NoAnswerError(
            f"{self._at(path)}: no answer within {self.connection.timeout:g} s",
            "the server is slow or overloaded: --timeout SECONDS waits longer",
            slow=True,
        )

    def _unreachable(self, error: Exception) -> NoAnswerError:
        reason = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in reason or "certificate" in reason.lower():
            return NoAnswerError(
                f"{self.connection.url}: TLS: {reason}",
                f"name the authority that signed it: {self.connection.variables}_CA_FILE, or tls_config.ca_file (and"
                " server_name) in the file of --http-config",
                again=False,
            )
        if "peer closed connection" in reason or "disconnected" in reason:
            return NoAnswerError(f"{self.connection.url}: no answer: it broke off: {reason}")
        return NoAnswerError(
            f"{self.connection.url}: no answer: {reason}", f"is it {self.name}'s address, and reachable?"
        )


class Api:
    """What the connections to servers have in common: one client, open as long as their ``with`` block."""

    def __init__(self, connection: Connection, name: str, path_hint: str) -> None:
        self.url = connection.url
        self._http = HttpClient(connection, name, path_hint)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._http.__exit__(kind, error, where)


def _trust(connection: Connection) -> ssl.SSLContext:
    import httpx

    tls = connection.tls
    about = tls.ca_file
    try:
        if tls.ca_file is not None:
            context = ssl.create_default_context(cafile=str(tls.ca_file))
        else:
            context = httpx.create_ssl_context()
            context.load_default_certs()  # those of the system too: that is where a company puts its own
        if tls.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.cert_file is not None:
            about = tls.cert_file
            context.load_cert_chain(str(tls.cert_file), str(tls.key_file) if tls.key_file else None)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{about}: no usable certificate or key: {reason}") from None
    return context


def _same_server(asked: httpx.URL, other: httpx.URL) -> bool:
    """Whether it is the same origin, or the same host by TLS."""
    if asked.host != other.host:
        return False
    upgraded = asked.scheme == "http" and other.scheme == "https"
    return upgraded or (asked.scheme, asked.port) == (other.scheme, other.port)


def _pause(state: RetryCallState) -> float:
    """Seconds before the next try: what the server asks for, else longer each time, so that it can recover."""
    import tenacity

    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "pause", None)
    if asked is not None:
        return float(asked)
    backoff = tenacity.wait_exponential_jitter(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE, jitter=_FIRST_PAUSE)
    return backoff(state)


def _asked_pause(text: str) -> float | None:
    """The seconds of a Retry-After; a date, which servers of metrics do not send, is not heeded."""
    return float(text) if re.fullmatch(r"\d{1,6}", text) else None


def _plain(text: str) -> str:
    """A text, or the words of a page, on one line."""
    without = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return " ".join("".join(c if c.isprintable() else " " for c in without).split())
