"""Changes arguments of a call, and the levels of a condition, and nothing beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import libcst as cst

from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Band, Below, LevelOrBand, Unit
from asynq_mon_codegen.model.bands import level_of
from asynq_mon_codegen.tune.brackets import Bracket, added, own_bracket
from asynq_mon_codegen.tune.source import UNKNOWN, Cannot, Source, Splice, argument
from asynq_mon_codegen.tune.writer import LEVELS, Writer, default_of

__all__ = ["changed_condition", "with_arguments"]


def with_arguments(
    source: Source, call: cst.Call, texts: Mapping[str, str], gone: Sequence[str] = (), order: Sequence[str] = ()
) -> list[Splice]:
    """The call with these keyword arguments, new ones in their place in ``order``, and without those ``gone``.

    Where arguments stand on lines of their own, one that is to go becomes None: its comments stay true.
    """
    bracket = own_bracket(source, call)
    present = {a.keyword.value: i for i, a in enumerate(call.args) if a.keyword is not None}
    out, new = [], dict[int, list[str]]()
    for name, text in texts.items():
        if name in present:
            out.append(Splice(*source.span(call.args[present[name]].value), text))
        else:
            new.setdefault(_place(name, present, order, len(call.args)), []).append(f"{name}={text}")
    removed = sorted(present[name] for name in gone if name in present)
    if removed and not bracket.flat_gaps(source.text) and not bracket.indented(source.text):
        spans = (source.span(call.args[i].value) for i in removed)
        out += [Splice(*span, "None") for span in spans]
        removed = []
    if removed and len(removed) == len(call.args):
        every = [text for texts_ in new.values() for text in texts_]
        return [Splice(bracket.elements[0][0], bracket.elements[-1][1], ", ".join(every))]
    for after, given in sorted(new.items()):
        out += added(source, bracket, given, after)
    return [*out, *_removed(bracket, removed)]


def _place(name: str, present: Mapping[str, int], order: Sequence[str], count: int) -> int:
    """The argument behind which a new one stands."""
    if name not in order:
        return count - 1
    before = [present[n] for n in order[: order.index(name)] if n in present]
    behind = [present[n] for n in order[order.index(name) :] if n in present]
    return max(before) if before else min(behind) - 1 if behind else count - 1


def _removed(bracket: Bracket, gone: Sequence[int]) -> list[Splice]:
    out = []
    for i in gone:
        if any(k not in gone for k in range(i)):
            out.append(Splice(bracket.elements[i - 1][1], bracket.elements[i][1], ""))
        else:
            out.append(Splice(bracket.elements[i][0], bracket.elements[i + 1][0], ""))
    return out


def changed_condition(writer: Writer, node: cst.BaseExpression, when: Above | Below, unit: Unit) -> list[Splice]:
    """The changes that make ``when`` of what stands there.

    Raises:
        Cannot: what stands there is computed.
    """
    source = writer.source
    meant = source.followed(node)
    kind = type(when).__name__
    if node is meant and isinstance(node, cst.Call) and source.known(node.func) == kind:
        return _changed_levels(writer, node, when, unit)
    if isinstance(meant, cst.Call) and source.known(meant.func) == kind and _levels(source, meant) == _wanted(when):
        return []
    known = isinstance(meant, cst.Call) and source.known(meant.func) in ("Above", "Below")
    if not known and not isinstance(node, cst.Name):
        raise Cannot(f"the condition is computed: {_one_line(source.code(node))}")
    return [Splice(*source.span(node), writer.condition(when, unit))]


def _one_line(code: str) -> str:
    return " ".join(code.split())


def _wanted(when: Above | Below) -> dict[str, LevelOrBand]:
    return {name: getattr(when, name) for name in LEVELS}


def _levels(source: Source, call: cst.Call) -> dict[str, object]:
    given = {name: argument(call, name) for name in LEVELS}
    return {name: None if arg is None else _level(source, arg.value) for name, arg in given.items()}


def _level(source: Source, node: cst.BaseExpression) -> object:
    """The level that the expression is: a number, a Band, None or UNKNOWN."""
    meant = source.followed(node)
    if isinstance(meant, cst.Call):
        return _band(source, meant)
    value = source.value(meant)
    if value is None or isinstance(value, int | float | str):
        try:
            return level_of(value, "level")
        except DeclarationError:
            return UNKNOWN
    return UNKNOWN


def _band(source: Source, call: cst.Call) -> object:
    if source.known(call.func) != "Band" or any(a.star for a in call.args):
        return UNKNOWN
    values = {a.keyword.value if a.keyword else "times": source.value(a.value) for a in call.args}
    given: dict[str, Any] = values
    try:
        return UNKNOWN if UNKNOWN in values.values() else Band(**given)
    except (DeclarationError, TypeError, ValueError):
        return UNKNOWN


def _changed_levels(writer: Writer, call: cst.Call, when: Above | Below, unit: Unit) -> list[Splice]:
    source = writer.source
    if any(a.star for a in call.args):
        raise Cannot(f"its levels come from elsewhere: {_one_line(source.code(call))}")
    inner: list[Splice] = []
    texts: dict[str, str] = {}
    gone: list[str] = []
    for name, old in _levels(source, call).items():
        new = getattr(when, name)
        arg = argument(call, name)
        if old == new:
            continue
        if arg is None:
            texts[name] = writer.level(new, unit)
        elif new is None:
            gone.append(name)
        elif isinstance(new, Band) and isinstance(old, Band) and isinstance(arg.value, cst.Call):
            inner += _changed_band(writer, arg.value, old, new, unit)
        else:
            texts[name] = writer.level(new, unit, arg.value)
    return [*inner, *with_arguments(source, call, texts, gone, LEVELS)] if texts or gone or inner else []


def _changed_band(writer: Writer, call: cst.Call, old: Band, new: Band, unit: Unit) -> list[Splice]:
    source = writer.source
    positional = next((a.value for a in call.args if a.keyword is None), None)
    out: list[Splice] = []
    texts: dict[str, str] = {}
    gone: list[str] = []
    for name in (f.name for f in attrs.fields(Band)):
        if getattr(old, name) == getattr(new, name):
            continue
        arg = argument(call, name)
        if name == "times" and positional is not None:
            out.append(Splice(*source.span(positional), writer.band_value(new, name, unit)))
        elif getattr(new, name) is None and default_of(name) is None:
            gone.append(name)
        else:
            texts[name] = writer.band_value(new, name, unit, arg.value if arg else None)
    return [*out, *with_arguments(source, call, texts, gone, [f.name for f in attrs.fields(Band)])]
