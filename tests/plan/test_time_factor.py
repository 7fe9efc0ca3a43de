"""The lab's clock: everything that is a length of time changes with it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from asynq_mon_codegen import Above, Fleet, Monitoring, Queue, TaskType, Unit, asynq
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.generators import alertmanager
from asynq_mon_codegen.model import merged
from asynq_mon_codegen.plan import Plan, resolve

FACTOR = 20
DECLARED = Monitoring(
    alerts=asynq.ALERTS,
    instrumentation=True,
    queues=(Queue("payments", thresholds={"AsynqQueueWaitHigh": Above(warning="10s", critical="20s")}),),
    task_types=(TaskType("report:tick", every="1m"),),
)
_LENGTHS = re.compile(r"(?<=\[)[0-9a-z]+(?=\])|(?<=offset )[0-9a-z]+")


def _plan(factor: int) -> Plan:
    return resolve(DECLARED, dashboard_records(DECLARED), time_factor=factor)


def _milliseconds(text: str) -> int:
    units = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)(ms|[smhdw])", text))


def test_every_window_and_offset_is_divided() -> None:
    """No expression keeps a window, and none gets another but the twentieth of its own."""
    pairs = [(a.expr, b.expr) for a, b in zip(_plan(1).alerts, _plan(FACTOR).alerts, strict=True)]
    pairs += [(a.expr, b.expr) for a, b in zip(_plan(1).records, _plan(FACTOR).records, strict=True)]
    lengths = [(_LENGTHS.findall(real), _LENGTHS.findall(fast)) for real, fast in pairs]
    assert sum(len(real) for real, _ in lengths) > 60
    for real, fast in lengths:
        assert [_milliseconds(r) / FACTOR for r in real] == [_milliseconds(f) for f in fast]


def test_every_hold_is_divided() -> None:
    """Holds and keep_firing_for follow the clock; an alert without a hold still has none."""
    for real, fast in zip(_plan(1).alerts, _plan(FACTOR).alerts, strict=True):
        assert fast.hold == Duration(real.hold.milliseconds // FACTOR), real.name
        assert (fast.keep_firing_for is None) == (real.keep_firing_for is None)


def test_levels_follow_their_unit() -> None:
    """Seconds are divided, those of a queue and a period too; ratios and counts stay."""
    rules = {(r.name, r.severity.value): r for r in _plan(FACTOR).alerts}
    wait = rules["AsynqQueueWaitHigh", "critical"]
    assert [c.level for c in wait.classes] == [1.0, 15.0]
    periodic = rules["AsynqPeriodicTaskMissing", "warning"]
    assert periodic.classes[0].level == 2 * 60 / FACTOR
    assert rules["AsynqTaskFailureRatioHigh", "critical"].default_level == 0.25
    assert rules["AsynqArchiveNearlyFull", "critical"].default_level == 9500


def test_levels_of_a_service_follow_too() -> None:
    """What one service of a fleet declares for an alert as a whole is in seconds as well."""
    own = Monitoring(
        service="orders",
        where={"namespace": "orders"},
        identity=("namespace",),
        thresholds={"AsynqQueueWaitHigh": Above(warning="10s", critical="20s")},
        alerts=asynq.ALERTS,
    )
    fleet = merged(Fleet(identity=("namespace",), alerts=asynq.ALERTS, services=(own,)))
    [critical, warning] = resolve(fleet, time_factor=FACTOR).rules_of(asynq.ALERTS["AsynqQueueWaitHigh"])
    assert [c.level for c in critical.classes] == [1.0, 15.0]
    assert [c.level for c in warning.classes] == [0.5, 3.0]


def test_constants_follow_their_dimension() -> None:
    """A window as a factor, a look ahead, an age and a number per second are lengths of time too."""
    texts = {r.name: r.expr for r in _plan(FACTOR).alerts}
    assert "rate5m * 15 >= 10" in texts["AsynqTaskFailureRatioHigh"]
    assert "[3m], 720)" in texts["AsynqWorkerMemoryGrowing"]
    assert ">= 3" in texts["AsynqWorkerRestarting"]
    assert "< 0.2" in texts["AsynqQueueStalled"]


def test_names_and_declaration_stay() -> None:
    """Series keep their names, so that dashboards and runbooks are those of the product."""
    assert [r.name for r in _plan(1).records] == [r.name for r in _plan(FACTOR).records]
    assert _plan(FACTOR).monitoring == DECLARED


def test_alertmanager_waits_less() -> None:
    """Grouping and repeating follow the clock, and a wait of nothing stays one."""
    text = alertmanager.generate(_plan(FACTOR))[0].text
    waits = set(re.findall(r'group_wait: "(\w+)"', text))
    assert waits == {"0s", "1s500ms", "3s", "15s"}


def test_other_units_per_second() -> None:
    """A threshold that is a rate grows with the clock, as the rate does."""
    signal = evolve(asynq.ALERTS["AsynqQueueWaitHigh"].signal, unit=Unit.TASKS_PER_SECOND)
    alert = evolve(asynq.ALERTS["AsynqQueueWaitHigh"], signal=signal, when=Above(warning=3))
    rules = resolve(Monitoring(alerts=asynq.ALERTS.replace(alert)), time_factor=FACTOR).rules_of(alert)
    assert rules[0].default_level == 60


@pytest.mark.parametrize("factor", [0, -20])
def test_time_never_stands_still(factor: int) -> None:
    """A factor below 1 is no clock."""
    with pytest.raises(UsageError, match="time factor"):
        _plan(factor)


def test_refused_outside_the_lab(tmp_path: Path) -> None:
    """Rules of another clock never reach a folder that is not a lab's."""
    arguments = ["generate", "--time-factor", "20", "--out", str(tmp_path)]
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "the project's own lab only" in refused.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / ".asynq-mon-lab").touch()
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert 'interval: "1s500ms"' in (tmp_path / "rules" / "waiting.yaml").read_text(encoding="utf-8")
