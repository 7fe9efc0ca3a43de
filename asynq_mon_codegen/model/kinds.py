"""Values of the wrong kind are refused where they are given, in the words of the declaration."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs
from attrs import validators

from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.promql import Expr

__all__ = ["items", "pairs", "typed"]

_WORDS: Mapping[object, str] = {
    str: "a text",
    bool: "True or False",
    int: "a number",
    float: "a number",
    Expr: "an expression",
}
_SHOWN = 60


def items(value: object) -> tuple[Any, ...]:
    """One value or several as a tuple; what is in it is judged by :func:`typed`."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return tuple(value)
    return (value,)


def pairs(value: object, name: str, of: str) -> tuple[tuple[Any, Any], ...]:
    """A mapping, or pairs already, as a tuple of pairs.

    Raises:
        DeclarationError: it is neither; ``of`` says in words what maps to what.
    """
    if isinstance(value, Mapping):
        return tuple(value.items())
    if isinstance(value, tuple | list) and all(isinstance(x, tuple) and len(x) == 2 for x in value):
        return tuple(value)
    raise DeclarationError(f"{name}={_shown(value)} is not a mapping", of)


def typed(cls: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """For ``@frozen(field_transformer=typed)``: every field refuses what its annotation does not allow."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        bad = _tests(instance.__class__)[attribute.name](value)
        if bad is not None:
            raise DeclarationError(*_sentence(attribute.name, value, *bad))

    out = []
    for field in fields:
        both: Callable[..., Any] = check if field.validator is None else validators.and_(check, field.validator)
        out.append(field.evolve(validator=both))
    return out


Misfit = tuple[object, Any] | None
"""The innermost value that does not fit and what was expected there; None where all fits."""
Test = Callable[[object], Misfit]


@cache
def _tests(cls: type) -> dict[str, Test]:
    """How to judge each field of a class; a declaration makes thousands of values, so this is decided once."""
    return {name: _test(hint) for name, hint in typing.get_type_hints(cls).items()}


def _test(hint: Any) -> Test:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        tests = [_test(a) for a in args]
        return lambda value: (value, hint) if all(test(value) is not None for test in tests) else None
    if origin is tuple:
        return _test_tuple(hint, args)
    if hint is type(None):
        return lambda value: None if value is None else (value, hint)
    if not isinstance(hint, type):
        return lambda _value: None
    if hint is float:
        return lambda value: None if isinstance(value, float | int) and not isinstance(value, bool) else (value, hint)
    return lambda value: None if isinstance(value, hint) else (value, hint)


def _test_tuple(hint: Any, args: tuple[Any, ...]) -> Test:
    repeated = args[-1] is Ellipsis
    tests = [_test(a) for a in args if a is not Ellipsis]

    def judge(value: object) -> Misfit:
        if not isinstance(value, tuple) or not (repeated or len(tests) == len(value)):
            return value, hint
        wanted = tests * len(value) if repeated else tests
        return next((bad for v, test in zip(value, wanted, strict=True) if (bad := test(v)) is not None), None)

    return judge


def _sentence(name: str, whole: object, bad: object, hint: Any) -> tuple[str, str]:
    inner = bad is not whole
    message = f"{name} holds {_shown(bad)}, which is not" if inner else f"{name}={_shown(bad)} is not"
    return f"{message} {_words(hint)}", _advice(bad, hint)


def _kinds(hint: Any) -> list[Any]:
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return list(typing.get_args(hint)) if union else [hint]


def _words(hint: Any) -> str:
    names = []
    for kind in _kinds(hint):
        name = getattr(kind, "__name__", str(kind))
        names.append(
            "None" if kind is type(None) else _WORDS.get(kind) or f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
        )
    if len(names) > 2:
        names = [n.removeprefix("an ").removeprefix("a ") for n in names]
        return ", ".join(names[:-1]) + f" or {names[-1]}"
    return " or ".join(names)


def _advice(bad: object, hint: Any) -> str:
    kinds = [k for k in _kinds(hint) if isinstance(k, type)]
    for kind in kinds:
        if issubclass(kind, Enum):
            names = [str(m.name) for m in kind]
            wanted = next((m.name for m in kind if m.value == bad), None) or str(bad).upper()
            near = wanted if wanted in names else None
            return f"write {kind.__name__}.{near}" if near else did_you_mean(wanted, names)
        if isinstance(bad, type) and issubclass(bad, kind):
            return f"call it: {kind.__name__}(...)"
        if isinstance(bad, str) and issubclass(kind, Expr):
            return f"hand-written PromQL is promql({_shown(bad)})"
    names = [k.__name__ for k in kinds if k.__module__.startswith(__name__.partition(".")[0])]
    if isinstance(bad, str) and names and names[0] in ("Queue", "TaskType"):
        return f"write {names[0]}({bad!r})"
    return f"write {' or '.join(f'{n}(...)' for n in names)}" if names else ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
