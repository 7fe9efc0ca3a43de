"""Run the benchmarks: `python -m bench [PART ...] [--write]`.

Each part prints its tables; with --write they also take the place of those in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from bench import backtest, dashboards, deployed, evaluation, generation
from bench.table import Table
from bench.tools import ROOT

PARTS: Mapping[str, Callable[[], Iterator[Table]]] = {
    "generation": generation.tables,
    "evaluation": evaluation.tables,
    "deployed": deployed.tables,
    "dashboards": dashboards.tables,
    "backtest": backtest.tables,
}
PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run the parts that are named, all of them unless told otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    for unknown in sorted({*arguments.parts} - {*PARTS}):
        parser.error(f"there is no part {unknown!r}; there are {', '.join(PARTS)}")
    for name in arguments.parts or PARTS:
        begun, load = time.monotonic(), os.getloadavg()[0]
        texts = []
        for table in PARTS[name]():
            texts.append(table.text())
            print(texts[-1], end="\n\n", flush=True)
        told = (
            f"`python -m bench {name}`, {time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, "
            f"{platform.system()}, Python {platform.python_version()}; load {load:.1f} before and "
            f"{os.getloadavg()[0]:.1f} after {time.monotonic() - begun:.0f} s."
        )
        print(told, end="\n\n", flush=True)
        if arguments.write:
            _write(name, "\n\n".join([*texts, told]))
    return 0


def _write(name: str, body: str) -> None:
    """Put the results of a part between its markers on the page."""
    text = PAGE.read_text(encoding="utf-8")
    pattern = rf"(<!-- {name}: made by make bench -->\n).*?(<!-- end of {name} -->)"
    if not re.search(pattern, text, re.DOTALL):
        raise SystemExit(f"{PAGE}: there is no place for {name}")
    PAGE.write_text(re.sub(pattern, lambda m: f"{m[1]}\n{body}\n\n{m[2]}", text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
