"""Offsets and windows of a parsed expression."""

from asynq_mon_codegen.promql.parsed import Call, Selector, Subquery, children, parse, walk


def test_offsets_in_seconds() -> None:
    """Of selectors with and without a window, and of subqueries; none is 0."""
    nodes = list(walk(parse("a offset 1h + rate(b[5m] offset -2m) + max_over_time(c[1d:1h] offset 1d)")))
    selectors = {n.name: (n.window, n.offset) for n in nodes if isinstance(n, Selector)}
    assert selectors == {"a": (None, 3600), "b": (300, -120), "c": (None, 0)}
    assert [(n.window, n.step, n.offset) for n in nodes if isinstance(n, Subquery)] == [(86400, 3600, 86400)]


def test_children() -> None:
    """Arguments and operands in order; a selector has none, the parameter of an aggregation is none."""
    left, right = children(parse("topk(3, a) - clamp_max(b, 2)"))
    assert children(left) == (parse("a"),)
    assert isinstance(right, Call)
    assert children(right) == right.args == (parse("b"), parse("2"))
    assert children(parse("a")) == ()
