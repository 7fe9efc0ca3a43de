"""A declaration may give alerts other floors: the volumes of the generated tests follow them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import asynq
from asynq_mon_codegen.catalog.probes.monitoring import nothing
from asynq_mon_codegen.generators import rules
from asynq_mon_codegen.model import Alert, Alerts, Burn, Monitoring, Queue
from asynq_mon_codegen.plan import Plan, resolve
from asynq_mon_codegen.plan.time_factor import faster
from asynq_mon_codegen.simulator import Probe
from tests.promtool import PROMTOOL, written

WITH_FLOOR = tuple(a for a in asynq.ALERTS if a.has_floor and not isinstance(a.when, Burn))


def floors(alert: Alert) -> list[float]:
    """The numbers of its floors."""
    return [g.minimum for g in alert.guards if g.minimum is not None]


def plan_of(factor: float) -> Plan:
    """Nothing but the alerts that have a floor, each ``factor`` times as high."""
    alerts = Alerts(tuple(a.with_floor(floors(a)[0] * factor) for a in WITH_FLOOR))
    names = alerts.names()
    apart = (evolve(a, inhibits=tuple(i for i in a.inhibits if i in names)) for a in alerts)
    return resolve(Monitoring(alerts=Alerts(tuple(apart)), instrumentation=True))


def promtool(*tests: Path) -> subprocess.CompletedProcess[str]:
    """The real promtool's verdict."""
    return subprocess.run([PROMTOOL, "test", "rules", *tests], capture_output=True, text=True, check=False)


@pytest.mark.outputs
@pytest.mark.parametrize("factor", [0.5, 1.7, 8])
def test_the_tests_of_other_floors_pass(factor: float, tmp_path: Path) -> None:
    """Lower, higher, and by a factor that no binary fraction is."""
    done = promtool(*written(plan_of(factor), tmp_path))

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.outputs
def test_the_tests_of_a_queue_with_floors_of_its_own_pass(tmp_path: Path) -> None:
    """The volumes follow the floor of the queue, and those of all others the catalogue's."""
    of_queues = [a for a in WITH_FLOOR if asynq.ALERTS[a.name].group in ("failures", "traffic", "waiting")]
    own = Queue("reports", floors={a.name: floors(a)[0] * 3 for a in of_queues})
    alerts = Alerts(tuple(evolve(a, inhibits=()) for a in of_queues))
    done = promtool(*written(resolve(Monitoring(alerts=alerts, queues=(own,), instrumentation=True)), tmp_path))

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.outputs
def test_only_the_floor_keeps_its_quiet_case_silent(tmp_path: Path) -> None:
    """Rules with a floor of 0 fail the tests of thirty times the floor: each alert fires in that very case."""
    tests = written(plan_of(30), tmp_path)
    for artifact in rules.generate(plan_of(0)):
        (tmp_path / artifact.path).write_text(artifact.text)

    done = promtool(*tests)

    told = slug(done.stdout + done.stderr).split("alertname-")
    for alert in WITH_FLOOR:
        mine = "".join(part for part in told if part.startswith(f"{alert.name.lower()}-"))
        text = next(g.text for g in alert.guards if g.minimum is not None).replace("{minimum}", "enough")
        assert f"-silent-{slug(text)}" in mine, alert.name


def slug(text: str) -> str:
    """As a host or an instance is named."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def test_every_floor_of_the_catalogue_has_a_probe_made_for_it() -> None:
    """Else its tests would not follow another floor."""
    assert WITH_FLOOR
    for alert in WITH_FLOOR:
        assert alert.probe is not None
        assert {alert.probe.floor} == set(floors(alert)), alert.name


def test_a_floor_of_nothing_has_no_case_below_it(tmp_path: Path) -> None:
    """And the rest passes at the probe's own volume."""
    tests = written(plan_of(0), tmp_path)

    for alert in WITH_FLOOR:
        text = next(g.text for g in alert.guards if g.minimum is not None).replace("{minimum}", "enough")
        assert not any(f"silent-{slug(text)}" in slug(test.read_text()) for test in tests), alert.name
    assert promtool(*tests).returncode == 0


@pytest.mark.parametrize(
    ("floor", "volume"), [(None, 1), (0, 1), (-1, 1), (20, 1), (40, pytest.approx(2)), (5, pytest.approx(0.25))]
)
def test_volume(floor: float | None, volume: float) -> None:
    """As much as the floor asks for, and a little more where it is another one."""
    probe = Probe(drive=nothing, floor=20)

    assert probe.volume(floor) == volume
    assert floor in (None, 0, -1, 20) or probe.volume(floor) > float(floor or 0) / 20
    assert Probe(drive=probe.drive).volume(floor) == 1


@pytest.mark.parametrize("name", ["AsynqWorkerMemoryGrowing", "AsynqWorkerGoroutinesGrowing"])
def test_the_age_of_a_process_is_no_floor(name: str) -> None:
    """`with_floor` lets it alone, and the lab does with it what it does with every length of time."""
    alert = asynq.ALERTS[name].with_floor(512)
    expr = next(r.expr for r in resolve(Monitoring(alerts=Alerts((alert,)))).alerts)
    fast = next(r.expr for r in resolve(faster(Monitoring(alerts=Alerts((alert,))), 10)).alerts)

    assert ">= 512" in expr
    assert "/ 3600 >= 2" in expr
    assert "/ 360 >= 2" in fast


def test_how_far_the_start_time_moves_is_no_floor() -> None:
    """It tells restarts from a clock that is set; in the lab it is as much shorter as everything else."""
    alone = Monitoring(alerts=Alerts((evolve(asynq.ALERTS["AsynqWorkerRestarting"], inhibits=()),)))
    assert not asynq.ALERTS["AsynqWorkerRestarting"].has_floor
    assert all("[30m]) >= 60" in r.expr for r in resolve(alone).alerts)
    assert all("[3m]) >= 6" in r.expr for r in resolve(faster(alone, 10)).alerts)
