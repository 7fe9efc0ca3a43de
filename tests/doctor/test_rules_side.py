"""Loaded rules against declared ones."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Queue, asynq
from asynq_mon_codegen.doctor import rules
from asynq_mon_codegen.doctor.finding import Finding, Level
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.plan import Plan
from tests.doctor.conftest import Look
from tests.doctor.servers import System, Web, declare, plan_of

pytestmark = pytest.mark.e2e


def loaded(running: Running) -> list[Finding]:
    return list(rules.loaded(running))


def changed(name: str, **changes: Any) -> Plan:
    """The declaration with one alert changed."""
    return plan_of(declare(alerts=[evolve(a, **changes) if a.name == name else a for a in asynq.ALERTS]))


def test_the_same(look: Look) -> None:
    """Prometheus prints every expression anew; none of it is a difference."""
    assert loaded(look()) == []


def test_a_threshold(look: Look) -> None:
    """Which number it is, and which was declared."""
    found = loaded(look(changed("AsynqQueueWaitHigh", when=Above(warning=60, critical=240))))[0]

    assert found.level is Level.ERROR
    assert "AsynqQueueWaitHigh (critical)" in found.what
    assert "its expression has 300, declared is 240" in found.what
    assert "annotation" not in found.what
    assert found.alerts == ("AsynqQueueWaitHigh",)


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        pytest.param({"hold": "3m"}, Level.ERROR, "for is 2m, declared 3m", id="for"),
        pytest.param({"keep_firing_for": "9m"}, Level.ERROR, "keep_firing_for is 5m, declared 9m", id="keep"),
        pytest.param({"summary": "Slow"}, Level.WARNING, "annotation summary is", id="a text"),
        pytest.param({"guards": ()}, Level.ERROR, "its expression is queue:", id="a guard"),
    ],
)
def test_other_differences(look: Look, changes: dict[str, Any], level: Level, text: str) -> None:
    """What else a rule consists of."""
    found = [f for f in loaded(look(changed("AsynqQueueWaitHigh", **changes))) if "AsynqQueueWaitHigh" in f.alerts]

    assert found
    assert {f.level for f in found} == {level}
    assert all(text in f.what for f in found)


def test_a_queue_with_a_hold_of_its_own(look: Look) -> None:
    """Its rule is told apart from that for all others, which excludes it now."""
    queue = Queue("reports", holds={asynq.QUEUE_PAUSED: "9h"})
    found = [f for f in loaded(look(plan_of(declare(queues=[queue])))) if f.alerts == ("AsynqQueuePaused",)]

    assert [f.what for f in found if "reports" in f.what.partition(":")[0]] == [
        "AsynqQueuePaused (warning, reports): declared and not loaded"
    ]
    assert any(f.what.startswith("AsynqQueuePaused (warning): not as declared") for f in found)


def test_labels_and_intervals(look: Look) -> None:
    """Another team is another route."""
    found = loaded(look(plan_of(declare(team="core", evaluation_interval="5s"))))

    assert any("label team is '', declared 'core'" in f.what for f in found)
    assert any("evaluated every 1s, declared is every 5s" in f.what for f in found)


def test_rules_that_are_missing_and_left_over(look: Look) -> None:
    """An alert that was declared since, and one that was removed since."""
    more = evolve(asynq.ALERTS["AsynqQueueWaitHigh"], name="AsynqNew")
    fewer = [a for a in asynq.ALERTS if a.name != "AsynqQueueWaitHigh"]
    found = loaded(look(plan_of(declare(alerts=[*fewer, more]))))

    assert any("AsynqNew (warning): declared and not loaded" in f.what and f.level is Level.ERROR for f in found)
    assert any(f.alerts == ("AsynqQueueWaitHigh",) and "nobody declares it" in f.what for f in found)


def test_what_differs_alike_is_told_once(look: Look) -> None:
    """An old generation is a few findings, not hundreds."""
    found = loaded(look(plan_of(declare(service="other", evaluation_interval="5s"))))

    assert len(found) <= 12
    assert any("rules or groups: not as declared: label service is 'shop', declared 'other'" in f.what for f in found)
    assert len({name for f in found for name in f.alerts}) > 30


def test_groups(look: Look, broken: str) -> None:
    """None of ours is there, and an old one is."""
    found = loaded(look(prometheus=broken))

    assert [f.level for f in found] == [Level.ERROR, Level.WARNING]
    assert "none of the declared rule groups is loaded" in found[0].what
    assert "asynq-old is loaded, and nobody declares it" in found[1].what
    assert found[1].alerts == ("AsynqOld",)


def test_a_rule_that_fails(look: Look, broken: str) -> None:
    """With Prometheus' own words."""
    (found,) = rules.health(look(prometheus=broken))

    assert found.level is Level.ERROR
    assert "AsynqOld fails" in found.what
    assert "many-to-many" in found.what


def group(**changes: Any) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time()))
    rule = {"name": "A", "query": "up", "type": "alerting", "health": "ok"}
    return {
        "name": "asynq-a",
        "file": "a.yaml",
        "interval": 30,
        "evaluationTime": 1,
        "lastEvaluation": now,
        "rules": [rule],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        pytest.param({}, None, "", id="well"),
        pytest.param({"lastEvaluation": "2026-01-01T00:00:00Z"}, Level.ERROR, "was last evaluated", id="old"),
        pytest.param({"lastEvaluation": "0001-01-01T00:00:00Z"}, None, "", id="not yet"),
        pytest.param({"evaluationTime": 25}, Level.WARNING, "takes 25s of its 30s", id="near"),
        pytest.param({"evaluationTime": 40}, Level.ERROR, "evaluations are skipped", id="over"),
    ],
)
def test_evaluation(look: Look, changes: dict[str, Any], level: Level | None, text: str) -> None:
    """A group must be evaluated, and in time."""

    def answer(path: str) -> tuple[int, str]:
        if path.startswith("/api/v1/rules"):
            return 200, json.dumps({"status": "success", "data": {"groups": [group(**changes)]}})
        now = time.time()
        return 200, json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [now, str(now)]}})

    web = Web(answer)
    found = list(rules.health(look(prometheus=web.url)))
    web.stop()

    assert [f.level for f in found] == ([] if level is None else [level])
    assert all(text in f.what for f in found)


def test_a_group_that_is_loaded_twice(look: Look, healthy: System) -> None:
    """A second copy of a file."""
    with urllib.request.urlopen(f"{healthy.prometheus}/api/v1/rules") as answer:
        body = json.load(answer)
    groups = body["data"]["groups"]
    groups += [{**g, "file": "copy.yaml"} for g in groups if g["name"] == "asynq-waiting"]
    web = Web(lambda _: (200, json.dumps(body)))
    found = loaded(look(prometheus=web.url))
    web.stop()

    assert [f.what for f in found] == ["rule group asynq-waiting is loaded 2 times: every alert is evaluated as often"]
    assert "copy.yaml" in found[0].where


@pytest.mark.parametrize(
    ("version", "without", "differs"),
    [
        pytest.param("0.42.4", 0, False, id="Thanos"),
        pytest.param("0.42.4", 1, True, id="not on every rule"),
        pytest.param("3.16.0", 0, True, id="Prometheus"),
    ],
)
def test_external_labels(look: Look, healthy: System, version: str, without: int, differs: bool) -> None:
    """Thanos adds them to every rule that it lists; Prometheus has on a rule what its file says."""
    with urllib.request.urlopen(f"{healthy.prometheus}/api/v1/rules") as answer:
        body = json.load(answer)
    every = [rule for group in body["data"]["groups"] for rule in group["rules"]]
    for rule in every[without:]:
        rule["labels"] = {**rule.get("labels", {}), "cluster": "eu"}
    build = {"status": "success", "data": {"version": version, "revision": "abc"}}
    answers = {"/api/v1/rules": body, "/api/v1/status/buildinfo": build}
    web = Web(lambda path: (200, json.dumps(answers[path])))
    found = loaded(look(prometheus=web.url))
    web.stop()

    assert bool(found) is differs
    assert all("label cluster is 'eu', declared ''" in one.what for one in found)
