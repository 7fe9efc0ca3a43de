"""Blocks made from tracks, read back by promtool."""

import subprocess
from pathlib import Path

from bench.history import Track, write
from bench.prometheus import PROMTOOL

END = 1_700_000_000
HOUR = 3600


def _track(hours: float, until: float, step: int) -> Track:
    return Track(series='a{b="c"}', value=lambda s: s, hours=hours, until=until, step=step)


def test_times() -> None:
    """Both ends are kept where they are steps, and never exceeded where they are not."""
    assert _track(2, 1, 600).times(END) == range(END - 2 * HOUR, END - HOUR + 1, 600)
    assert _track(1.9, 1.05, HOUR).times(END) == range(END - HOUR, END - 2 * HOUR + 1, HOUR)
    assert not _track(1.9, 1.05, HOUR).times(END)


def test_write_reads_back(tmp_path: Path) -> None:
    """A series in two tracks over several blocks comes back with exactly the samples that were written."""
    tracks = [_track(30, 29, 600), _track(1, 0, 600)]
    (tmp_path / "data" / "wal").mkdir(parents=True)  # without it promtool takes nothing for a database
    written = write(tracks, tmp_path, END, block_hours=6)
    dump = subprocess.run(
        [PROMTOOL, "tsdb", "dump", str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    found = sorted(tuple(map(int, line.rsplit(" ", 2)[1:])) for line in dump.stdout.splitlines())
    expected = [(i * 600, (END - 30 * HOUR + i * 600) * 1000) for i in range(7)]
    expected += [(i * 600, (END - HOUR + i * 600) * 1000) for i in range(7)]
    assert written == len(expected)
    assert found == sorted(expected)
    assert len(list((tmp_path / "data").glob("*/meta.json"))) > 1
    assert not list(tmp_path.glob("*.txt"))
