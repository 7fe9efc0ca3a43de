"""``python scripts/recording``: write the demo recording of ``asynq-mon preview`` from the story (``make recording``).

With ``--check`` nothing is written, and the exit code is 1 when the file is not the story's.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import sys
from itertools import pairwise
from pathlib import Path

import story
import systems

PLACE = Path(__file__).resolve().parents[2] / "asynq_mon_codegen" / "preview" / "demo" / "recording.jsonl.xz"
DIGITS = 5
"""A step of a value is a hundred thousandth of what the series ranges over."""


def main() -> int:
    """Write the recording, or compare it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="write nothing")
    made = text()
    if arguments.parse_args().check:
        current = PLACE.exists() and lzma.decompress(PLACE.read_bytes()).decode() == made
        print(f"{PLACE.name} is {'current' if current else 'stale: run make recording'}")
        return 0 if current else 1
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_bytes(lzma.compress(made.encode(), preset=9 | lzma.PRESET_EXTREME))
    series, size = len(made.splitlines()) - 1, PLACE.stat().st_size
    print(f"{PLACE.name}: {series} series of {len(story.TIMES)} points, {size:,} bytes")
    return 0


def text() -> str:
    """The recording: a line of JSON about the time, then one for each series, values as differences."""
    head = {"start": story.TIMES[0], "step": story.STEP, "count": len(story.TIMES), "shown_from": story.START}
    lines = [_json(head)]
    told = {queue.name: story.moments(queue) for queue in story.QUEUES}
    for one in (*story.all_series(told), *systems.all_series(told)):
        places = _places(one.values)
        whole = [round(value * 10**places) for value in one.values]
        steps = [whole[0], *(b - a for a, b in pairwise(whole))]
        lines.append(_json({"name": one.name, "labels": one.labels, "places": places, "steps": steps}))
    return "\n".join(lines) + "\n"


def _json(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _places(values: list[float]) -> int:
    """Decimal places to keep."""
    if all(float(value).is_integer() for value in values):
        return 0
    spread = (max(values) - min(values)) or max(map(abs, values))
    return max(0, DIGITS - 1 - math.floor(math.log10(spread)))


if __name__ == "__main__":
    sys.exit(main())
