"""A real Prometheus with TLS and a password, one with little room for queries, and a server of broken answers."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from lab.processes import HOST, Ports, Process, flags, stop_all, until
from lab.tools import program
from tests.connection.servers import Guarded, Reply, Scripted

PASSWORD = "correct-horse"
# bcrypt of PASSWORD with the lowest cost: perl -e 'print crypt("correct-horse", q($2b$04$abcdefghijklmnopqrstuu))'
HASHED = "$2b$04$abcdefghijklmnopqrstuuPoaPXzWjiVz4HaNq2LJXksWbO79E.S6"


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Starts a server with these replies."""
    servers = []

    def start(*replies: Reply) -> Scripted:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                mine.asked.append((self.command, self.path, dict(self.headers.items()), body))
                reply = mine.replies.pop(0) if len(mine.replies) > 1 else mine.replies[0]
                time.sleep(reply.after)
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers:
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(reply.body) + 10 * reply.cut))
                    self.end_headers()
                    self.wfile.write(reply.body)
                except BrokenPipeError:
                    pass
                self.close_connection = reply.cut

            do_POST = do_GET  # noqa: N815 - the name of the base class

            def log_message(self, *args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        server.daemon_threads = True
        mine = Scripted(f"http://{HOST}:{server.server_port}", list(replies))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return mine

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Prometheus with a ``--web.config.file``."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = trustme.CA()
    mine = authority.issue_cert("localhost", HOST)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    mine.private_key_pem.write_to_path(str(folder / "key.pem"))
    mine.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "web.yaml").write_text(
        f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{sre: '{HASHED}'}}\n"
    )
    ports = Ports()
    server = _prometheus(folder, ports, **{"web.config.file": folder / "web.yaml"})
    try:
        server.spawn()
        _listens(server)
        yield Guarded(server.url.replace("http:", "https:"), folder)
    finally:
        stop_all([server])
        ports.close()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that scrapes itself and refuses queries of more than 500 samples."""
    folder = tmp_path_factory.mktemp("small")
    ports = Ports()
    server = _prometheus(folder, ports, **{"query.max-samples": 500})
    try:
        server.start()
        yield server.url
    finally:
        stop_all([server])
        ports.close()


def _prometheus(folder: Path, ports: Ports, **more: object) -> Process:
    port = ports.take()
    (folder / "prometheus.yaml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{HOST}:{port}']}}]}}]\n"
    )
    given = {
        "config.file": folder / "prometheus.yaml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"{HOST}:{port}",
        **more,
    }
    return Process("prometheus", (program("prometheus"), *flags(given)), folder, port=port, ready="/-/ready")


def _listens(server: Process) -> None:
    """Wait for the port: the certificate is not one that the lab's own question would trust."""

    def open_() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, server.port)) == 0

    until(open_, lambda: f"{server.name} does not listen: {server.log.read_text()[-1000:]}")
