"""Brackets with elements in them, as they are laid out: calls, tuples, lists, dicts and names of an import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst
from attrs import frozen

from asynq_mon_codegen.tune.source import Source, Splice

__all__ = ["Bracket", "added", "bracket_of", "brackets", "indent_at", "own_bracket"]

Bracketed = cst.Call | cst.Tuple | cst.List | cst.Dict | cst.ImportFrom


@frozen(kw_only=True)
class Bracket:
    """The offsets of the opening and the closing character, and of the elements with their commas."""

    node: Bracketed
    open: int
    close: int
    elements: tuple[tuple[int, int], ...]
    commas: tuple[int | None, ...]

    def gaps(self, text: str) -> tuple[str, ...]:
        """What stands before, between and after the elements."""
        edges = [self.open + 1, *(e for span in self.elements for e in span), self.close]
        return tuple(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))

    def flat(self, text: str) -> bool:
        """Whether no line ends in it."""
        return not re.search(r"[\r\n]", text[self.open : self.close])

    def flat_gaps(self, text: str) -> bool:
        """Whether no line ends between its elements."""
        return not re.search(r"[\r\n]", "".join(self.gaps(text)))

    def indented(self, text: str) -> bool:
        """Whether it is laid out as ruff does where all elements fit on one line of their own."""
        gaps = self.gaps(text)
        if not self.elements or self.commas[-1] is not None or "#" in "".join(gaps):
            return False
        ends = re.fullmatch(r"[ \t]*(\r\n|\r|\n)[ \t]*", gaps[0]) and re.fullmatch(
            r"[ \t]*(\r\n|\r|\n)[ \t]*", gaps[-1]
        )
        return bool(ends) and not re.search(r"[\r\n]", "".join(gaps[1:-1]))


def bracket_of(source: Source, node: cst.CSTNode) -> Bracket | None:
    """The brackets of a node; None for one that has none."""
    match node:
        case cst.Call(args=found):
            close = source.span(node)[1] - 1 - _outside(source, node)
            func = source.span(node.func)[1]
            opened = source.text.index("(", func)
        case cst.Tuple(elements=found) | cst.ImportFrom(names=[*_] as found):
            left = node.lpar if isinstance(node, cst.ImportFrom) else node.lpar[-1] if node.lpar else None
            right = node.rpar if isinstance(node, cst.ImportFrom) else node.rpar[0] if node.rpar else None
            if left is None or right is None:
                return None
            opened = source.span(left)[0]
            close = source.span(right)[1] - 1
        case cst.List(elements=found) | cst.Dict(elements=found):
            first, last = (node.lbracket, node.rbracket) if isinstance(node, cst.List) else (node.lbrace, node.rbrace)
            opened, close = source.span(first)[0], source.span(last)[1] - 1
        case _:
            return None
    if opened < source.span(node)[0]:
        return None
    return Bracket(
        node=node,
        open=opened,
        close=close,
        elements=tuple(_element(source, e) for e in found),
        commas=tuple(_comma(source, e) for e in found),
    )


def own_bracket(source: Source, node: cst.Call | cst.Dict) -> Bracket:
    """The brackets of a node that cannot be without."""
    found = bracket_of(source, node)
    assert found is not None  # noqa: S101 - Python has no call or dict without
    return found


def _outside(source: Source, call: cst.Call) -> int:
    """How much of the call's text are parentheses around it, behind it."""
    return source.span(call)[1] - source.span(call.rpar[0])[0] if call.rpar else 0


def _element(source: Source, element: cst.CSTNode) -> tuple[int, int]:
    match element:
        case cst.DictElement(key=key, value=value):
            return source.span(key)[0], source.span(value)[1]
        case cst.Arg(value=value, keyword=None, star=""):
            return source.span(value)
        case cst.Arg(value=value, keyword=cst.Name() as keyword):
            return source.span(keyword)[0], source.span(value)[1]
        case cst.Element(value=value):
            return source.span(value)
        case cst.ImportAlias():
            start, end = source.span(element)
            comma = element.comma
            return start, source.span(comma)[0] if isinstance(comma, cst.Comma) else end
        case cst.Arg(value=value) | cst.StarredElement(value=value) | cst.StarredDictElement(value=value):
            return source.span(element)[0], source.span(value)[1]
        case _:
            return source.span(element)


def _comma(source: Source, element: cst.CSTNode) -> int | None:
    comma = getattr(element, "comma", None)
    if not isinstance(comma, cst.Comma):
        return None
    return source.span(comma)[0] + len(source.module.code_for_node(comma.whitespace_before))


def brackets(source: Source) -> Iterator[Bracket]:
    """Every bracket, those around before those inside."""
    for node in source.nodes:
        if isinstance(node, cst.Call | cst.Tuple | cst.List | cst.Dict):
            found = bracket_of(source, node)
            if found is not None:
                yield found


def indent_at(text: str, offset: int) -> str:
    """The white space at the beginning of the line of this offset."""
    start = _line_start(text, offset)
    found = re.match(r"[ \t]*", text[start:])
    return found[0] if found else ""


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def added(source: Source, bracket: Bracket, new: Sequence[str], after: int | None = None) -> list[Splice]:
    """``new`` elements behind the element ``after`` (-1: before all others; None: behind all others)."""
    if not new:
        return []
    text, count = source.text, len(bracket.elements)
    at = count - 1 if after is None else after
    if not count:
        return _first(source, bracket, new)
    if bracket.flat_gaps(text) or (
        bracket.indented(text) and isinstance(bracket.node, cst.Call) and _one_line(text, bracket)
    ):
        if at < 0:
            start = bracket.elements[0][0]
            return [Splice(start, start, "".join(f"{n}, " for n in new))]
        end = bracket.elements[at][1]
        comma = bracket.commas[-1]
        only = isinstance(bracket.node, cst.Tuple) and count == 1 and comma is not None
        gone = [Splice(comma, comma + 1, "")] if only and comma is not None else []
        return [Splice(end, end, "".join(f", {n}" for n in new)), *gone]
    if at < 0:
        start = bracket.elements[0][0]
        glue = source.newline + indent_at(text, start)
        return [Splice(start, start, "".join(f"{n},{glue}" for n in new))]
    return _on_lines(source, bracket, new, at)


def _one_line(text: str, bracket: Bracket) -> bool:
    return not re.search(r"[\r\n]", text[bracket.elements[0][0] : bracket.elements[-1][1]])


def _first(source: Source, bracket: Bracket, new: Sequence[str]) -> list[Splice]:
    """The first elements of a bracket that holds nothing, or nothing but comments."""
    text = source.text
    inside = text[bracket.open + 1 : bracket.close]
    if "#" not in inside:
        lone = "," if isinstance(bracket.node, cst.Tuple) and len(new) == 1 else ""
        return [Splice(bracket.open + 1, bracket.close, ", ".join(new) + lone)]
    start = _line_start(text, bracket.close)
    indent = indent_at(text, text.rindex("#", 0, bracket.close))
    own = re.search(r"[\r\n]([ \t]*)#[^\r\n]*[\r\n]", text[bracket.open : bracket.close])
    indent = own[1] if own else indent_at(text, bracket.open) + source.indent
    return [Splice(start, start, "".join(f"{indent}{n},{source.newline}" for n in new))]


def _on_lines(source: Source, bracket: Bracket, new: Sequence[str], at: int) -> list[Splice]:
    """Elements on lines of their own behind an element, and behind the comment at its line's end."""
    text = source.text
    end, comma = bracket.elements[at][1], bracket.commas[at]
    begin = bracket.elements[at][0]
    alone = not text[_line_start(text, begin) : begin].strip()
    indent = indent_at(text, begin) if alone else " " * (begin - _line_start(text, begin))
    glue = source.newline + indent
    rest = re.match(r"[ \t]*(#[^\r\n]*)?(?=[\r\n])", text[end if comma is None else comma + 1 :])
    if comma is not None:
        place = comma + 1 + (rest.end() if rest else 0)
        return [Splice(place, place, "".join(f"{glue}{n}," for n in new))]
    if rest is None:  # the bracket closes on the same line
        return [Splice(end, end, "".join(f",{glue}{n}" for n in new))]
    place = end + rest.end()
    return [Splice(end, end, ","), Splice(place, place, "".join(f"{glue}{n}," for n in new))]
