"""Prometheus durations (``90s``, ``1h30m``): parsed and printed here and nowhere else."""

from __future__ import annotations

import re

from attrs import field, frozen

from asynq_mon_codegen.errors import DeclarationError

__all__ = ["Duration", "duration"]

_UNITS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_PATTERN = re.compile("".join(rf"(?:(\d+){unit})?" for unit, _ in _UNITS), re.ASCII)
_DAY = 86_400_000


@frozen(order=True)
class Duration:
    """A length of time in whole milliseconds, as Prometheus counts it."""

    milliseconds: int = field()

    @property
    def seconds(self) -> float:
        """The same length in seconds."""
        return self.milliseconds / 1000

    def __str__(self) -> str:
        """The shortest text that Prometheus reads: ``90s`` stays ``1m30s``, ``3600s`` is ``1h``.

        Weeks are used for whole weeks and days for whole days only, for hours read better (``36h``).
        """
        rest = self.milliseconds
        if rest == 0:
            return "0s"
        out = []
        for unit, size in _UNITS:
            if size >= _DAY and (rest % size or rest < size):
                continue
            count, rest = divmod(rest, size)
            if count:
                out.append(f"{count}{unit}")
            if not rest:
                break
        return "".join(out)

    def words(self) -> str:
        """The same length as a person writes it: ``5 minutes``, ``1 hour 30 minutes``."""
        names = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}
        parts = [(int(n), names[u]) for n, u in re.findall(r"(\d+)(ms|[wdhms])", str(self))]
        return " ".join(f"{n} {name}{'' if n == 1 else 's'}" for n, name in parts)


def duration(value: str | Duration, name: str = "duration") -> Duration:
    """``value`` as a :class:`Duration`; ``name`` is the argument that an error message names.

    Raises:
        DeclarationError: the text is not a Prometheus duration.
    """
    if isinstance(value, Duration):
        return value
    hint = 'write numbers with ms, s, m, h, d or w, largest first: "30s", "5m", "1h30m"'
    if not isinstance(value, str):
        raise DeclarationError(f"{name}={value!r} is not a duration", hint)
    match = _PATTERN.fullmatch(value)
    if not value or match is None or not any(match.groups()):
        raise DeclarationError(f"{name}={value!r} is not a duration", hint)
    return Duration(sum(int(n) * size for n, (_, size) in zip(match.groups(), _UNITS, strict=True) if n))
