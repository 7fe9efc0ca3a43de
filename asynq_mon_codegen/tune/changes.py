"""What may be changed in a declaration, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Above, Below, Hold, Severity, Unit
from asynq_mon_codegen.model.alerts import hold_of

__all__ = ["AlertChange", "Change", "Edited", "FloorChange", "HoldChange", "LevelChange", "OwnChange", "WrittenHold"]

WrittenHold = Duration | Mapping[Severity, Duration]
"""A hold as a declaration has it: one for all severities, or one for each of several."""


@frozen(kw_only=True)
class LevelChange:
    """Another condition for one queue or one task type; ``owner`` is ``queue`` or ``task_type``.

    ``when`` is the whole condition that is to hold; ``unit`` is that of the alert's signal, and decides how levels
    are written. ``argument`` is where it stands in the declaration.
    """

    argument: ClassVar = "thresholds"
    owner: str
    name: str
    alert: str
    when: Above | Below
    unit: Unit

    @property
    def value(self) -> Above | Below:
        """What the declaration is to say, as the model has it."""
        return self.when


@frozen(kw_only=True)
class HoldChange:
    """Another hold for one queue or one task type; one by severity leaves the other severities as they are."""

    argument: ClassVar = "holds"
    owner: str
    name: str
    alert: str
    # a mapping has no hash; what differs there only is told apart by ==
    hold: WrittenHold = field(hash=False)
    unit: Unit

    @property
    def value(self) -> Hold:
        """What the declaration is to say, as the model has it."""
        return hold_of(self.hold)


@frozen(kw_only=True)
class FloorChange:
    """Another floor for one queue or one task type."""

    argument: ClassVar = "floors"
    owner: str
    name: str
    alert: str
    floor: float
    unit: Unit

    @property
    def value(self) -> float:
        """What the declaration is to say, as the model has it."""
        return self.floor


@frozen(kw_only=True)
class AlertChange:
    """Another hold, condition or floor of an alert, for everybody; None leaves it as it is."""

    alert: str
    # as above
    hold: WrittenHold | None = field(default=None, hash=False)
    when: Above | Below | None = None
    floor: float | None = None
    unit: Unit


OwnChange = LevelChange | HoldChange | FloorChange
Change = OwnChange | AlertChange


@frozen(kw_only=True)
class Edited:
    """A declaration's new text, the changes that are in it, and those that a person has to make.

    Each of ``left`` has the reason and a snippet to paste.
    """

    text: str
    done: tuple[Change, ...]
    left: tuple[tuple[Change, str, str], ...]
