"""A target that exports a native histogram, in the only format that has them: Prometheus' protobuf, length first."""

from __future__ import annotations

import http.server
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

_HISTOGRAM_TYPE = 4
_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


@contextmanager
def native_target(name: str) -> Iterator[str]:
    """``host:port`` of a target whose histogram has more observations with each scrape."""
    scrapes = 0

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal scrapes
            scrapes += 1
            body = _family(name, [3 * scrapes, 5 * scrapes, scrapes])
            self.send_response(200)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _family(name: str, counts: list[int]) -> bytes:
    """One histogram of schema 0 (each bucket twice as wide): its buckets end at 1, 2 and 4."""
    deltas = [counts[0], *(b - a for a, b in pairwise(counts))]
    histogram = (
        _number(1, sum(counts))
        + _double(2, 1.5 * sum(counts))
        + _number(5, _zigzag(0))
        + _double(6, 2.0**-64)
        + _number(7, 0)
        + _bytes(12, _number(1, _zigzag(0)) + _number(2, len(counts)))
        + b"".join(_number(13, _zigzag(delta)) for delta in deltas)
    )
    family = _bytes(1, name.encode()) + _number(3, _HISTOGRAM_TYPE) + _bytes(4, _bytes(7, histogram))
    return _varint(len(family)) + family


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
