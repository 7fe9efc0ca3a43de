"""What stands in for Slack, PagerDuty, a webhook and a mail server: they keep what Alertmanager sends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.messages import PARSERS, Message, email_message
from lab.processes import HOST, Ports

__all__ = ["INHIBITED", "UNINHIBITED", "Sinks"]

INHIBITED, UNINHIBITED = "inhibited", "uninhibited"
"""First part of the path, and the mail address, of each of the two Alertmanagers."""


class Sinks:
    """An HTTP and an SMTP server from :meth:`start` to :meth:`stop`."""

    def __init__(self, ports: Ports) -> None:
        self._got: list[Message] = []
        self._smtp: Controller | None = None
        self._smtp_port = ports.take()
        self._http = ThreadingHTTPServer((HOST, 0), _http_handler(self._got.append))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.5,), daemon=True)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What has arrived, in order."""
        return tuple(self._got)

    def url(self, which: str, channel: str) -> str:
        """Where one of the two Alertmanagers must send the messages of a channel."""
        return f"http://{HOST}:{self._http.server_address[1]}/{which}/{channel}"

    @property
    def smarthost(self) -> str:
        """The mail server, ``host:port``."""
        return f"{HOST}:{self._smtp_port}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._smtp = Controller(_Mail(self._got.append), hostname=HOST, port=self._smtp_port)
        self._smtp.start()

    def stop(self) -> None:
        """Close the ports; what has arrived stays."""
        if self._thread.is_alive():
            self._http.shutdown()
        if self._smtp is not None:
            self._smtp.stop(no_assert=True)
            self._smtp = None
        self._http.server_close()


def _http_handler(keep: Callable[[Message], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            which, _, channel = self.path.strip("/").partition("/")
            parse = PARSERS.get(channel)
            if parse is None or which not in (INHIBITED, UNINHIBITED):
                self.send_error(404)
                return
            keep(parse(json.loads(body), at=time.time(), inhibited=which == INHIBITED))
            self._answer(channel)

        def _answer(self, channel: str) -> None:
            # PagerDuty says that it has accepted an event; Slack says ok.
            self.send_response(202 if channel == "pagerduty" else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    return Handler


class _Mail:
    def __init__(self, keep: Callable[[Message], None]) -> None:
        self._keep = keep

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        data = content if isinstance(content, bytes) else content.encode()
        to = ", ".join(envelope.rcpt_tos)
        self._keep(email_message(data, at=time.time(), inhibited=not to.startswith(UNINHIBITED)))
        return "250 OK"
