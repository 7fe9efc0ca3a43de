"""``python -m lab``: play scenarios, several at once, and write the detection matrix."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from lab import matrix
from lab.processes import LabError
from lab.report import Report
from lab.run import play, save
from lab.scenario import Scenario, Suite, scenario, scenarios_of
from lab.tools import go_programs, program
from lab.versions import versions

_FACTOR = 20
_MINUTE = 60


@click.group()
def main() -> None:
    """Break a real asynq and look at what its monitoring says."""


@main.command("list")
def list_scenarios() -> None:
    """List the scenarios and how long each takes at the usual time factor."""
    for name, story in scenarios_of(Suite.FULL).items():
        minutes = story.length.seconds / _FACTOR / _MINUTE
        click.echo(f"{name:34} {minutes:5.1f} min  {story.title}")


@main.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--factor", default=_FACTOR, show_default=True, help="How many times faster time runs.")
def one(name: str, folder: Path, factor: int) -> None:
    """Play one scenario in FOLDER, whose report and logs stay there."""
    _heed_signals()
    folder.mkdir(parents=True, exist_ok=True)
    report = play(name, scenario(name), folder, factor, say=lambda text: click.echo(f"{name}: {text}", err=True))
    save(report, folder / "report.json")
    _tell(Console(), report)
    sys.exit(1 if report.problems else 0)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--suite", type=click.Choice([s.value for s in Suite]), default=Suite.FULL.value, show_default=True)
@click.option("--jobs", default=4, show_default=True, help="How many labs run at once.")
@click.option("--factor", default=_FACTOR, show_default=True, help="How many times faster time runs.")
@click.option("--write/--no-write", default=True, help="Whether docs/detection.md is brought up to date.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the folders of the labs here.")
def run(names: tuple[str, ...], suite: str, jobs: int, factor: int, write: bool, keep: Path | None) -> None:
    """Play scenarios (all of a suite, or those named) and write the detection matrix."""
    _heed_signals()
    stories = scenarios_of(Suite(suite))
    if names:
        stories = {name: scenario(name) for name in names}
    go_programs()
    folder = keep or Path(tempfile.mkdtemp(prefix="asynq-mon-lab-"))
    players = _Players(folder, factor, Console())
    try:
        reports = players.play(stories, jobs)
    finally:
        players.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if write:
        _write(reports, factor)
    failed = [n for n in stories if n not in reports or reports[n].problems]
    click.echo(f"{len(stories) - len(failed)} of {len(stories)} scenarios went as they must")
    sys.exit(1 if failed else 0)


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--factor", default=_FACTOR, show_default=True, help="How many times faster time ran.")
def collect(folders: tuple[Path, ...], factor: int) -> None:
    """Bring docs/detection.md up to date from what `run --keep` left in FOLDERS, the last one counts."""
    _write({p.parent.name: _report(p) for f in folders for p in sorted(f.glob("*/report.json"))}, factor)


def _write(reports: dict[str, Report], factor: int) -> None:
    today, used = datetime.now(UTC).date().isoformat(), tuple(versions().items())
    rows = {n: matrix.Row(report=r, date=today, factor=factor, versions=used) for n, r in reports.items()}
    matrix.write(matrix.merged(matrix.load(matrix.MATRIX), rows, scenarios_of(Suite.FULL)))


def _report(path: Path) -> Report:
    return Report(**json.loads(path.read_text(encoding="utf-8")))


class _Players:
    """Scenarios under way, each in a process of its own."""

    def __init__(self, folder: Path, factor: int, console: Console) -> None:
        self._folder, self._factor, self._console = folder, factor, console
        self._children: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._stopping = False

    def play(self, stories: dict[str, Scenario], jobs: int) -> dict[str, Report]:
        """The reports by name; a lab that broke has none."""
        together = {n: s for n, s in stories.items() if not s.alone}
        longest_first = sorted(together, key=lambda n: -together[n].length.milliseconds)
        with ThreadPoolExecutor(jobs) as pool:
            try:
                found = dict(zip(longest_first, pool.map(self._one, longest_first), strict=True))
            except BaseException:
                self.stop()  # the pool waits for its threads, which wait for the children
                raise
        found |= {name: self._one(name) for name, story in stories.items() if story.alone}
        return {name: report for name, report in found.items() if report}

    def stop(self) -> None:
        """End what still runs, and let nothing more begin."""
        with self._lock:
            self._stopping = True
            running = [child for child in self._children if child.poll() is None]
        for child in running:
            child.terminate()
        for child in running:
            child.wait()

    def _one(self, name: str) -> Report | None:
        folder = self._folder / name
        # A lab ends with whoever plays it, also when that is killed.
        command = [program("setpriv"), "--pdeathsig", "TERM", "--"]
        command += [sys.executable, "-m", "lab", "one", name, str(folder), "--factor", str(self._factor)]
        with self._lock:
            if self._stopping:
                return None
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            self._children.append(child)
        _, told = child.communicate()
        path = folder / "report.json"
        if not path.exists():
            self._console.print(f"[red]broken[/] {name}: {told.strip()[-2000:]}", highlight=False)
            return None
        report = _report(path)
        with self._lock:
            _tell(self._console, report)
        return report


def _tell(console: Console, report: Report) -> None:
    verdict = "[green]ok[/]    " if not report.problems else "[red]failed[/]"
    fired = f", {report.first} first, told after {report.told:.0f} s" if report.told is not None else ""
    console.print(f"{verdict} {report.name}: {report.title}{fired}, {report.notifications} messages", highlight=False)
    for problem in report.problems:
        console.print(f"         {problem}", highlight=False, markup=False)


def _heed_signals() -> None:
    """SIGINT too, which a shell tells its background commands to ignore."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except LabError as error:
        sys.exit(f"lab: {error}")
