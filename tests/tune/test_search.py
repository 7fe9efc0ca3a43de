"""Proposals from the history of a real Prometheus: what they change, what they keep, and that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Monitoring, Queue, Severity, asynq
from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.backtest.told import notes_on
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.engine.replay import History, open_history
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.generators import alertmanager
from asynq_mon_codegen.tune.applied import applied, planned, rules_from
from asynq_mon_codegen.tune.changes import AlertChange, LevelChange
from asynq_mon_codegen.tune.options import lower, place_for
from asynq_mon_codegen.tune.proposal import Proposal, Tuning, merged
from asynq_mon_codegen.tune.search import tuned
from asynq_mon_codegen.tune.told import headline, lines
from tests.engine import made_up

START = 1_767_225_600
HOUR = 3600
END = START + 8 * HOUR
MINUTE = 60

BATCH = tuple((START + h * HOUR, START + h * HOUR + 7 * MINUTE) for h in range(1, 7))
"""Each hour a batch waits for seven minutes: nobody's incident."""
OUTAGE = (START + 5 * HOUR + 20 * MINUTE, START + 6 * HOUR)
DIP = (START + 3 * HOUR + 30 * MINUTE, START + 3 * HOUR + 30 * MINUTE + 2 * MINUTE)
"""Too short for the levels as they are."""

KEPT = ("AsynqQueueWaitHigh", "AsynqQueueStalled")
ALERTS = asynq.ALERTS.without(*(a for a in asynq.ALERTS.names() if a not in KEPT))
MONITORING = Monitoring(alerts=ALERTS, queues=(Queue("mail"),))


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    data = tmp_path_factory.mktemp("server") / "data"
    queues = (
        made_up.Queue(name="batch", stopped=BATCH),
        made_up.Queue(name="mail", stopped=(OUTAGE,)),
        made_up.Queue(name="dip", stopped=(DIP,)),
    )
    made_up.history(data, queues, START - HOUR, END)
    with serving(data) as server:
        rules = rules_from(planned(MONITORING))
        yield open_history(server, [rules], START, END, tmp_path_factory.mktemp("work"), nothing)


def tune(history: History, wanted: float, incidents: Sequence[Incident] | None = None) -> Tuning:
    (config,) = [a.text for a in alertmanager.generate(planned(MONITORING)) if a.path == alertmanager.CONFIG]
    return tuned(MONITORING, history, Notifier.of("c", config), incidents, wanted, nothing)


INCIDENTS = (
    Incident(start=OUTAGE[0], end=OUTAGE[1], queue="mail", name="nobody worked"),
    Incident(start=DIP[0], end=DIP[1], queue="dip", threat="bottleneck", name="a dip"),
)


def test_the_level_of_the_noisy_queue_moves_and_the_incident_is_still_told(history: History) -> None:
    found = tune(history, wanted=150, incidents=INCIDENTS[:1])
    (only,) = found.proposals
    assert only.change == LevelChange(
        owner="queue",
        name="batch",
        alert="AsynqQueueWaitHigh",
        when=Above(warning=300, critical=1800),
        unit=asynq.QUEUE_WAIT_HIGH.signal.unit,
    )
    assert headline(only) == ("AsynqQueueWaitHigh, queue batch: warning above 1m -> 5m, critical above 5m -> 30m")
    assert found.before.a_week > 150
    assert found.after.score is not None
    assert found.after.score.recall == 1
    assert found.after.a_week < found.before.a_week


def test_what_is_proposed_says_what_it_would_have_missed(history: History) -> None:
    found = tune(history, wanted=150, incidents=INCIDENTS[:1])
    said = list(lines(found.proposals[0], INCIDENTS[:1], END))
    assert said[0] == "would have fired 0 times instead of 6"
    assert said[1].startswith("no longer: 6 times, at worst 7m")
    assert said[2].startswith("  2026-01-01 0")
    assert said[-1] == "  and 1 shorter ones"


def test_an_incident_that_nobody_was_told_of_lowers_a_level(history: History) -> None:
    found = tune(history, wanted=1e9, incidents=INCIDENTS)
    (only,) = found.proposals
    assert [i.name for i in only.told] == ["a dip"]
    assert isinstance(only.change, LevelChange)
    assert (only.change.name, only.change.alert) == ("dip", "AsynqQueueWaitHigh")
    assert found.before.score is not None
    assert found.before.score.recall == 0.5
    assert found.after.score is not None
    assert found.after.score.recall == 1


def test_few_notifications_need_no_change(history: History) -> None:
    found = tune(history, wanted=1e9)
    assert found.proposals == ()
    assert found.after is found.before


def test_the_numbers_are_those_of_the_changed_rules(history: History) -> None:
    found = tune(history, wanted=150, incidents=INCIDENTS[:1])
    changed = applied(MONITORING, [p.change for p in found.proposals])
    queue = next(q for q in changed.queues if q.name == "batch")
    assert queue.optional
    change = found.proposals[0].change
    assert isinstance(change, LevelChange)
    assert dict(queue.thresholds)["AsynqQueueWaitHigh"] == change.when
    assert found.after.replay.rules == rules_from(planned(changed))


def test_changes_of_an_alert_apply_to_everybody() -> None:
    changed = applied(
        MONITORING,
        [AlertChange(alert="AsynqQueueWaitHigh", hold="10m", unit=asynq.QUEUE_WAIT_HIGH.signal.unit)],  # type: ignore[arg-type]
    )
    assert str(changed.alerts["AsynqQueueWaitHigh"].hold_for(Severity.WARNING)) == "10m"


def test_warnings_and_critical_alerts_of_a_queue_change_one_condition(history: History) -> None:
    found = tune(history, wanted=0)
    named = [p.change for p in found.proposals if isinstance(p.change, LevelChange)]
    assert len({(c.name, c.alert) for c in named}) == len(named)
    (mail,) = [c for c in named if c.name == "mail" and c.alert == "AsynqQueueWaitHigh"]
    assert isinstance(mail.when, Above)
    assert isinstance(mail.when.warning, float)
    assert isinstance(mail.when.critical, float)
    assert 60 < mail.when.warning < mail.when.critical
    assert mail.when.critical > 2400
    left = {(r.alert, r.subject) for r in found.after.rows}
    assert ("AsynqQueueWaitHigh", "mail") not in left


def test_holds_by_severity_are_tried_once_each() -> None:
    unit = asynq.QUEUE_WAIT_HIGH.signal.unit
    holds = [{Severity.WARNING: Duration(m * 60_000), Severity.CRITICAL: Duration(60_000)} for m in (5, 10, 10)]
    changes = [AlertChange(alert="AsynqQueueWaitHigh", hold=hold, unit=unit) for hold in holds]
    assert len(set(changes)) == 2
    changed = applied(MONITORING, changes[1:2]).alerts["AsynqQueueWaitHigh"]
    assert [str(changed.hold_for(s)) for s in (Severity.WARNING, Severity.CRITICAL)] == ["10m", "1m"]


def test_two_incidents_on_one_condition_are_both_told(history: History) -> None:
    first, second = INCIDENTS[1], evolve(INCIDENTS[1], start=DIP[0] + 30, name="the same dip, seen later")
    found = tune(history, wanted=1e9, incidents=(first, second))
    (only,) = found.proposals
    assert [i.name for i in only.told] == ["a dip", "the same dip, seen later"]


def test_the_farther_of_two_lower_levels_is_kept() -> None:
    plan = planned(MONITORING)
    place = place_for(plan, "AsynqQueueWaitHigh", "warning", {"queue": "dip"})
    assert place is not None
    near, far = lower(place, 3)[0], lower(place, 3)[2]
    one, two = (
        Firing(labels=(("queue", "dip"), ("severity", "warning"), ("threat", "bottleneck")), start=at, end=at + 60)
        for at in (1000.0, 9000.0)
    )
    some = [
        Incident(start=f.start, end=f.start + 60, queue="dip", name=name) for f, name in ((one, "one"), (two, "two"))
    ]
    proposals = [
        Proposal(change=near, severity="warning", place=place, before=(), after=(one,), told=(some[0],)),
        Proposal(change=far, severity="warning", place=place, before=(), after=(one, two), told=(some[1],)),
    ]
    for given in (proposals, proposals[::-1]):
        (both,) = merged(given)
        assert both.change == far
        assert both.after == (one, two)
        assert {i.name for i in both.told} == {"one", "two"}


def test_what_the_server_warned_of_is_told(history: History) -> None:
    assert list(notes_on(history, ("a store did not answer",)))[-1] == "The server warned: a store did not answer"
