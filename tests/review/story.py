"""Three hours of a made-up deployment in which something happens for every section of a review."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.engine.made_up import Queue, history

START = 1_767_225_600
"""2026-01-01 00:00 UTC, a Thursday."""
END = START + 3 * 3600
LOOKBACK = 29.999
"""Series that end are gone at the next step, as after a marker of staleness."""

DECLARATION = """\
from asynq_mon_codegen import Above, Alerts, Monitoring, Queue, asynq, evolve

monitoring = Monitoring(
    service="shop",
    team="checkout",
    queues=(
        Queue("mail"),
        Queue("slow", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="2h", critical="4h")}),
        Queue("edge", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="6m", critical="1h")}),
        Queue("ghost"),
        Queue("maybe", optional=True),
    ),
    alerts=Alerts(
        (
            evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning="1m", critical="29m")),
            asynq.QUEUE_STALLED,
            asynq.QUEUE_PAUSED,
            asynq.REDIS_DOWN,
            asynq.WATCHDOG,
        )
    ),
)
"""
NAMES = ("bulk", "import")
"""Queues that nobody declared; the first one is the noisy one."""
HOSTILE = ("*a* | <img src=x> @all", "`b` [c](https://evil.example)")


def _stopped(minute: int, minutes: int) -> tuple[float, float]:
    return START + minute * 60, START + (minute + minutes) * 60


def _alert(name: str, severity: str, queue: str, minute: int, minutes: int) -> tuple[str, float, float]:
    labels = f'alertname="{name}",alertstate="firing",severity="{severity}",queue="{queue}",cluster="one"'
    return (f"ALERTS{{{labels}}}", *_stopped(minute, minutes))


def made(data: Path, *, alerts: bool, names: tuple[str, str] = NAMES) -> None:
    """The blocks of the server; with ``alerts`` also what it fired itself."""
    queues = (
        Queue(name="mail", stopped=(_stopped(60, 30),)),
        Queue(name="slow", stopped=(_stopped(20, 6),)),
        Queue(name="edge", stopped=(_stopped(40, 6),)),
        Queue(name=names[0], rate=1.0, stopped=(_stopped(10, 12), _stopped(35, 12), _stopped(120, 12))),
        Queue(name=names[1], rate=5.0),
    )
    fired = (
        _alert("AsynqQueueStalled", "critical", "mail", 67, 33),
        _alert("AsynqQueuePaused", "warning", "mail", 100, 30),
        _alert("AsynqQueuePaused", "warning", "mail", 150, 30),
        _alert("AsynqQueueOld", "warning", "mail", 90, 5),
        _alert("AsynqWatchdog", "none", "", 0, 180),
    )
    history(data, queues, START - 1800, END, ones=fired if alerts else ())


def committed(folder: Path, date: str) -> None:
    """A commit of everything in the folder, which becomes a repository."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com"}
    who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_CONFIG_GLOBAL": "/dev/null"}
    env = {"PATH": os.environ["PATH"], "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, **who}
    for args in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "runbooks")):
        subprocess.run(["git", *args], cwd=folder, env=env, check=True, capture_output=True)
