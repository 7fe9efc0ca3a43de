"""Label matchers and the quoting that makes any name safe inside PromQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import promql_parser
from attrs import frozen

from asynq_mon_codegen.errors import DeclarationError

__all__ = ["LABEL_NAME", "Matcher", "matchers_of", "names_of", "quote", "regex_of"]

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ESCAPES = str.maketrans(
    {chr(c): f"\\x{c:02x}" for c in (*range(0x20), 0x7F)}
    | {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)
_REGEX_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


@lru_cache(maxsize=4096)
def quote(text: str) -> str:
    """``text`` as a PromQL string literal."""
    return f'"{text.translate(_ESCAPES)}"'


def regex_of(names: Iterable[str]) -> str:
    """A regular expression (RE2, fully anchored by Prometheus) that matches exactly these names."""
    return "|".join(_REGEX_SPECIAL.sub(lambda m: "\\" + m.group(), name) for name in names)


@lru_cache(maxsize=4096)
def names_of(regex: str) -> tuple[str, ...] | None:
    """The names that a regular expression lists, the reverse of :func:`regex_of`; None where it is more than a list."""
    names, current, escaped = [], "", False
    for c in regex:
        if escaped:
            if c.isalnum():
                return None
            current, escaped = current + c, False
        elif c == "\\":
            escaped = True
        elif c == "|":
            names.append(current)
            current = ""
        elif _REGEX_SPECIAL.match(c):
            return None
        else:
            current += c
    return None if escaped else (*names, current)


@frozen(order=True)
class Matcher:
    """One label matcher: ``label``, one of ``= != =~ !~``, and the value before quoting."""

    label: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quote(self.value)}"

    def accepts(self, value: str) -> bool:
        """Whether a label of this value passes; regular expressions are fully anchored, as in Prometheus."""
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return re.fullmatch(self.value, value) is not None
            case _:
                return re.fullmatch(self.value, value) is None


def any_of(label: str, names: Iterable[str], *, negated: bool = False) -> Matcher:
    """A matcher for any of the names (or none of them): an equality where one name suffices."""
    listed = tuple(names)
    if len(listed) == 1:
        return Matcher(label, "!=" if negated else "=", listed[0])
    return Matcher(label, "!~" if negated else "=~", regex_of(listed))


def matchers_of(text: str, name: str = "selector") -> tuple[Matcher, ...]:
    """The matchers in PromQL text such as ``job="orders", cluster=~"eu-.*"``.

    Raises:
        DeclarationError: the text is empty, not PromQL, or selects everything.
    """
    hint = 'write matchers as in PromQL, without braces: job=~"orders-.*", cluster="eu"'
    if not isinstance(text, str) or not text.strip():
        raise DeclarationError(f"{name} is empty, so it would select every series", hint)
    try:
        parsed = promql_parser.parse("x{" + text + "}")
    except ValueError as error:
        raise DeclarationError(f"{name}={text!r} is not a list of label matchers: {error}", hint) from None
    if not isinstance(parsed, promql_parser.VectorSelector) or parsed.matchers.or_matchers:
        raise DeclarationError(f"{name}={text!r} is not a list of label matchers", hint)
    ops = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return tuple(Matcher(m.name, ops[str(m.op).removeprefix("MatchOp.")], m.value) for m in parsed.matchers.matchers)
