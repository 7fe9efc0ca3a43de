"""Incidents that are known, and how the alerts did in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynq_mon_codegen.backtest.incidents import AFTERMATH, read_incidents, score
from asynq_mon_codegen.backtest.summary import FLAP, rows
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.errors import UsageError

FILE = """\
- from: 2026-01-01T02:00:00Z
  to: 2026-01-01T02:30:00+00:00
  queue: mail
  threat: dependency
  name: provider down
- {from: "2026-01-01T00:00:00Z", to: "2026-01-01T01:00:00Z"}
"""
T = 1_767_225_600.0
HOUR = 3600.0


def firing(
    name: str,
    start: float,
    end: float | None,
    *,
    severity: str = "critical",
    threat: str = "dependency",
    queue: str = "",
) -> Firing:
    labels = {"alertname": name, "severity": severity, "threat": threat, "queue": queue}
    return Firing(labels=tuple((k, v) for k, v in labels.items() if v), start=start, end=end)


def read(folder: Path, text: str = FILE) -> tuple[object, ...]:
    path = folder / "incidents.yaml"
    path.write_text(text)
    return read_incidents(path)


def test_incidents_are_read_in_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "i.yaml").write_text(FILE)
    first, second = read_incidents(tmp_path / "i.yaml")
    assert (first.start, first.end, first.queue, first.threat) == (T, T + HOUR, "", "")
    assert (second.title, second.start - T, second.queue, second.threat) == (
        "provider down",
        2 * HOUR,
        "mail",
        "dependency",
    )
    (tmp_path / "empty.yaml").write_text("# none\n")
    assert read_incidents(tmp_path / "empty.yaml") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- from: [", ":2:1: error: not YAML"),
        ("from: x", ":1:1: error: not a list of incidents"),
        ("- hello", ":1:3: error: an incident is a mapping"),
        ("- {from: 2026-01-01T00:00:00Z, until: x}", ":1:32: error: unknown key 'until'"),
        ("- from: 2026-01-01T00:00:00Z", ":1:3: error: 'to' is missing"),
        ("- {from: 2026-01-01, to: 2026-01-02T00:00:00Z}", ":1:10: error: '2026-01-01' is not a time with its zone"),
        ("- {from: noon, from: noon}", ":1:16: error: 'from' stands here twice"),
        ("- {[a]: b}", ":1:4: error: a key is not a text"),
        ("- {from: noon, to: 2026-01-02T00:00:00Z}", ":1:10: error: 'noon' is not a time with its zone"),
        (
            "- {from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z}",
            ":1:36: error: the incident ends before it begins",
        ),
        (FILE.replace("dependency", "dependencies"), ":4:11: error: unknown threat 'dependencies'"),
        ("- {from: 2026-01-02T00:00:00Z, to: 2026-01-03T00:00:00Z, queue: [a]}", ":1:65: error: queue is not a text"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert f"incidents.yaml{said}" in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_incidents(tmp_path / "nowhere.yaml")


def test_an_incident_is_told_by_the_first_alert_of_its_threat_and_queue(tmp_path: Path) -> None:
    (tmp_path / "i.yaml").write_text(FILE)
    fired = (
        firing("Other", T + 2 * HOUR + 10, T + 3 * HOUR, queue="reports"),
        firing("Bottleneck", T + 2 * HOUR + 20, None, threat="bottleneck", queue="mail"),
        firing("Info", T + 2 * HOUR + 30, None, severity="info", queue="mail"),
        firing("Outage", T + 2 * HOUR + 300, None, queue="mail"),
        firing("RedisDown", T + 2 * HOUR + 200, None),
    )
    first, second = score(read_incidents(tmp_path / "i.yaml"), fired).verdicts
    assert first.delay is None
    assert (second.delay, second.alerts) == (200, ("Outage", "RedisDown"))


def test_what_belongs_to_no_incident_is_a_false_alarm(tmp_path: Path) -> None:
    (tmp_path / "i.yaml").write_text(FILE)
    end = T + 2.5 * HOUR
    fired = (
        firing("Before", T - 200, T - 100),
        firing("Already", T - 100, T + 10),
        firing("After", end + AFTERMATH - 1, end + 2 * HOUR, threat="bottleneck"),
        firing("Later", end + AFTERMATH + 1, None),
        firing("Quiet", end + 2 * HOUR, None, severity="info"),
    )
    found = score(read_incidents(tmp_path / "i.yaml"), fired)
    assert [fired[i].label("alertname") for i in found.false_alarms] == ["Before", "Later"]
    assert found.recall == 0.5
    assert found.verdicts[0].delay == 0


def test_without_incidents_nothing_was_missed() -> None:
    assert score((), ()).recall == 1


def test_an_alert_that_comes_back_soon_flaps() -> None:
    fired = (
        firing("A", 0, 100, queue="q"),
        firing("A", 100 + FLAP, 5000, queue="q"),
        firing("A", 5001 + FLAP, 9000, queue="q"),
        firing("A", 9100, None, queue="other", severity="warning"),
    )
    first, second = rows(fired, ())
    assert (first.subject, len(first.firings), first.flaps) == ("q", 3, 1)
    assert (first.longest(1e5), first.total(1e5)) == (5000 - 100 - FLAP, 100 + 5000 - 100 - FLAP + 9000 - 5001 - FLAP)
    assert (second.subject, second.severity, second.longest(9200)) == ("other", "warning", 100)
