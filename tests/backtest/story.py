"""Three hours of a made-up deployment in which nobody works for a while, and ``asynq-mon backtest`` over them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from tests.engine.made_up import Queue, history

START = 1_767_225_600
"""2026-01-01 00:00 UTC."""
END = START + 3 * 3600
DECLARATION = """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(Queue("mail", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="10m", critical="20m")}),),
    alerts=asynq.ALERTS,
)
"""
INCIDENTS = """\
- {from: 2026-01-01T01:00:00Z, to: 2026-01-01T01:30:00Z, queue: mail, name: nobody worked}
- {from: 2026-01-01T02:30:00Z, to: 2026-01-01T02:40:00Z, threat: dependency, name: Redis was away}
"""


def made(data: Path) -> None:
    """The blocks of the server."""
    queues = (Queue(name="mail", stopped=((START + 3600, START + 5400),)), Queue(name="calm"))
    history(data, queues, START - 3600, END)


def run(url: str, work: Path, *more: str) -> Result:
    times = ("--range", "3h", "--end", "2026-01-01T03:00:00Z", "--work", str(work))
    some = ("QueueWaitHigh", "QueueStalled", "RedisDown", "Watchdog")
    alerts = (part for name in some for part in ("--alert", f"Asynq{name}"))
    return CliRunner().invoke(main, ["backtest", "--prometheus", url, *times, *alerts, *more])
