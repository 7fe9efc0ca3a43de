"""What an examination finds."""

from __future__ import annotations

from enum import IntEnum

from attrs import frozen

__all__ = ["Finding", "Level", "counted", "listed", "unseen"]


class Level(IntEnum):
    """How bad it is: alerts do not work, they may mislead, good to know, could not be looked at."""

    ERROR = 0
    WARNING = 1
    NOTE = 2
    UNSEEN = 3

    @property
    def word(self) -> str:
        """As it is printed."""
        return self.name.lower()


@frozen(kw_only=True)
class Finding:
    """One finding: what is so, where, the alerts that cannot do their work because of it, and what to do."""

    level: Level
    what: str
    where: str = ""
    alerts: tuple[str, ...] = ()
    fix: str = ""


def unseen(what: str, why: str) -> Finding:
    """Something that could not be looked at."""
    return Finding(level=Level.UNSEEN, what=f"{what}: {why}")


def counted(count: float, noun: str) -> str:
    """``1 alert``, ``2 alerts``."""
    return f"{count:g} {noun}{'' if count == 1 else 's'}"


def listed(names: object, most: int = 5) -> str:
    """The first names and how many more."""
    found = [str(name) for name in names]  # type: ignore[attr-defined]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")
