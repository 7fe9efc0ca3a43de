"""How a scenario is judged: from what fired and what arrived, without running anything."""

from __future__ import annotations

from attrs import evolve

from asynq_mon_codegen import Severity, Threat
from asynq_mon_codegen.plan import Plan, resolve
from lab.messages import Message
from lab.monitoring import monitoring
from lab.observed import Firing, firings
from lab.report import Moments, Report, floor_of, judge
from lab.scenario import Expected, Kind, Scenario

FACTOR = 20
BROKEN = 1_000_000.0
MOMENTS = Moments(began=BROKEN - 45, broken=BROKEN, mended=None, ended=BROKEN + 60)
MENDED = evolve(MOMENTS, mended=BROKEN + 20)
WAIT = Expected(
    alert="AsynqQueueWaitHigh",
    severity=Severity.WARNING,
    threat=Threat.BOTTLENECK,
    within="5m",
    labels={"queue": "low"},
)
FAULT = Scenario(title="a queue waits", must=(WAIT,), may=("AsynqQueueStalled",))
HEALTHY = Scenario(title="nothing", kind=Kind.HEALTHY)
PLAN: Plan = resolve(monitoring)


def _firing(after: float, alert: str = "AsynqQueueWaitHigh", **labels: str) -> Firing:
    """An alert that fires so many production seconds after the fault, to the end."""
    own = {"severity": "warning", "threat": "bottleneck", "queue": "low"}
    all_labels = {"alertname": alert, **own, **labels}
    return Firing(labels=tuple(sorted(all_labels.items())), since=BROKEN + after / FACTOR, until=MOMENTS.ended)


def _slack(after: float, *, inhibited: bool = True, over: bool = False) -> Message:
    text = "Resolved: *AsynqQueueWaitHigh* queue `low`" if over else "*AsynqQueueWaitHigh* queue `low`\nIt waits.\n"
    return Message(
        at=BROKEN + after / FACTOR,
        channel="slack",
        inhibited=inhibited,
        firing=not over,
        title=f"[{'RESOLVED' if over else 'FIRING:1'}] WARNING shop: Tasks wait",
        text=text,
        links=(),
        payload={},
    )


def _mail(after: float, *, over: bool = False) -> Message:
    part = "\nResolved:\n" if over else "\nFiring:\n"
    text = f"Tasks wait\n{part}\nAsynqQueueWaitHigh queue=low\n  Tasks wait\n  It waits.\n"
    return evolve(_slack(after, over=over), channel="email", text=text)


def _told(after: float) -> list[Message]:
    """The same news in Slack and by mail, where warnings go."""
    return [_slack(after), _mail(after)]


def _judged(story: Scenario, found: list[Firing], messages: list[Message], moments: Moments = MOMENTS) -> Report:
    return judge("it", story, moments, found, messages, PLAN, FACTOR)


def test_a_detected_fault_has_no_problems() -> None:
    """The right alert in time, one message: times are production seconds."""
    report = _judged(FAULT, [_firing(200)], [*_told(230), _slack(230, inhibited=False)])
    assert report.problems == ()
    assert (report.fired, report.told, report.first, report.threat) == (200, 230, "AsynqQueueWaitHigh", "bottleneck")
    assert (report.notifications, report.notifications_without_inhibition) == (1, 1)


def test_a_missed_fault_is_a_problem() -> None:
    """Nothing fired, nobody was told."""
    problems = _judged(FAULT, [], []).problems
    assert problems[0] == "missed: AsynqQueueWaitHigh (warning, bottleneck, queue=low)"
    assert "slack: no message names AsynqQueueWaitHigh" in problems
    assert "email: no message names AsynqQueueWaitHigh" in problems


def test_the_wrong_queue_does_not_count() -> None:
    """An alert about another queue detects nothing."""
    assert any(p.startswith("missed") for p in _judged(FAULT, [_firing(200, queue="critical")], _told(230)).problems)


def test_the_wrong_severity_does_not_count() -> None:
    """A critical alert is none of severity warning."""
    assert any(p.startswith("missed") for p in _judged(FAULT, [_firing(200, severity="critical")], []).problems)


def test_a_late_alert_is_a_problem() -> None:
    """Five minutes were wanted."""
    problems = _judged(FAULT, [_firing(301)], _told(330)).problems
    assert problems == ("late: AsynqQueueWaitHigh (warning, bottleneck, queue=low) after 301s, wanted within 5m",)


def test_an_alert_that_nobody_expects_is_a_false_alarm() -> None:
    """Neither must nor may: false; may: fine; info: nobody is told at once."""
    found = [_firing(200), _firing(210, "AsynqQueueStalled"), _firing(220, "AsynqQueueSurge")]
    report = _judged(FAULT, [*found, _firing(230, "AsynqQueueStarved", severity="info")], _told(230))
    assert report.false_alarms == ("AsynqQueueSurge (warning, queue=low)",)
    assert report.problems == ("false alarm: AsynqQueueSurge (warning, queue=low)",)


def test_an_alert_before_the_fault_is_a_false_alarm() -> None:
    """The expected alert, too, when nothing is broken yet."""
    assert _judged(FAULT, [_firing(-60), _firing(200)], _told(230)).false_alarms


def test_every_alert_of_a_healthy_system_is_false() -> None:
    """A healthy scenario allows nothing of severity warning or critical."""
    report = _judged(HEALTHY, [_firing(200)], [])
    assert report.problems == ("false alarm: AsynqQueueWaitHigh (warning, queue=low)",)
    assert _judged(HEALTHY, [], []).problems == ()


def test_a_flood_of_messages_is_a_problem() -> None:
    """More than three notifications for one incident."""
    report = _judged(FAULT, [_firing(200)], [m for i in range(4) for m in _told(230 + i)])
    assert report.problems == ("4 notifications for one incident, 1 to 3 are wanted",)


def test_what_fires_on_after_the_repair_is_a_problem() -> None:
    """A repaired system is quiet at the end."""
    over = [_slack(900, over=True), _mail(900, over=True)]
    problems = _judged(FAULT, [_firing(200)], [*_told(230), *over], MENDED).problems
    assert problems == ("still firing after the repair: AsynqQueueWaitHigh (warning, queue=low)",)


def test_people_are_told_that_it_is_over() -> None:
    """A repair without the message that says so leaves somebody awake."""
    found = [evolve(_firing(200), until=BROKEN + 30)]
    messages = [*_told(230), _slack(900, over=True)]
    assert _judged(FAULT, found, messages, MENDED).problems == (
        "email: no message says that AsynqQueueWaitHigh is over",
    )


def test_the_floor_is_made_of_its_four_parts() -> None:
    """Scrape 15 s, evaluation 30 s, hold 2 min, group wait of warnings 1 min."""
    assert floor_of(WAIT, PLAN) == 15 + 30 + 120 + 60


def test_gaps_end_an_episode() -> None:
    """Two stretches with a gap of more than two steps are two episodes."""
    series = [{"metric": {"__name__": "ALERTS", "alertname": "A"}, "values": [[t, "1"] for t in (1, 2, 3, 9, 10)]}]
    assert [(f.since, f.until) for f in firings(series, 1.0)] == [(1, 3), (9, 10)]
