"""What may be changed in a declaration, as values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Above, Below, Severity, Unit

__all__ = ["AlertChange", "Change", "LevelChange"]


@frozen(kw_only=True)
class LevelChange:
    """Another condition for one queue or one task type."""

    owner: str
    name: str
    alert: str
    when: Above | Below
    unit: Unit


@frozen(kw_only=True)
class AlertChange:
    """Another hold, condition or floor of an alert, for everybody; None leaves it as it is."""

    alert: str
    hold: Duration | Mapping[Severity, Duration] | None = None
    when: Above | Below | None = None
    floor: float | None = None
    unit: Unit


Change = LevelChange | AlertChange
