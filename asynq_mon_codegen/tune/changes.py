"""What may be changed in a declaration, as values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Above, Below, Severity, Unit

__all__ = ["AlertChange", "Change", "Edited", "LevelChange"]


@frozen(kw_only=True)
class LevelChange:
    """Another condition for one queue or one task type; ``owner`` is ``queue`` or ``task_type``.

    ``when`` is the whole condition that is to hold; ``unit`` is that of the alert's signal, and decides how levels
    are written.
    """

    owner: str
    name: str
    alert: str
    when: Above | Below
    unit: Unit


@frozen(kw_only=True)
class AlertChange:
    """Another hold, condition or floor of an alert, for everybody; None leaves it as it is."""

    alert: str
    # a mapping has no hash; what differs there only is told apart by ==
    hold: Duration | Mapping[Severity, Duration] | None = field(default=None, hash=False)
    when: Above | Below | None = None
    floor: float | None = None
    unit: Unit


Change = LevelChange | AlertChange


@frozen(kw_only=True)
class Edited:
    """A declaration's new text, the changes that are in it, and those that a person has to make.

    Each of ``left`` has the reason and a snippet to paste.
    """

    text: str
    done: tuple[Change, ...]
    left: tuple[tuple[Change, str, str], ...]
