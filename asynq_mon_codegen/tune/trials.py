"""What is known while changes are looked for: a declaration, what it did on its history, and what was tried already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import field, frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.backtest.summary import Judged, judged
from asynq_mon_codegen.engine.history import Progress
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History, replayed
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.tune.applied import applied, planned, rules_from, sound
from asynq_mon_codegen.tune.changes import Change

__all__ = ["Trials", "begun"]


@frozen(kw_only=True)
class Trials:
    """A declaration and what it did; ``only`` names the alerts that may be changed, all where it is empty."""

    monitoring: Monitoring
    plan: Plan
    history: History
    notifier: Notifier
    incidents: Sequence[Incident] | None
    progress: Progress
    only: Sequence[str]
    before: Judged
    tries: dict[tuple[Change, ...], tuple[Firing, ...] | None] = field(factory=dict)

    def fired(self, changes: tuple[Change, ...], alert: str) -> tuple[Firing, ...] | None:
        """What an alert would have done with these changes; None where a check refuses them."""
        if changes not in self.tries:
            self.tries[changes] = self._tried(changes, alert)
        return self.tries[changes]

    def _tried(self, changes: tuple[Change, ...], alert: str) -> tuple[Firing, ...] | None:
        plan = self._fitting(changes)
        if plan is None:
            return None
        return replayed(self.history, rules_from(plan), self.progress, [alert]).firings

    def fits(self, change: Change) -> bool:
        """Whether the declaration takes the change, and no check refuses it; nothing is evaluated."""
        return self._fitting([change]) is not None

    def _fitting(self, changes: Iterable[Change]) -> Plan | None:
        try:
            plan = planned(applied(self.monitoring, changes))
        except DeclarationError:
            return None
        return plan if sound(plan) else None

    def changed(self, changes: Iterable[Change]) -> Trials:
        """The declaration with these changes, and what it would have done.

        Raises:
            EngineError: Prometheus or promtool failed.
        """
        monitoring = applied(self.monitoring, changes)
        return begun(monitoring, self.history, self.notifier, self.incidents, self.progress, self.only)

    @property
    def total(self) -> float:
        """The notifications of all rows together: a message about several of them counts for each."""
        return float(sum(row.notifications for row in self.before.rows))

    def budget(self, wanted: float) -> float:
        """What of the total may be left, so that ``wanted`` messages a week are."""
        sent = len(self.before.notifications)
        return wanted * self.before.weeks * (self.total / sent if sent else 1)

    def may_change(self, alert: str) -> bool:
        """Whether the alert is declared, and to be changed."""
        return (not self.only or alert in self.only) and alert in self.monitoring.alerts.names()

    def noise(self, fired: Sequence[Firing]) -> int:
        """How many of these alerts belong to no incident; all where none is known."""
        return sum(not any(incident.near(f) for incident in self.incidents or ()) for f in fired)

    def keeps(self, before: Sequence[Firing], after: Sequence[Firing]) -> bool:
        """Whether every incident that these alerts told is still told by them."""
        return all(
            any(incident.told_by(f) for f in after)
            for incident in self.incidents or ()
            if any(incident.told_by(f) for f in before)
        )


def begun(
    monitoring: Monitoring,
    history: History,
    notifier: Notifier,
    incidents: Sequence[Incident] | None,
    progress: Progress,
    only: Sequence[str],
) -> Trials:
    """The declaration as it is.

    Raises:
        EngineError: Prometheus or promtool failed.
    """
    plan = planned(monitoring)
    return Trials(
        monitoring=monitoring,
        plan=plan,
        history=history,
        notifier=notifier,
        incidents=incidents,
        progress=progress,
        only=only,
        before=judged(replayed(history, rules_from(plan), progress), notifier, incidents),
    )
