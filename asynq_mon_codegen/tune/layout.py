"""Lines that an edit made too long or short enough, laid out as ruff format does; all others stay as they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import libcst as cst

from asynq_mon_codegen.faults import columns
from asynq_mon_codegen.tune.brackets import Bracket, brackets, indent_at
from asynq_mon_codegen.tune.source import Source, Splice, lines, spliced

__all__ = ["fitted", "line_length_of"]

_LINE = re.compile(r"[^\r\n]*")
_PRAGMA = re.compile(r"\s*#\s*(noqa|type:|pyright:|pylint:|flake8:|ruff:).*$")
_DEFAULT, _WIDE = 100, 120
_TAB = 4
_STEPS = 500


def line_length_of(text: str) -> int:
    """The longest line that the file's formatter seems to allow: 120 where a line of code has more than 100."""
    code = (line for line in lines(text) if not line.lstrip().startswith("#"))
    return _WIDE if any(_width(line) > _DEFAULT for line in code) else _DEFAULT


def fitted(text: str, before: str, limit: int) -> str:
    """``text``, of which the lines that are not in ``before`` have been laid out within ``limit`` columns.

    Lines are joined only where ``before`` has none that a formatter would have joined.
    """
    if text == before:
        return text
    join = not _steps(Source(before), frozenset(), limit, split=False)
    known = frozenset(lines(before))
    for _ in range(_STEPS):
        source = Source(text)
        splices = _steps(source, known, limit, join=join)
        if not splices:
            break
        text = spliced(text, splices)
    return text


def _steps(source: Source, known: frozenset[str], limit: int, *, split: bool = True, join: bool = True) -> list[Splice]:
    """The next changes of layout: at most one for each line, and none within another."""
    changed = [(a, b) for a, b in _lines(source.text) if source.text[a:b] not in known]
    found = tuple(brackets(source)) if changed else ()
    out: list[Splice] = []
    for start, end in changed:
        long = _width(source.text[start:end]) > limit
        if long and split:
            step = _imported(source, start, end) or _split(source, found, start, end, limit)
        elif not long and join:
            step = _joined(source, found, start, end, limit)
        else:
            continue
        if step and (not out or min(s.start for s in step) >= max(s.end for s in out)):
            out += step
    return out


def _lines(text: str) -> Iterator[tuple[int, int]]:
    return (m.span() for m in _LINE.finditer(text) if m.group())


def _width(line: str) -> int:
    """The columns that ruff counts for a line."""
    line = _PRAGMA.sub("", line)
    if line.isascii() and "\t" not in line:
        return len(line)
    out = 0
    for character in line:
        if character == "\t":
            out += _TAB - out % _TAB
        else:
            out += columns(character)
    return out


def _imported(source: Source, start: int, end: int) -> list[Splice]:
    """An import that is too long for its line: a name on each."""
    for node in source.nodes:
        if not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
            continue
        a, b = source.span(node)
        if not (start <= a and b <= end):
            continue
        names = [source.code(n.name) + (f" as {source.code(n.asname.name)}" if n.asname else "") for n in node.names]
        first = source.span(node.lpar or node.names[0])[0]
        nl = source.newline
        return [Splice(first, b, f"({nl}{''.join(f'{source.indent}{n},{nl}' for n in names)})")]
    return []


def _split(source: Source, found: tuple[Bracket, ...], start: int, end: int, limit: int) -> list[Splice]:
    """A line that is too long: the brackets that stand in no others on this line are opened."""
    text = source.text
    for bracket in found:  # the one line of an indented bracket
        inside = bracket.open < start and bracket.close > end and bracket.indented(text)
        if inside and len(bracket.elements) > 1 and start <= bracket.elements[0][0] < bracket.elements[-1][1] <= end:
            return [Splice(bracket.open + 1, bracket.close, _one_per_line(source, bracket))]
    here = sorted((b for b in found if start <= b.open and b.close < end), key=lambda b: b.open)
    outside = [b for b in here if not any(o.open < b.open and b.close < o.close for o in here)]
    outermost = [b for b in outside if b.elements]
    if not outermost:
        return []
    last = outside[-1].node
    chain = _links(last)
    if len(chain) > 1 and source.span(last)[0] >= start:
        return _fluent(source, last, chain)
    # Brackets one behind the other: the first behind which the next does not fit any more.
    beyond = (b for b, then in itertools.pairwise(outermost) if _width(text[start : then.open + 1]) > limit)
    bracket = next(beyond, outermost[-1])
    inner = text[bracket.elements[0][0] : bracket.elements[-1][1]]
    indent = indent_at(text, bracket.open)
    single = isinstance(bracket.node, cst.Tuple) and len(bracket.elements) == 1
    fits = isinstance(bracket.node, cst.Call) and _width(indent + source.indent + inner) <= limit
    if (len(bracket.elements) == 1 and not single) or fits:
        content = f"{source.newline}{indent}{source.indent}{inner}{source.newline}{indent}"
        return [Splice(bracket.open + 1, bracket.close, content)]
    return [Splice(bracket.open + 1, bracket.close, _one_per_line(source, bracket))]


def _one_per_line(source: Source, bracket: Bracket) -> str:
    indent, nl = indent_at(source.text, bracket.open), source.newline
    elements = (source.text[a:b] for a, b in bracket.elements)
    return "".join(f"{nl}{indent}{source.indent}{element}," for element in elements) + nl + indent


def _links(node: cst.CSTNode) -> list[cst.Attribute]:
    """The attributes of a chain of calls that follow a call: ``.add`` in ``a.b().add()``."""
    out: list[cst.Attribute] = []
    while True:
        match node:
            case cst.Call(func=cst.BaseExpression() as func):
                node = func
            case cst.Attribute(value=value):
                if isinstance(value, cst.Call):
                    out.append(node)
                node = value
            case _:
                return out[::-1]


def _fluent(source: Source, node: cst.CSTNode, chain: list[cst.Attribute]) -> list[Splice]:
    """A call of the chain on each line; in parentheses where the line does not stand in any."""
    start, end = source.span(node)
    indent, nl = indent_at(source.text, start), source.newline
    bare = any(
        isinstance(n, cst.Assign | cst.AnnAssign | cst.Return) and n.value is node and not node.lpar
        for n in source.nodes
        if isinstance(node, cst.Call)
    )
    step = indent + source.indent if bare else indent
    dots = [source.span(link.value)[1] for link in chain]
    breaks = [Splice(dot, dot, nl + step) for dot in dots]
    if not bare:
        return breaks
    return [Splice(start, start, f"({nl}{step}"), *breaks, Splice(end, end, f"{nl}{indent})")]


def _joined(source: Source, found: tuple[Bracket, ...], start: int, end: int, limit: int) -> list[Splice]:
    """An indented bracket whose one line has become short enough for the line that opens it."""
    text = source.text
    for bracket in found:
        if not (bracket.open < start and bracket.close > end and bracket.indented(text)):
            continue
        first, last = bracket.elements[0][0], bracket.elements[-1][1]
        if not (start <= first and last <= end):
            continue
        opening = lines(text[: bracket.open + 1])[-1]
        closing = (_LINE.match(text, bracket.close) or [""])[0]
        if _width(f"{opening}{text[first:last]}{closing}") <= limit:
            return [Splice(bracket.open + 1, bracket.close, text[first:last])]
    return []
