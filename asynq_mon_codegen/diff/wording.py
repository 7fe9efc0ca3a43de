"""How levels and times read, and whether a change of them is quieter or louder."""

from __future__ import annotations

from asynq_mon_codegen.diff.changes import Effect
from asynq_mon_codegen.diff.thresholds import Level, Levels
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.promql.parsed import Binary, Node, Number
from asynq_mon_codegen.promql.printed import number_text, printed

__all__ = ["OFF", "effect_of_hold", "effect_of_levels", "level_text", "unit_of"]

OFF = "off"
"""What stands for the level of an alert that does not fire at all."""

_WORDS = {">": "above", ">=": "at least", "<": "below", "<=": "at most", "==": "equal to", "!=": "other than"}
_UNITS = {"humanizeDuration": "s", "humanizePercentage": "%", "humanize1024": "B"}
_BINARY = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def unit_of(text: str) -> str:
    """The unit of an alert's value, as its texts print it: ``s``, ``%``, ``B`` or nothing."""
    return next((unit for function, unit in _UNITS.items() if f"$value | {function}" in text), "")


def level_text(levels: Levels, unit: str) -> str:
    """``above 30s``; ``off`` where nothing makes it fire."""
    if not levels:
        return OFF
    return " or ".join(_one(level, unit) for level in levels)


def _one(level: Level, unit: str) -> str:
    if level.value is None:
        return "whenever there is a result"
    value = _number(level.value.value, unit) if isinstance(level.value, Number) else printed(level.value)
    return f"{_WORDS.get(level.op, level.op)} {value}"


def _number(value: float, unit: str) -> str:
    if unit == "s" and value >= 0 and (value * 1000).is_integer():
        return str(Duration(int(value * 1000)))
    if unit == "%":
        return f"{value * 100:.10g}%"
    if unit == "B":
        for size, name in _BINARY:
            if value and value % (size / 4) == 0 and value >= size:
                return f"{value / size:g} {name}"
    return number_text(value)


def effect_of_levels(before: Levels, after: Levels) -> Effect:
    """Louder where every comparison is met sooner, or more is compared; none where that cannot be told."""
    if not before or not after:
        return Effect.LOUDER if after else Effect.QUIETER
    if len(before) != len(after):
        return Effect.NONE
    found = {_effect(a, b) for a, b in zip(before, after, strict=True) if a != b}
    if len(found) == 1:
        return found.pop()
    return Effect.BOTH if found == {Effect.LOUDER, Effect.QUIETER} else Effect.NONE


def _effect(before: Level, after: Level) -> Effect:
    a, b = _comparable(before.value), _comparable(after.value)
    if before.op != after.op or a is None or b is None or a[0] != b[0] or before.op in ("==", "!="):
        return Effect.NONE
    return Effect.LOUDER if (b[1] < a[1]) == (before.op in (">", ">=")) else Effect.QUIETER


def _comparable(node: Node | None) -> tuple[str, float] | None:
    """What the level is a multiple of, and how many times; a plain number is a multiple of nothing."""
    if isinstance(node, Number):
        return "", node.value
    if isinstance(node, Binary) and node.op == "*" and isinstance(node.right, Number):
        return printed(node.left), node.right.value
    return None if node is None else (printed(node), 1.0)


def effect_of_hold(before: str, after: str) -> Effect:
    """A shorter hold is louder; none where one of the texts is not a duration."""
    try:
        a, b = (duration(text or "0s") for text in (before, after))
    except DeclarationError:
        return Effect.NONE
    if a == b:
        return Effect.NONE
    return Effect.LOUDER if b < a else Effect.QUIETER
