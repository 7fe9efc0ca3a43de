"""A declaration as text with its syntax tree: where a node stands, and what a name in it means. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

import libcst as cst
from attrs import define, field, frozen
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, QualifiedNameProvider, QualifiedNameSource

from asynq_mon_codegen import catalog
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.model import Alert

__all__ = ["PACKAGE", "UNKNOWN", "Cannot", "Source", "Splice", "argument", "dotted", "lines", "spliced"]

PACKAGE = "asynq_mon_codegen"
_EVOLVE = frozenset({"attrs.evolve", "attr.evolve"})

_CHANGING = frozenset({"append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"})
"""Methods after which a list or dict is not what was assigned."""

UNKNOWN = object()
"""The value of an expression that only running the file would tell."""


class Cannot(Exception):  # noqa: N818 - no error of the program: the change is left to a person
    """Why a change cannot be made safely."""


@frozen
class Splice:
    """``text`` in place of what stands between two offsets; ``repeatable`` where others like it may stand there too."""

    start: int
    end: int
    text: str
    repeatable: bool = False

    def meets(self, other: Splice) -> bool:
        """Whether the two cannot both be made in one text."""
        together = self.repeatable and other.repeatable and self.start == other.start
        return not together and self.start <= other.end and other.start <= self.end


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """The text with all splices, which must not overlap; those at one place keep their order."""
    out, at = [], 0
    for splice in sorted(splices, key=lambda s: (s.start, s.end)):
        out += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join((*out, text[at:]))


def lines(text: str) -> list[str]:
    """The lines of the text as Python counts them."""
    return re.split(r"\r\n|\r|\n", text)


def _parsed(text: str) -> cst.Module:
    try:
        # libcst reads a few things that Python does not, and its messages count otherwise.
        ast.parse(text)
        return cst.parse_module(text, cst.PartialParserConfig(encoding="utf-8"))
    except SyntaxError as error:
        where = f"{error.lineno or 1}:{max(error.offset or 1, 1)}"
        raise UsageError(f"{where}: error: {error.msg}", "the file must be valid Python before it is edited") from None
    except ValueError as error:
        raise UsageError(f"1:1: error: {error}", "the file must be valid Python before it is edited") from None
    except cst.ParserSyntaxError as error:
        where = f"{error.raw_line}:{error.raw_column + 1}"
        raise UsageError(f"{where}: error: {error.message}", "the file cannot be edited") from None


@define(eq=False)
class Source:
    """The text and its tree.

    Raises:
        UsageError: the text is no Python; the message begins with ``line:column``.
    """

    text: str
    _wrapper: MetadataWrapper = field(init=False)

    @_wrapper.default
    def _parse(self) -> MetadataWrapper:
        return MetadataWrapper(_parsed(self.text), unsafe_skip_copy=True)

    @property
    def module(self) -> cst.Module:
        """The tree."""
        return self._wrapper.module

    @cached_property
    def nodes(self) -> tuple[cst.CSTNode, ...]:
        """Every node but whitespace, each before those in it."""
        out: list[cst.CSTNode] = []
        todo: list[cst.CSTNode] = [self.module]
        while todo:
            node = todo.pop()
            out.append(node)
            todo += [c for c in reversed(node.children) if not isinstance(c, cst.BaseParenthesizableWhitespace)]
        return tuple(out)

    # -- where -------------------------------------------------------------------------------------------------------

    @cached_property
    def _characters(self) -> Sequence[int]:
        """The character at each byte."""
        if self.text.isascii():
            return range(len(self.text) + 1)
        out = [i for i, c in enumerate(self.text) for _ in range(len(c.encode()))]
        return [*out, len(self.text)]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where the node stands, with the parentheses around it."""
        start, end = self._bare(node)
        if isinstance(node, cst.BaseExpression) and node.lpar:
            start, end = self._bare(node.lpar[0])[0], self._bare(node.rpar[-1])[1]
        return start, end

    def _bare(self, node: cst.CSTNode) -> tuple[int, int]:
        span = self._wrapper.resolve(ByteSpanPositionProvider)[node]
        return self._characters[span.start], self._characters[span.start + span.length]

    def code(self, node: cst.CSTNode) -> str:
        """The text of the node."""
        start, end = self.span(node)
        return self.text[start:end]

    def line(self, node: cst.CSTNode) -> int:
        """The number of the line on which the node begins."""
        return len(lines(self.text[: self.span(node)[0]]))

    # -- style -------------------------------------------------------------------------------------------------------

    @cached_property
    def newline(self) -> str:
        """How the file's lines end."""
        return self.module.default_newline

    @cached_property
    def indent(self) -> str:
        """One step of indentation."""
        found = re.search(r"^(\t| +)(?=\S)", self.text, re.MULTILINE)
        return "\t" if found and found[1] == "\t" else self.module.default_indent

    @cached_property
    def quote(self) -> str:
        """The quotes that most of the file's strings have."""
        strings = [n.quote for n in self.nodes if isinstance(n, cst.SimpleString)]
        return "'" if strings.count("'") > strings.count('"') else '"'

    # -- what --------------------------------------------------------------------------------------------------------

    @cached_property
    def starred(self) -> bool:
        """Whether the file imports everything from the package by a star."""
        return any(
            isinstance(n, cst.ImportFrom) and isinstance(n.names, cst.ImportStar) and dotted(n.module) == PACKAGE
            for n in self.nodes
        )

    def known(self, node: cst.CSTNode) -> str:
        """The last part of what the name or attribute means where it comes from the package, else empty.

        ``asynq.QUEUE_WAIT_HIGH`` is ``QUEUE_WAIT_HIGH``, ``mon.Queue`` is ``Queue``; attrs' ``evolve`` counts.
        """
        if not isinstance(node, cst.Name | cst.Attribute):
            return ""
        found = self._wrapper.resolve(QualifiedNameProvider).get(node, ())
        for name in found() if callable(found) else found:  # libcst computes them when they are asked for
            imported = name.source is QualifiedNameSource.IMPORT
            if imported and (name.name.partition(".")[0] == PACKAGE or name.name in _EVOLVE):
                return name.name.rpartition(".")[2]
        if self.starred and isinstance(node, cst.Name) and not self.assigned.get(node.value):
            return node.value
        if self.starred and isinstance(node, cst.Attribute) and self.known(node.value) == "asynq":
            return node.attr.value
        return ""

    def calls(self, *names: str) -> Iterator[cst.Call]:
        """The calls of these names of the package, anywhere in the file."""
        return (n for n in self.nodes if isinstance(n, cst.Call) and self.known(n.func) in names)

    @cached_property
    def assigned(self) -> dict[str, list[cst.BaseExpression | None]]:
        """What is assigned to each name; None where that is more than ``name = value`` at the top of the file."""
        top = {
            id(small)
            for line in self.module.body
            if isinstance(line, cst.SimpleStatementLine)
            for small in line.body
            if isinstance(small, cst.Assign | cst.AnnAssign)
        }
        out: dict[str, list[cst.BaseExpression | None]] = {}
        for node in self.nodes:
            match node:
                case cst.Assign(targets=targets, value=value):
                    plain = id(node) in top and len(targets) == 1
                    for target in targets:
                        for name in _names(target.target):
                            simple = plain and isinstance(target.target, cst.Name)
                            out.setdefault(name, []).append(value if simple else None)
                case cst.AnnAssign(target=cst.Name(value=name), value=given) if given is not None:
                    out.setdefault(name, []).append(given if id(node) in top else None)
                case cst.AugAssign(target=target) | cst.NamedExpr(target=target) | cst.CompFor(target=target):
                    for name in _names(target):
                        out.setdefault(name, []).append(None)
                case cst.For(target=target):
                    for name in _names(target):
                        out.setdefault(name, []).append(None)
                case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method))):
                    if method in _CHANGING:
                        out.setdefault(name, []).append(None)
                case cst.Param(name=cst.Name(value=name)) | cst.FunctionDef(name=cst.Name(value=name)):
                    out.setdefault(name, []).append(None)
                case cst.ClassDef(name=cst.Name(value=name)):
                    out.setdefault(name, []).append(None)
                case _:
                    pass
        return out

    def followed(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """What a name stands for, if it is assigned once at the top of the file; else the node itself."""
        for _ in range(10):
            if not isinstance(node, cst.Name):
                break
            values = self.assigned.get(node.value, [])
            if len(values) != 1 or values[0] is None:
                break
            node = values[0]
        return node

    def uses(self, name: str) -> int:
        """How often a name is read, written into, or otherwise mentioned beside its assignment."""
        return sum(isinstance(n, cst.Name) and n.value == name for n in self.nodes) - 1 - self._keywords(name)

    def _keywords(self, name: str) -> int:
        return sum(isinstance(n, cst.Arg) and n.keyword is not None and n.keyword.value == name for n in self.nodes)

    def value(self, node: cst.BaseExpression) -> object:
        """The value of a literal, or of a name that stands for one; else :data:`UNKNOWN`."""
        try:
            return ast.literal_eval(f"({self.code(self.followed(node))}\n)")
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return UNKNOWN

    def alert(self, node: cst.BaseExpression) -> str:
        """The name of the alert that a key or an argument is; empty where it cannot be told."""
        text = self.value(node)
        if isinstance(text, str):
            return text
        constant = getattr(catalog, self.known(node), None) if self.known(node) else None
        if isinstance(constant, Alert):
            return constant.name
        node = self.followed(node)
        match node:
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value="with_floor"))):
                return self.alert(inner)
            case cst.Call(args=args) if self.known(node.func) in ("Alert", "evolve"):
                given = argument(node, "name")
                if given is not None:
                    name = self.value(given.value)
                    return name if isinstance(name, str) else ""
                if self.known(node.func) == "evolve" and args and args[0].keyword is None and not args[0].star:
                    return self.alert(args[0].value)
            case cst.Attribute() if isinstance(found := getattr(catalog, self.known(node) or " ", None), Alert):
                return found.name
        return ""


def dotted(node: cst.BaseExpression | None) -> str:
    """A dotted name as text; empty for anything else."""
    match node:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=inner, attr=cst.Name(value=value)):
            return f"{dotted(inner)}.{value}"
        case _:
            return ""


def argument(call: cst.Call, keyword: str) -> cst.Arg | None:
    """The keyword argument of this name."""
    return next((a for a in call.args if a.keyword is not None and a.keyword.value == keyword), None)


def _names(target: cst.BaseExpression) -> Iterator[str]:
    match target:
        case cst.Name(value=name):
            yield name
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _names(element.value)
        case cst.Subscript(value=inner) | cst.Attribute(value=inner):
            yield from _names(inner)
        case _:
            pass
