"""Changes a hold time or a floor where it stands, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Severity
from asynq_mon_codegen.tune.brackets import added, own_bracket
from asynq_mon_codegen.tune.changes import WrittenHold
from asynq_mon_codegen.tune.literals import number_text
from asynq_mon_codegen.tune.source import UNKNOWN, Cannot, Source, Splice
from asynq_mon_codegen.tune.writer import Writer

__all__ = ["changed_floor", "changed_hold"]


def changed_hold(writer: Writer, node: cst.BaseExpression, hold: WrittenHold) -> list[Splice]:
    """The changes that make ``hold`` of what stands there; of one by severity those that differ.

    Raises:
        Cannot: what stands there is computed.
    """
    source = writer.source
    meant = source.followed(node)
    if isinstance(meant, cst.Dict):
        entries = {_severity(source, e.key): e for e in meant.elements if isinstance(e, cst.DictElement)}
        if len(entries) < len(meant.elements) or None in entries:
            raise _computed("hold", source, node)
        if isinstance(hold, Mapping) and node is meant and set(entries) <= set(hold):
            return _in_dict(writer, node, {s: e.value for s, e in entries.items() if s is not None}, hold)
    elif source.value(node) is UNKNOWN and not isinstance(node, cst.Name):
        raise _computed("hold", source, node)
    if isinstance(hold, Duration) and _is(source, node, hold):
        return []
    return [Splice(*source.span(node), writer.hold(hold, node))]


def _in_dict(
    writer: Writer, node: cst.Dict, old: Mapping[Severity, cst.BaseExpression], hold: Mapping[Severity, Duration]
) -> list[Splice]:
    source = writer.source
    out = [
        Splice(*source.span(value), writer.hold(hold[severity], value))
        for severity, value in old.items()
        if not _is(source, value, hold[severity])
    ]
    new = [f"{writer.severity(s)}: {writer.hold(length)}" for s, length in hold.items() if s not in old]
    return [*out, *added(source, own_bracket(source, node), new)]


def _computed(what: str, source: Source, node: cst.BaseExpression) -> Cannot:
    return Cannot(f"the {what} is computed: {' '.join(source.code(node).split())}")


def changed_floor(source: Source, node: cst.BaseExpression, floor: float) -> list[Splice]:
    """The changes that make ``floor`` of the number that stands there.

    Raises:
        Cannot: what stands there is computed.
    """
    old = source.value(node)
    if old is UNKNOWN and not isinstance(node, cst.Name):
        raise _computed("floor", source, node)
    return [] if old == floor else [Splice(*source.span(node), number_text(floor))]


def _severity(source: Source, node: cst.BaseExpression) -> Severity | None:
    if isinstance(node, cst.Attribute) and source.known(node.value) == "Severity":
        return getattr(Severity, node.attr.value, None)
    return None


def _is(source: Source, node: cst.BaseExpression, length: Duration) -> bool:
    """Whether the literal is this length of time, however it is written."""
    value = source.value(node)
    try:
        return isinstance(value, str) and duration(value, "hold") == length
    except DeclarationError:
        return False
