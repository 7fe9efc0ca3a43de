"""Measure a fleet: `python bench/fleet.py [SERVICES ...]`; whole processes, seconds and peak resident memory.

Each service is a file of its own with a queue of its own, levels of its own, a team and receivers of its team.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

FLEET = """\
from asynq_mon_codegen import Fleet, asynq

monitoring = Fleet(identity=("cluster", "namespace"), service="{namespace}", alerts=asynq.ALERTS)
"""
SERVICE = """\
from asynq_mon_codegen import Above, Links, Monitoring, Queue, Receiver, Severity, asynq

pager = Receiver.pagerduty("team-{team}", routing_key_file="/etc/alertmanager/team-{team}")

monitoring = Monitoring(
    service="service-{number}",
    team="team-{team}",
    where={{"namespace": "ns-{number}"}},
    queues=(
        Queue("default"),
        Queue("payments", thresholds={{asynq.QUEUE_WAIT_HIGH: Above(warning={low}, critical={high})}}),
    ),
    alerts=asynq.ALERTS,
    thresholds={{asynq.BACKLOG_NOT_DRAINING: Above(warning="{minutes}m", critical="2h")}},
    receivers={{Severity.CRITICAL: pager, Severity.WARNING: pager, Severity.INFO: pager}},
    links=Links(runbooks="https://git.example.com/team-{team}/runbooks"),
)
"""


def write_services(folder: Path, count: int) -> None:
    """So many declarations, and what is common to them; services differ in their levels."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fleet.py").write_text(FLEET, encoding="utf-8")
    for number in range(count):
        team, low = number % 40, 5 + number % 10
        text = SERVICE.format(number=number, team=team, low=low, high=10 * low, minutes=20 + number % 5)
        (folder / f"service_{number:05}.py").write_text(text, encoding="utf-8")


def measured(services: Path, out: Path) -> tuple[float, float, float]:
    """Seconds on the wall, seconds of the processor, and peak MiB of one run of ``asynq-mon generate``."""
    command = [sys.executable, "-m", "asynq_mon_codegen", "generate", str(services), "--out", str(out)]
    begun = time.perf_counter()
    pid = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit code {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def rules_in(out: Path) -> tuple[int, float]:
    """How many rules the files hold, and their MiB."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((out / "rules").glob("*.yaml"))]
    found = sum(text.count("\n  - alert: ") + text.count("\n  - record: ") for text in texts)
    return found, sum(map(len, texts)) / 2**20


def main() -> None:
    """Print the table."""
    print(f"{'services':>9} {'seconds':>8} {'processor':>10} {'peak MiB':>9} {'rules':>6} {'rule files, MiB':>16}")
    for count in [int(text) for text in sys.argv[1:]] or [1, 100, 1000]:
        with tempfile.TemporaryDirectory() as folder:
            services, out = Path(folder) / "services", Path(folder) / "out"
            write_services(services, count)
            seconds, busy, peak = measured(services, out)
            found, size = rules_in(out)
            print(f"{count:9} {seconds:8.2f} {busy:10.2f} {peak:9.0f} {found:6} {size:16.2f}", flush=True)


if __name__ == "__main__":
    main()
