"""A replay in numbers: for each alert, severity and queue how often it fired, how long, and who heard of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from asynq_mon_codegen.backtest.incidents import Incident, Score, score
from asynq_mon_codegen.backtest.notifications import Notification, Notifier
from asynq_mon_codegen.engine.conditions import Labels
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import Replay
from asynq_mon_codegen.model import Severity

__all__ = ["FLAP", "Judged", "Row", "about", "judged", "rows", "subject"]

FLAP = 1800.0
"""Seconds: an alert that fires again so soon after its end flaps."""

_WEEK = 7 * 86_400
_ORDER = [s.value for s in Severity]


@frozen(kw_only=True)
class Row:
    """One alert of one severity and queue (or whatever else its labels name)."""

    alert: str
    severity: str
    threat: str
    subject: str
    firings: tuple[Firing, ...]
    flaps: int
    notifications: int
    false_alarms: int

    def total(self, end: float) -> float:
        """Seconds in which it fired."""
        return sum(f.until(end) - f.start for f in self.firings)

    def longest(self, end: float) -> float:
        """Seconds of the longest time."""
        return max((f.until(end) - f.start for f in self.firings), default=0.0)


@frozen(kw_only=True)
class Judged:
    """A replay, the messages that come of it, and how the incidents were told (None where none are known)."""

    replay: Replay
    notifications: tuple[Notification, ...]
    score: Score | None
    rows: tuple[Row, ...]

    @property
    def weeks(self) -> float:
        """How long was looked at."""
        return (self.replay.end - self.replay.start) / _WEEK

    @property
    def quiet(self) -> tuple[tuple[str, str], ...]:
        """Alert and severity of the rules that did not fire."""
        fired = {(r.alert, r.severity) for r in self.rows}
        rules = {(r.name, dict(r.labels).get("severity", "")): None for r in self.replay.rules.alerts}
        return tuple(key for key in rules if key not in fired and key[1] != Severity.NONE.value)

    @property
    def fired(self) -> int:
        """How many times alerts fired."""
        return sum(len(row.firings) for row in self.rows)

    def by_receiver(self) -> Mapping[str, int]:
        """How many messages each receiver got."""
        return dict(Counter(n.receiver for n in self.notifications).most_common())

    @property
    def a_week(self) -> float:
        """Messages of all receivers in a week; the same group to two receivers counts twice."""
        return len(self.notifications) / self.weeks if self.weeks else 0.0


def judged(replay: Replay, notifier: Notifier, incidents: Sequence[Incident] | None) -> Judged:
    """Everything that is told of a replay; alerts of severity none (heartbeats) are not.

    Incidents that began at another time are not counted.
    """
    fired = tuple(f for f in replay.firings if f.label("severity") != Severity.NONE.value)
    sent = notifier.notifications(fired, replay.end)
    verdict = None if incidents is None else score(incidents, fired)
    if verdict is not None:
        # others are no misses; alerts in them are no false alarms all the same
        inside = tuple(v for v in verdict.verdicts if v.incident.within(replay.start, replay.end))
        verdict = evolve(verdict, verdicts=inside)
    return Judged(
        replay=replay,
        notifications=sent,
        score=verdict,
        rows=rows(fired, sent, verdict.false_alarms if verdict else ()),
    )


def rows(fired: Sequence[Firing], sent: Sequence[Notification], false: Sequence[int] = ()) -> tuple[Row, ...]:
    """One row for each alert, severity and subject, the worst severity and the loudest first."""
    told = Counter(alert for n in sent for alert in {*n.firing, *n.resolved})
    wrong = set(false)
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for i, firing in enumerate(fired):
        key = (firing.label("alertname"), firing.label("severity"), firing.label("threat"), subject(firing.labels))
        groups.setdefault(key, []).append(i)
    out = [
        Row(
            alert=alert,
            severity=severity,
            threat=threat,
            subject=about,
            firings=tuple(fired[i] for i in members),
            flaps=_flaps([fired[i] for i in members]),
            notifications=sum(told[i] for i in members),
            false_alarms=sum(i in wrong for i in members),
        )
        for (alert, severity, threat, about), members in groups.items()
    ]
    return tuple(sorted(out, key=lambda r: (_rank(r.severity), -r.notifications, -len(r.firings), r.alert, r.subject)))


_COMMON = frozenset({"alertname", "severity", "threat", "component", "service", "team"})


def about(given: Labels) -> dict[str, str]:
    """The labels of an alert that say what it is about: its queue, its instance and the like."""
    return {k: v for k, v in given if k not in _COMMON}


def subject(given: Labels) -> str:
    """The same as a text, the queue first."""
    labels = about(given)
    queue = labels.pop("queue", "")
    return " ".join(filter(None, (queue, *(f"{k}={v}" for k, v in sorted(labels.items())))))


def _rank(severity: str) -> int:
    return _ORDER.index(severity) if severity in _ORDER else len(_ORDER)


def _flaps(fired: Sequence[Firing]) -> int:
    in_order = sorted(fired, key=lambda f: f.start)
    return sum(a.end is not None and b.start - a.end <= FLAP for a, b in itertools.pairwise(in_order))
