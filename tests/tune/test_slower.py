"""Holds and floors from the history of a real Prometheus in which no level helps: all tasks fail, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Monitoring, Queue, Severity, Unit, asynq
from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.backtest.notifications import Notifier
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.engine.replay import History, open_history
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.generators import alertmanager
from asynq_mon_codegen.review.proposals import proposals
from asynq_mon_codegen.tune.applied import planned, rules_from
from asynq_mon_codegen.tune.changes import AlertChange, FloorChange, HoldChange
from asynq_mon_codegen.tune.ladder import HOLDS
from asynq_mon_codegen.tune.options import place_for
from asynq_mon_codegen.tune.proposal import Tuning
from asynq_mon_codegen.tune.search import tuned
from asynq_mon_codegen.tune.slower import held_longer
from asynq_mon_codegen.tune.told import headline, lines, proposal_data
from asynq_mon_codegen.tune.trials import begun
from tests.engine import made_up
from tests.tune.editing import becomes

START = 1_767_225_600
HOUR = 3600
MINUTE = 60
END = START + 8 * HOUR

FAILING = "AsynqTaskFailureRatioHigh"
ALERTS = asynq.ALERTS.without(*(a for a in asynq.ALERTS.names() if a != FAILING))
MONITORING = Monitoring(alerts=ALERTS, queues=(Queue("mail"),))

FLAPS = tuple((START + h * HOUR, START + h * HOUR + 7 * MINUTE) for h in range(1, 5))
"""Each hour all tasks fail for seven minutes, over by itself."""
LONG = tuple((START + h * HOUR, START + h * HOUR + 50 * MINUTE) for h in range(1, 5))
OUTAGE = (START + 6 * HOUR + 20 * MINUTE, START + 7 * HOUR + 20 * MINUTE)


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    data = tmp_path_factory.mktemp("server") / "data"
    queues = (
        made_up.Queue(name="flaps", failing=FLAPS),
        made_up.Queue(name="seldom", rate=1 / 15, failing=LONG),
        made_up.Queue(name="mail", failing=(OUTAGE,)),
        made_up.Queue(name="calm"),
    )
    made_up.history(data, queues, START - HOUR, END)
    with serving(data) as server:
        yield open_history(
            server, [rules_from(planned(MONITORING))], START, END, tmp_path_factory.mktemp("work"), nothing
        )


INCIDENTS = (Incident(start=OUTAGE[0], end=OUTAGE[1], queue="mail", name="the provider was down"),)


def notifier(monitoring: Monitoring) -> Notifier:
    (config,) = [a.text for a in alertmanager.generate(planned(monitoring)) if a.path == alertmanager.CONFIG]
    return Notifier.of("c", config)


def tune(
    history: History, wanted: float, incidents: Sequence[Incident] | None = None, monitoring: Monitoring = MONITORING
) -> Tuning:
    return tuned(monitoring, history, notifier(monitoring), incidents, wanted, nothing)


def fired(found: Tuning, queue: str) -> list[int]:
    """How often it fired for a queue before and after."""
    every = (found.before.replay.firings, found.after.replay.firings)
    return [sum(f.label("queue") == queue for f in firings) for firings in every]


BEFORE = """\
from asynq_mon_codegen import Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("mail"),
        Queue("flaps"),  # its provider has hiccups
    ),
    alerts=asynq.ALERTS,
)
"""
AFTER = """\
from asynq_mon_codegen import Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("mail"),
        Queue("flaps", holds={asynq.TASK_FAILURE_RATIO_HIGH: "10m"}),  # its provider has hiccups
        Queue("seldom", optional=True, floors={asynq.TASK_FAILURE_RATIO_HIGH: 50}),
    ),
    alerts=asynq.ALERTS,
)
"""
HELD = HoldChange(owner="queue", name="flaps", alert=FAILING, hold=duration("10m"), unit=Unit.RATIO)
FLOORED = FloorChange(owner="queue", name="seldom", alert=FAILING, floor=50, unit=Unit.RATIO)


def test_a_queue_that_flaps_is_held_longer_and_one_with_little_to_do_has_a_higher_floor(history: History) -> None:
    found = tune(history, 0, INCIDENTS)
    assert [p.change for p in found.proposals] == [HELD, FLOORED]
    assert [headline(p) for p in found.proposals] == [
        f"{FAILING}, queue flaps: hold 5m -> 10m",
        f"{FAILING}, queue seldom: floor 10 -> 50",
    ]
    assert fired(found, "flaps") == [8, 0]
    assert fired(found, "seldom") == [8, 0]
    assert fired(found, "mail") == [2, 2]
    assert found.after.score is not None
    assert found.after.score.recall == 1
    assert found.after.a_week < found.before.a_week / 2


def test_what_it_would_have_missed(history: History) -> None:
    held, _ = tune(history, 0, INCIDENTS).proposals
    said = list(lines(held, INCIDENTS, END))
    assert said[0] == "would have fired 0 times instead of 8"
    assert said[1].startswith("no longer: 8 times, at worst 100%, the longest 3m")
    assert said[2].startswith("  2026-01-01 01:05 for 3m")
    assert (proposal_data(held, END)["owner"], proposal_data(held, END)["name"]) == ("queue", "flaps")


def test_they_are_written_and_shown_in_a_review(history: History, tmp_path: Path) -> None:
    found = tune(history, 0, INCIDENTS)
    becomes(tmp_path, BEFORE, [p.change for p in found.proposals], AFTER)
    held, floored = proposals(found, INCIDENTS).each
    assert held.startswith(
        f"```text\n{FAILING}, queue flaps: hold 5m -> 10m\n  would have fired 0 times instead of 8\n"
    )
    assert floored.startswith(f"```text\n{FAILING}, queue seldom: floor 10 -> 50\n")


def test_a_run_is_not_made_for_each_queue(history: History) -> None:
    """The hold of all is tried at once: what is evaluated are the rules of the alert once for each hold and floor."""
    trials = begun(MONITORING, history, notifier(MONITORING), None, nothing, ())
    assert len(list(held_longer(trials, 0))) == 2
    assert 0 < len(trials.tries) <= len(HOLDS) + 3
    assert all(len(changes) == 1 for changes in trials.tries)


def test_an_incident_forbids_the_hold_and_the_floor(history: History) -> None:
    """It is told by what flaps, and by nothing else."""
    told = (
        Incident(start=FLAPS[2][0], end=FLAPS[2][1], queue="flaps", name="the provider was down"),
        Incident(start=LONG[2][0], end=LONG[2][1], queue="seldom", name="a customer was angry"),
    )
    found = tune(history, 0, told)
    assert [p for p in found.proposals if isinstance(p.change, HoldChange | FloorChange)] == []
    assert found.after.score is not None
    assert found.after.score.recall == 1


def test_a_queue_with_a_hold_of_its_own_is_held_longer_still(history: History) -> None:
    own = Queue("flaps", optional=True, holds={FAILING: {Severity.CRITICAL: "6m"}})
    monitoring = evolve(MONITORING, queues=(*MONITORING.queues, own))
    trials = begun(monitoring, history, notifier(monitoring), INCIDENTS, nothing, ())
    held, _ = held_longer(trials, 0)
    assert held.change == evolve(HELD, hold=dict.fromkeys((Severity.CRITICAL, Severity.WARNING), duration("10m")))
    assert headline(held) == f"{FAILING}, queue flaps: hold critical 6m -> 10m, warning 5m -> 10m"
    after = trials.changed([held.change]).before.replay.firings
    assert [f for f in after if f.label("queue") == "flaps"] == list(held.after) == []


def test_the_levels_of_a_queue_with_a_hold_of_its_own_are_known() -> None:
    own = Above(warning=0.3, critical=0.6)
    queues = (Queue("flaps", thresholds={FAILING: own}, holds={FAILING: "10m"}), Queue("mail", holds={FAILING: "10m"}))
    plan = planned(evolve(MONITORING, queues=queues))
    for name, when in (("flaps", own), ("mail", asynq.TASK_FAILURE_RATIO_HIGH.when)):
        place = place_for(plan, FAILING, "warning", {"queue": name})
        assert place is not None
        assert place.levels == {s: when.level(s) for s in (Severity.INFO, Severity.WARNING, Severity.CRITICAL)}


def test_few_changes_are_needed_where_little_is_wanted(history: History) -> None:
    """The loudest queue first, and then no more."""
    before = tune(history, 1e9).before.a_week
    found = tune(history, before - 1, INCIDENTS)
    assert len(found.proposals) == 1


def test_the_same_for_most_is_one_change_for_everybody(tmp_path: Path) -> None:
    """Three of four that fired flap, and nothing is lost of the fourth. Levels, which one engine would try, are not."""
    data = tmp_path / "data"
    flapping = (made_up.Queue(name=f"flaps-{i}", failing=FLAPS) for i in range(3))
    made_up.history(data, (*flapping, made_up.Queue(name="mail", failing=(OUTAGE,))), START - HOUR, END)
    with serving(data) as server:
        rules = rules_from(planned(MONITORING))
        history = open_history(server, [rules], START, END, tmp_path / "work", nothing)
    (only,) = held_longer(begun(MONITORING, history, notifier(MONITORING), INCIDENTS, nothing, ()), 0)
    assert only.change == AlertChange(alert=FAILING, hold=duration("10m"), unit=Unit.RATIO)
    assert headline(only) == f"{FAILING}, for everybody: hold 5m -> 10m"
    assert {f.label("queue") for f in only.before} == {"mail", "flaps-0", "flaps-1", "flaps-2"}
    assert [f.label("queue") for f in only.after] == ["mail", "mail"]
