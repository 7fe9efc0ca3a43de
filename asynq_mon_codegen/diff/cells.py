"""For which label values something holds, in words: a set of combinations as few short phrases.

A combination is one value for each dimension. The value :data:`OTHER` stands for every value that nobody names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["OTHER", "Cell", "phrases"]

OTHER = ""
"""Any value that is not named anywhere."""

Cell = tuple[str, ...]
"""A value for each dimension."""

_LISTED = 12


def phrases(cells: Iterable[Cell], universe: Iterable[Cell], dimensions: Sequence[str]) -> tuple[str, ...]:
    """The cells as phrases such as ``namespace orders, queue payments``; an empty one where they are all there are."""
    found = _regions(frozenset(cells), frozenset(universe), tuple(dimensions))
    return tuple(", ".join(parts) for parts in found)


def _regions(cells: frozenset[Cell], universe: frozenset[Cell], dimensions: tuple[str, ...]) -> list[list[str]]:
    if cells == universe or not dimensions:
        return [[]]
    rests = _by_first(cells)
    everything = _by_first(universe)
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for value, below in rests.items():
        inner = _regions(below, everything[value], dimensions[1:])
        alike.setdefault(tuple(map(tuple, inner)), []).append(value)
    out: list[list[str]] = []
    for regions, values in alike.items():
        phrase = _values(values, tuple(everything), dimensions[0])
        out += [[*([phrase] if phrase else []), *region] for region in regions]
    return out


def _by_first(cells: Iterable[Cell]) -> dict[str, frozenset[Cell]]:
    out: dict[str, set[Cell]] = {}
    for cell in sorted(cells):
        out.setdefault(cell[0], set()).add(cell[1:])
    return {value: frozenset(rest) for value, rest in out.items()}


def _values(values: Sequence[str], everything: Sequence[str], dimension: str) -> str:
    if set(values) == set(everything):
        return ""
    if OTHER in values:
        left = [v for v in everything if v not in values]
        return f"every {dimension} but {_listed(left)}"
    return f"{dimension if len(values) == 1 else plural(dimension)} {_listed(values)}"


def plural(dimension: str) -> str:
    """``queue`` as ``queues``."""
    return f"{dimension[:-1]}ies" if dimension.endswith("y") else f"{dimension}s"


def _listed(values: Sequence[str]) -> str:
    ordered = sorted(values)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return ", ".join(v or '""' for v in ordered[:_LISTED]) + more
