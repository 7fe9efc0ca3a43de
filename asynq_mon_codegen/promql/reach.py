"""How far back rules look: for each series, the ages of the samples that an evaluation reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from asynq_mon_codegen.promql.parsed import Node, Selector, Subquery, children

__all__ = ["Span", "merged", "spans"]

LOOKBACK = 300
"""Seconds for which Prometheus takes the last sample of a series for its value."""


@frozen(order=True, kw_only=True)
class Span:
    """From the ``oldest`` to the ``latest`` sample, in seconds before an evaluation."""

    oldest: int
    latest: int


def spans(node: Node, shift: float = 0, reach: float = 0) -> Iterator[tuple[str, Span]]:
    """The names of the series that an expression reads, each with a span.

    ``shift`` and ``reach`` are the offsets and the windows of the subqueries around it. A subquery counts as if it
    looked at its whole window: Prometheus decodes whole chunks, whatever the step.
    """
    match node:
        case Selector(name=name, window=window, offset=offset):
            latest = shift + offset
            yield name, Span(oldest=int(latest + reach + (window or LOOKBACK)), latest=int(latest))
        case Subquery(expr=expr, window=window, offset=offset):
            yield from spans(expr, shift + offset, reach + window)
        case _:
            for child in children(node):
                yield from spans(child, shift, reach)


def merged(found: Iterable[Span]) -> tuple[Span, ...]:
    """The same ages in spans that do not touch, the oldest first."""
    kept: list[Span] = []
    for span in sorted(found, reverse=True):
        if kept and span.oldest >= kept[-1].latest:
            kept[-1] = Span(oldest=kept[-1].oldest, latest=min(kept[-1].latest, span.latest))
        else:
            kept.append(span)
    return tuple(kept)
