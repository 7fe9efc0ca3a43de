"""What the tests of editing share: short names for changes, and one look at a result from every side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from asynq_mon_codegen import Above, Below, Severity, Unit, asynq
from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.tune.changes import AlertChange, Change, FloorChange, HoldChange, LevelChange
from asynq_mon_codegen.tune.edit import edited
from asynq_mon_codegen.tune.effect import holds, verified

RUFF = (sys.executable, "-m", "ruff")
WIDTH = 120


def queue(name: str, when: Above | Below, alert: str = "AsynqQueueWaitHigh") -> LevelChange:
    return LevelChange(owner="queue", name=name, alert=alert, when=when, unit=asynq.ALERTS[alert].signal.unit)


def task_type(name: str, when: Above | Below, alert: str = "AsynqTaskDurationHigh") -> LevelChange:
    return LevelChange(owner="task_type", name=name, alert=alert, when=when, unit=asynq.ALERTS[alert].signal.unit)


def held(name: str, hold: str | Mapping[Severity, str], alert: str = "AsynqQueueWaitHigh") -> HoldChange:
    return HoldChange(owner="queue", name=name, alert=alert, hold=written(hold), unit=asynq.ALERTS[alert].signal.unit)


def floored(name: str, floor: float, alert: str = "AsynqTaskFailureRatioHigh") -> FloorChange:
    return FloorChange(owner="queue", name=name, alert=alert, floor=floor, unit=asynq.ALERTS[alert].signal.unit)


def written(hold: str | Mapping[Severity, str]) -> Duration | Mapping[Severity, Duration]:
    if isinstance(hold, str):
        return duration(hold)
    return {severity: duration(text) for severity, text in hold.items()}


def alert(
    name: str,
    *,
    hold: str | Mapping[Severity, str] | None = None,
    when: Above | Below | None = None,
    floor: float | None = None,
    unit: Unit | None = None,
) -> AlertChange:
    lengths = None if hold is None else written(hold)
    return AlertChange(alert=name, hold=lengths, when=when, floor=floor, unit=unit or asynq.ALERTS[name].signal.unit)


def ruffs_opinion(text: str, width: int = WIDTH) -> str:
    """What ruff would change or complain about; empty where it is content."""
    common = ("--isolated", "--line-length", str(width), "--stdin-filename", "monitoring.py", "-")
    said = ""
    for command in (("format", "--diff"), ("check", "--quiet", "--select", "E,F,I,W")):
        done = subprocess.run(
            [*RUFF, *command, *common], input=text.encode(), capture_output=True, check=False, timeout=60
        )
        said += done.stdout.decode() if done.returncode else ""
    return said


def becomes(folder: Path, before: str, changes: Sequence[Change], after: str, width: int = WIDTH) -> None:
    """The changes make exactly this text, which is laid out well, loads, and does what was asked for."""
    assert ruffs_opinion(before, width) == "", "the text to edit is laid out by ruff"
    result = edited(before, changes, line_length=width)
    assert result.left == ()
    assert result.text == after
    assert result.done == tuple(changes)
    again = edited(after, changes, line_length=width)
    assert again.text == after, "editing again changes nothing"
    assert ruffs_opinion(after, width) == ""
    assert holds(verified(folder / "monitoring.py", after), changes) == ()


def stays(before: str, change: Change, reason: str, snippet: str) -> None:
    """The change is left to a person, with this reason and this to paste."""
    result = edited(before, [change], line_length=WIDTH)
    assert result.text == before
    assert result.done == ()
    assert result.left == ((change, reason, snippet),)


def formatted(text: str, width: int) -> str:
    """The text as ruff lays it out."""
    command = [*RUFF, "format", "--isolated", "--line-length", str(width), "--stdin-filename", "monitoring.py", "-"]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=60).stdout.decode()
