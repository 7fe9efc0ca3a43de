"""The API against a real Prometheus with little room, and its pages."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.prometheus_api import Prometheus, Series
from lab.processes import until
from tests.connection.servers import Reply, Scripted

Start = Callable[..., Scripted]
NOW = 1_750_000_000.0


@pytest.fixture(scope="module")
def server(small: str) -> Iterator[Prometheus]:
    with Prometheus(small) as found:
        yield found


@pytest.fixture(scope="module")
def scraped(server: Prometheus) -> Prometheus:
    """The same after its first scrape of itself."""
    until(lambda: bool(server.query("up == 1")), lambda: "it does not scrape itself")
    return server


def points(pages: list[list[dict[str, Any]]]) -> dict[str, list[tuple[float, str]]]:
    out: dict[str, list[tuple[float, str]]] = {}
    for page in pages:
        for one in page:
            out.setdefault(json.dumps(one["metric"]), []).extend((at, value) for at, value in one["values"])
    return out


# Three series whose values tell their time, one of them with gaps; 30 points of them fill the server's room thrice.
EXPR = (
    'label_replace(vector(time()), "s", "a", "", "") or label_replace(vector(-time()), "s", "b", "", "") '
    'or label_replace(vector(time()) % 7 > 3, "s", "c", "", "")'
)


@settings(deadline=None, max_examples=40)
@given(
    start=st.floats(NOW, NOW + 10_000),
    length=st.floats(0, 3_000),
    step=st.floats(0.001, 500).filter(lambda s: s > 2),
    most=st.integers(1, 40),
)
@example(start=NOW, length=0.0, step=60.0, most=1)
@example(start=NOW + 0.0005, length=99.9995, step=10.0005, most=3)
def test_pages_hold_what_one_query_holds(
    server: Prometheus, start: float, length: float, step: float, most: int
) -> None:
    """The same points, each once, in order of time, whatever the size of the pages."""
    step = max(step, length / 40)  # one query must fit the server's room
    whole = points(list(server.pages(EXPR, start=start, end=start + length, step=step)))
    parts = list(server.pages(EXPR, start=start, end=start + length, step=step, most=most))

    assert points(parts) == whole
    assert all(len(one["values"]) <= most for page in parts for one in page)
    assert all(at == sorted(set(at)) for at in ([t for t, _ in found] for found in whole.values()))


def test_pages_are_halved_where_the_server_has_too_little_room(server: Prometheus) -> None:
    """The real refusal, 422, leads to smaller pages; nothing is lost."""
    pages = list(server.pages("vector(time())", start=NOW, end=NOW + 2_000, step=1))
    found = next(iter(points(pages).values()))

    assert len(pages) > 1
    assert [at for at, _ in found] == [NOW + i for i in range(2_001)]
    assert all(float(value) == at for at, value in found)


def test_more_points_than_one_answer_has(server: Prometheus) -> None:
    """A range of more than 11,000 points is no error."""
    first = next(server.pages("vector(1)", start=NOW, end=NOW + 20_000, step=1, most=400))

    assert len(first[0]["values"]) == 400


def test_a_single_point_that_is_too_much(server: Prometheus) -> None:
    """The server's own text, after the last halving."""
    expr = "count_over_time(vector(1)[1000s:1s])"
    with pytest.raises(UsageError, match=r"422 .*too many samples"):
        list(server.pages(expr, start=NOW, end=NOW + 100, step=1))


def test_a_wrong_expression_is_not_halved(server: Prometheus) -> None:
    """It is told at once."""
    with pytest.raises(UsageError, match=r"400 Bad Request: .*parse error"):
        list(server.pages("sum(", start=NOW, end=NOW + 100, step=1))


def test_query_range_joins(server: Prometheus) -> None:
    """Series in order of labels, with numbers."""
    found = server.query_range('label_replace(vector(time()), "s", "a", "", "")', start=NOW, end=NOW + 900, step=1)

    assert found == (Series((("s", "a"),), tuple((NOW + i, NOW + i) for i in range(901))),)
    assert found[0].label("s") == "a"
    assert found[0].label("t") == ""


def test_special_values(server: Prometheus) -> None:
    """Infinity and what is no number are numbers of Python; a scalar is a sample without labels."""
    assert server.query("vector(1) / 0")[0].value == math.inf
    assert math.isnan(server.query("vector(0) / 0")[0].value)
    assert server.query("time()", at=NOW)[0].value == NOW


def test_partial_history(server: Prometheus) -> None:
    """Where there was no server there are no points, and no error."""
    now = time.time()
    found = server.query_range("prometheus_build_info", start=now - 4_000, end=now, step=10)

    assert all(at > now - 1_000 for one in found for at, _ in one.points)


def test_what_else_is_served(scraped: Prometheus) -> None:
    """Targets, rules, versions and settings of a real server."""
    server = scraped
    build, flags, runtime = server.build_info(), server.flags(), server.runtime_info()
    targets = server.targets()

    assert build is not None
    assert build.version[0].isdigit()
    assert flags is not None
    assert flags["query.max-samples"] == "500"
    assert runtime is not None
    assert runtime["storageRetention"]
    assert server.rules() == ()
    assert server.alertmanagers() == ()
    assert "scrape_configs" in (server.config() or "")
    assert targets is not None
    assert [(t.job, t.interval) for t in targets] == [("self", "1s")]
    assert server.format_query("sum(up)  by(job)") == "sum by (job) (up)"


def test_series_and_labels(scraped: Prometheus) -> None:
    """What is there, by matchers."""
    assert scraped.label_values("job", "up") == ("self",)
    assert [s["job"] for s in scraped.series("up")] == ["self"]
    assert scraped.label_values("job", "up", start=0, end=1000) == ()
    assert (scraped.metadata() or {})["prometheus_build_info"][0]["type"] == "gauge"


# -- servers that lack or warn -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, b"404 page not found"),
        (405, b"no"),
        (501, b"not here"),
        (400, b'unsupported path requested: "/api/v1/rules"'),
    ],
)
def test_what_a_server_lacks_is_none(scripted: Start, status: int, said: bytes) -> None:
    """Thanos, Mimir and VictoriaMetrics do not have all of it."""
    with Prometheus(scripted(Reply(status, said)).url) as found:
        assert found.targets() is None
        assert found.rules() is None
        assert found.flags() is None
        assert found.runtime_info() is None
        assert found.config() is None
        assert found.build_info() is None
        assert found.alertmanagers() is None
        assert found.metadata() is None
        assert found.format_query("up") is None


@pytest.mark.parametrize("result", ['[{"metric":null}]', '[{"metric":{}}]', '[{"metric":{},"value":[1]}]', "{}"])
def test_a_vector_of_another_shape_is_no_empty_one(scripted: Start, result: str) -> None:
    body = f'{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}'.encode()
    with Prometheus(scripted(Reply(200, body)).url) as found:
        for ask in (lambda: found.query("up"), found.now):
            with pytest.raises(UsageError, match="the answer is not that of Prometheus"):
                ask()


def test_warnings_are_kept(scripted: Start) -> None:
    """A partial answer is told once."""
    body = b'{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["store 10.0.0.7 is down"]}'
    with Prometheus(scripted(Reply(200, body)).url) as found:
        found.query("up")
        found.query("up")

        assert found.warnings == ("store 10.0.0.7 is down",)


def matrix(*values: tuple[int, str]) -> bytes:
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": values}] if values else []}
    return json.dumps({"status": "success", "data": data}).encode()


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Reply(503, b'{"status":"error","errorType":"timeout","error":"query timed out"}'), id="503"),
        pytest.param(Reply(413, b"too large"), id="413"),
        pytest.param(Reply(422, b'{"status":"error","errorType":"execution","error":"too many samples"}'), id="422"),
    ],
)
def test_refusals_that_halve(scripted: Start, refusal: Reply) -> None:
    """What the server cannot do at once is asked for in two halves."""
    server = scripted(refusal, Reply(200, matrix((0, "1"), (1, "1"))), Reply(200, matrix((2, "1"), (3, "1"))))
    with Prometheus(Connection(server.url, retries=0)) as found:
        (one,) = found.query_range("up", start=0, end=3, step=1)

    assert [at for at, _ in one.points] == [0, 1, 2, 3]


def test_a_slow_page_is_halved_and_at_last_told(scripted: Start) -> None:
    """Not without end: a server that is always slow is called so."""
    server = scripted(Reply(200, matrix(), after=1))
    with (
        Prometheus(Connection(server.url, timeout=0.05)) as found,
        pytest.raises(UsageError, match="no answer within"),
    ):
        list(found.pages("up", start=0, end=10_000, step=1))

    assert len(server.asked) == 5
