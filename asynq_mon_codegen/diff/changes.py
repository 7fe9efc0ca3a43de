"""One change as a value, and many of them put in the order in which a reviewer wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Any

from attrs import evolve, frozen

__all__ = ["Area", "Change", "Effect", "Folded", "Kind", "Report", "changed", "folded"]


class Area(Enum):
    """What a change is about, in the order of the report."""

    ALERTS = "alerts"
    ROUTES = "routes"
    RECEIVERS = "receivers"
    RECORDINGS = "recordings"
    DASHBOARDS = "dashboards"
    RUNBOOKS = "runbooks"
    MESSAGES = "messages"


class Kind(Enum):
    """What happened to the subject."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"


class Effect(Enum):
    """Whether people hear less or more than before; ``BOTH`` where some hear less and others more."""

    QUIETER = "quieter"
    BOTH = "both"
    LOUDER = "louder"
    NONE = "none"


_OTHER_KIND = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
_OTHER_EFFECT = {Effect.QUIETER: Effect.LOUDER, Effect.LOUDER: Effect.QUIETER}


@frozen(kw_only=True)
class Change:
    """One difference.

    ``subject`` is what changes (an alert, a receiver, a panel), ``severity`` which of its rules, ``scope`` for what
    (queues, teams, a query), ``aspect`` which part of it. ``before`` and ``after`` say how that part reads on each
    side; ``lost`` and ``gained`` are names where the part is a set of them.
    """

    area: Area
    kind: Kind = Kind.CHANGED
    subject: str
    severity: str = ""
    scope: str = ""
    aspect: str = ""
    before: str = ""
    after: str = ""
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    effect: Effect = Effect.NONE

    def whole(self, kind: Kind, text: str = "") -> Change:
        """The same about a subject that came or went; ``text`` says what it is."""
        return evolve(
            self, kind=kind, before="" if kind is Kind.ADDED else text, after=text if kind is Kind.ADDED else ""
        )

    def reversed(self) -> Change:
        """The same difference seen from the other side."""
        return evolve(
            self,
            kind=_OTHER_KIND.get(self.kind, self.kind),
            before=self.after,
            after=self.before,
            lost=self.gained,
            gained=self.lost,
            effect=_OTHER_EFFECT.get(self.effect, self.effect),
        )

    def data(self) -> dict[str, Any]:
        """For JSON; what does not apply is left out."""
        out = {
            "area": self.area.value,
            "kind": self.kind.value,
            "subject": self.subject,
            "severity": self.severity,
            "scope": self.scope,
            "aspect": self.aspect,
            "before": self.before,
            "after": self.after,
            "lost": list(self.lost),
            "gained": list(self.gained),
            "effect": "" if self.effect is Effect.NONE else self.effect.value,
        }
        return {key: value for key, value in out.items() if value}


def changed(change: Change) -> tuple[Change, ...]:
    """The change, unless both sides read the same."""
    return () if (change.before, change.lost) == (change.after, change.gained) else (change,)


@frozen(kw_only=True)
class Folded:
    """The same change of several subjects."""

    change: Change
    subjects: tuple[tuple[str, tuple[str, ...]], ...]
    """Each subject with its severities."""


def folded(changes: Iterable[Change]) -> tuple[Folded, ...]:
    """Changes that read the same but for their subject, told once; the order is that of the first of each."""
    groups: dict[Change, dict[str, list[str]]] = {}
    for change in changes:
        alike = evolve(change, subject="", severity="")
        groups.setdefault(alike, {}).setdefault(change.subject, []).append(change.severity)
    return tuple(
        Folded(change=alike, subjects=tuple((name, tuple(filter(None, found))) for name, found in subjects.items()))
        for alike, subjects in groups.items()
    )


@frozen(kw_only=True)
class Report:
    """All changes between two sides, which ``old`` and ``new`` name."""

    old: str
    new: str
    changes: tuple[Change, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many subjects of each area were added, removed, renamed or changed, empty areas left out."""
        found: dict[str, dict[str, int]] = {}
        for area in Area:
            kinds: dict[str, set[str]] = {}
            for change in self.changes:
                if change.area is area:
                    kinds.setdefault(change.kind.value, set()).add(change.subject)
            if kinds:
                found[area.value] = {kind.value: len(kinds[kind.value]) for kind in Kind if kind.value in kinds}
        return found

    def effects(self) -> dict[str, int]:
        """How many changes make it quieter, louder, or both."""
        counted = Counter(f.change.effect for f in folded(self.changes))
        return {e.value: counted[e] for e in Effect if e is not Effect.NONE and counted[e]}

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "old": self.old,
            "new": self.new,
            "summary": {"effects": self.effects(), "areas": self.counts()},
            "changes": [change.data() for change in self.changes],
        }
