"""How far back an expression looks."""

from asynq_mon_codegen.promql.parsed import parse
from asynq_mon_codegen.promql.reach import Span, merged, spans


def _spans(expr: str) -> list[tuple[str, int, int]]:
    return [(name, span.oldest, span.latest) for name, span in spans(parse(expr))]


def test_spans() -> None:
    """A moment reaches as far as a sample counts; windows, subqueries and offsets add up."""
    assert _spans("a") == [("a", 300, 0)]
    assert _spans("a offset 1h > rate(b[10m] offset 30m)") == [("a", 3900, 3600), ("b", 2400, 1800)]
    assert _spans("max_over_time(rate(a[5m] offset 1m)[1h:1m] offset 1d)") == [("a", 86400 + 3600 + 360, 86460)]


def test_merged() -> None:
    """Spans that touch are one, those inside another vanish, the oldest is first."""
    found = [Span(oldest=300, latest=0), Span(oldest=9000, latest=5000), Span(oldest=7200, latest=300)]
    assert merged(found) == (Span(oldest=9000, latest=0),)
    apart = [Span(oldest=300, latest=0), Span(oldest=200, latest=100), Span(oldest=9000, latest=5000)]
    assert merged(apart) == (Span(oldest=9000, latest=5000), Span(oldest=300, latest=0))
