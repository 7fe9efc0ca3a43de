"""Label values and links that differ by queue: ``{{ if eq $labels.queue "a" }}x{{ else }}y{{ end }}`` read back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from asynq_mon_codegen.diff.cells import OTHER, Cell, phrases

__all__ = ["Choice", "choice_moves", "read_choice"]

_ACTION = re.compile(r'\{\{-?\s*((?:"(?:\\.|[^"\\])*"|[^"}])*?)\s*-?\}\}')
_TOKEN = re.compile(r'\s*(\(|\)|"(?:\\.|[^"\\])*"|\$labels\.\w+|\w+)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BLOCKS = re.compile(r"(?:if|with|range|block|define)\b")
_MOST_CELLS = 20_000

Labels = Mapping[str, str]


@frozen
class _Test:
    """A condition on labels, and the values that it names."""

    holds: Callable[[Labels], bool]
    named: tuple[tuple[str, str], ...]


@frozen
class Choice:
    """The text of the first case that holds, else ``other``; cases are in the order of the template."""

    cases: tuple[tuple[_Test, str], ...]
    other: str

    def text(self, labels: Labels) -> str:
        """What an alert with these labels gets."""
        return next((text for test, text in self.cases if test.holds(labels)), self.other)


def choice_moves(old: str, new: str) -> tuple[tuple[str, str, str], ...] | None:
    """For whom two templates differ, in words, and the text on each side; None where they cannot be read."""
    sides = read_choice(old), read_choice(new)
    if sides[0] is None or sides[1] is None:
        return None
    named: dict[str, dict[str, None]] = {}
    for side in sides:
        for test, _ in side.cases if side else ():
            for label, value in test.named:
                named.setdefault(label, {})[value] = None
    labels = sorted(named, key=lambda label: (label == "queue", label))
    values = [(*sorted(named[label]), OTHER) for label in labels]
    count = 1
    for one in values:
        count *= len(one)
    if count > _MOST_CELLS:
        return None
    universe: list[Cell] = list(itertools.product(*values))
    moved: dict[tuple[str, str], list[Cell]] = {}
    for cell in universe:
        before, after = (side.text(dict(zip(labels, cell, strict=True))) for side in sides if side)
        if before != after:
            moved.setdefault((before, after), []).append(cell)
    return tuple(
        (scope, before, after) for (before, after), cells in moved.items() for scope in phrases(cells, universe, labels)
    )


def read_choice(text: str) -> Choice | None:
    """The cases of a template that is a plain text or one chain of conditions on labels; None for any other."""
    first = _ACTION.match(text)
    if first is None or not first[1].startswith("if "):
        return Choice((), text)
    cases: list[tuple[_Test, str]] = []
    test, start, depth = _test(first[1].removeprefix("if ")), first.end(), 1
    for action in _ACTION.finditer(text, first.end()):
        word = action[1]
        if _BLOCKS.match(word):
            depth += 1
        elif word == "end":
            depth -= 1
            if depth == 0:
                return _closed(cases, test, text[start : action.start()]) if action.end() == len(text) else None
        elif depth == 1 and word.startswith("else"):
            if test is None:
                return None
            cases.append((test, text[start : action.start()]))
            rest = word.removeprefix("else").strip()
            test = _test(rest.removeprefix("if ")) if rest else _Test(lambda _: True, ())
            start = action.end()
    return None


def _closed(cases: list[tuple[_Test, str]], test: _Test | None, text: str) -> Choice | None:
    return None if test is None else Choice((*cases, (test, text)), "")


def _test(text: str) -> _Test | None:
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        tokens.append(found[1])
        at = found.end()
    stream = iter(tokens)
    try:
        test = _pipeline(stream)
    except (ValueError, StopIteration):
        return None
    return test if next(stream, None) is None else None


def _pipeline(tokens: Iterator[str]) -> _Test:
    """``eq $labels.x "a" "b"``, or ``and``, ``or``, ``not`` of such in brackets; up to the end or a closing bracket."""
    function = next(tokens)
    if function == "eq":
        label = next(tokens)
        if not label.startswith("$labels."):
            raise ValueError(label)
        name = label.removeprefix("$labels.")
        values = tuple(_unquoted(t) for t in _until_closed(tokens))
        return _Test(lambda labels: labels.get(name, OTHER) in values, tuple((name, v) for v in values))
    if function not in ("and", "or", "not"):
        raise ValueError(function)
    parts: list[_Test] = []
    for token in _until_closed(tokens):
        if token != "(":  # noqa: S105 - a bracket
            raise ValueError(token)
        parts.append(_pipeline(tokens))
    named = tuple(pair for part in parts for pair in part.named)
    if function == "not":
        (only,) = parts
        return _Test(lambda labels: not only.holds(labels), named)
    every = all if function == "and" else any
    return _Test(lambda labels: every(part.holds(labels) for part in parts), named)


def _until_closed(tokens: Iterator[str]) -> Iterator[str]:
    for token in tokens:
        if token == ")":  # noqa: S105 - a bracket
            return
        yield token


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        raise ValueError(token)
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else {"n": "\n", "t": "\t"}.get(m[2], m[2]), token[1:-1])
