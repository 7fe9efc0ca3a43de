"""A probe for an alert whose floor or hold is another than its numbers and moments were made for."""

from __future__ import annotations

from attrs import evolve

from asynq_mon_codegen.catalog import ALERTS
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Alert
from asynq_mon_codegen.plan import PlannedAlert
from asynq_mon_codegen.simulator import Probe

__all__ = ["fitted", "later", "volume"]


def volume(alert: Alert, probe: Probe) -> float:
    """How many times as much must happen as the probe's drives say, for the alert's floor may be another."""
    return probe.volume(max((g.minimum for g in alert.guards if g.minimum is not None), default=None))


def later(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Duration:
    """How much longer the longest hold of these rules is than that which the probe was made for; negative if shorter.

    A probe of the catalogue was made for the catalogue's hold, any other for that of its alert.
    """
    known = ALERTS[alert.name] if alert.name in ALERTS.names() else alert
    holds = (known if known.probe is alert.probe else alert).hold
    made = max(hold.milliseconds for _, hold in holds)
    return Duration(max((r.hold.milliseconds for r in rules), default=made) - made)


def fitted(alert: Alert, probe: Probe, rules: tuple[PlannedAlert, ...]) -> Probe:
    """The probe with its moments moved by the difference of the holds.

    With another floor levels are not met to the bit, nor are windows filled at the same moment.
    """
    difference = later(alert, probe, rules).milliseconds
    if difference:
        moments = [
            None if m is None or m.milliseconds + difference <= 0 else Duration(m.milliseconds + difference)
            for m in (probe.heard, probe.ripens)
        ]
        probe = evolve(probe, heard=moments[0], ripens=moments[1])
    return probe if volume(alert, probe) == 1 else evolve(probe, exact=False, ripens=None)
