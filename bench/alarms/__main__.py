"""How well learnt thresholds tell incidents, beside constants and beside mean + n * sigma.

    python -m bench.alarms [--queues 56] [--seed 1] [--judge 2 3] [--json FILE]

Each queue lives for eight weeks: four of history, four that are judged. With --judge, the scales that are the best
for the weeks of the seed are judged once more on the weeks of other seeds, by which they were not chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.alarms.engine import levels
from bench.alarms.scoring import STRATEGIES, Score, score
from bench.alarms.traffic import THREATS, lives

SCALES = tuple(round(0.3 * 1.06**i, 3) for i in range(46))
RECALLS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
_PART = 28
_HEAD = "| thresholds | scale | recall | false alarms per queue-week | median delay | " + " | ".join(THREATS) + " |"
_LINE = "|" + "---|" * (5 + len(THREATS))


def _row(name: str, found: Score) -> str:
    return (
        f"| {name} | {found.scale:g} | {found.recall:.0%} | {found.false_per_week:.3f} | {found.delay:.0f} min | "
        + " | ".join(f"{a / b:.0%}" if b else "" for a, b in found.told.values())
        + " |"
    )


def main() -> None:
    """Prints the tables of docs/dynamic-thresholds.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--queues", type=int, default=56)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judge", type=int, nargs="*", default=[], metavar="SEED")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    began = time.monotonic()
    curves = _curves(args.queues, args.seed)
    best = at_one_recall(curves)
    print(report(curves, best))
    weeks = curves["static"][0].queue_weeks
    print(f"\n{args.queues} queues, {weeks} queue-weeks, seed {args.seed}, {time.monotonic() - began:.0f} s")
    for seed in args.judge:
        there = _curves(args.queues, seed)
        print(f"\nThe same scales, judged on seed {seed} (after {time.monotonic() - began:.0f} s):\n\n{_HEAD}\n{_LINE}")
        for name, chosen in best.items():
            if chosen is not None:
                print(_row(name, next(s for s in there[name] if s.scale == chosen.scale)), flush=True)
    if args.json:
        args.json.write_text(json.dumps(_data(curves), indent=1), encoding="utf-8")


def _curves(count: int, seed: int) -> dict[str, list[Score]]:
    """What each strategy does at each scale, on the weeks of a seed."""
    queues = list(lives(count, seed))
    parts = [queues[i : i + _PART] for i in range(0, len(queues), _PART)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(pool.map(levels, parts))
    learnt = {key: {q: v for part in found for q, v in part[key].items()} for key in found[0]}
    return {s: score(s, queues, learnt, SCALES) for s in STRATEGIES}


def at_one_recall(curves: dict[str, list[Score]]) -> dict[str, Score | None]:
    """Each strategy at the recall that static thresholds have by default, with the fewest false alarms."""
    goal = _default(curves["static"]).recall
    return {name: _fewest(curve, goal) for name, curve in curves.items()}


def _default(curve: list[Score]) -> Score:
    return min(curve, key=lambda s: abs(s.scale - 1))


def report(curves: dict[str, list[Score]], best: dict[str, Score | None]) -> str:
    """Two tables: each strategy as it is set by default, and all of them at one recall."""
    default = {name: _default(curve) for name, curve in curves.items()}
    out = ["As set by default:", "", _HEAD, _LINE, *(_row(n, s) for n, s in default.items())]
    goal = default["static"].recall
    out += ["", f"At the recall of static thresholds ({goal:.0%}), the scale of each with the fewest false alarms:", ""]
    out += [_HEAD, _LINE]
    out += [_row(n, s) if s else f"| {n} | | never reaches it |" + " |" * (2 + len(THREATS)) for n, s in best.items()]
    out += ["", "False alarms at that point by signal:", ""]
    for name, found in best.items():
        if found:
            out.append(f"- {name}: " + ", ".join(f"{signal} {n}" for signal, n in found.by_signal.items()))
    out += ["", "Fewest false alarms per queue-week at a recall of at least:", ""]
    out += ["| thresholds | " + " | ".join(f"{r:.0%}" for r in RECALLS) + " |", "|" + "---|" * (1 + len(RECALLS))]
    for name, curve in curves.items():
        cells = [_fewest(curve, r) for r in RECALLS]
        out.append(f"| {name} | " + " | ".join(f"{c.false_per_week:.3f}" if c else "never" for c in cells) + " |")
    return "\n".join(out)


def _fewest(curve: list[Score], recall: float) -> Score | None:
    """The scale with the fewest false alarms among those that reach the recall."""
    return min((s for s in curve if s.recall >= recall), key=lambda s: s.false_alarms, default=None)


def _data(curves: dict[str, list[Score]]) -> dict[str, Any]:
    return {
        name: [
            {"scale": s.scale, "recall": s.recall, "false_per_week": s.false_per_week, "delay": s.delay} for s in curve
        ]
        for name, curve in curves.items()
    }


if __name__ == "__main__":
    main()
