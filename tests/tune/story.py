"""Four hours of a made-up deployment with a batch each hour, and ``asynq-mon tune`` over them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from tests.engine.made_up import Queue, history

START = 1_767_225_600
HOUR = 3600
END = START + 4 * HOUR
BATCH = tuple((START + h * HOUR, START + h * HOUR + 420) for h in range(1, 4))

DECLARATION = '''\
"""Ours."""

from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="shop",
    queues=(
        Queue("mail"),  # customers wait for it
        Queue("batch", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="2m", critical="5m")}),  # nightly
    ),
    alerts=asynq.ALERTS,
)
'''
TUNED = DECLARATION.replace('Above(warning="2m", critical="5m")', 'Above(warning="5m", critical="15m")')


def made(data: Path) -> None:
    """The blocks of the server."""
    history(data, (Queue(name="mail"), Queue(name="batch", stopped=BATCH)), START - HOUR, END)


def run(url: str, work: Path, *more: str) -> Result:
    times = ("--range", "4h", "--end", "2026-01-01T04:00:00Z", "--work", str(work))
    return CliRunner().invoke(main, ["tune", "--prometheus", url, *times, "--alert", "AsynqQueueWaitHigh", *more])
