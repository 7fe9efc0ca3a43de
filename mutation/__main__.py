"""Break the generated rules one place at a time and count what promtool's run of their tests notices.

    python -m mutation [--group waiting] [--config DECLARATION | --out DIR] [--jobs N] [--fail-under 95]

Without --config and --out, the committed outputs of this repository are tested. The survivors of a group are
told when it is finished, its score on stderr too, and the whole score at the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from mutation.bench import Bench
from mutation.explained import why_survives
from mutation.operators import Mutant

Result = tuple[Mutant, bool]


def _of_rule(bench: Bench, group: str, index: int, mutants: list[Mutant]) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        trial = bench.trial(group, index, Path(folder))
        if trial.failing():
            name = _name(bench, group, index)
            raise SystemExit(
                f"{group}: {name}: its tests fail with the rule as it is; generate again, then run promtool"
            )
        return [(mutant, trial.noticed(mutant)) for mutant in mutants]


def _name(bench: Bench, group: str, index: int) -> str:
    rule = bench.rules(group)[index]
    return f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('severity', '')}".strip()


def _score(results: list[Result]) -> str:
    noticed = sum(noticed for _, noticed in results)
    return f"{noticed:4} of {len(results):4} noticed = {100 * noticed / len(results) if results else 100:5.1f} %"


def _survivors(bench: Bench, group: str, results: list[Result]) -> None:
    for mutant in (mutant for mutant, noticed in results if not noticed):
        name = _name(bench, group, mutant.index)
        reason = why_survives(name, mutant.change) or "UNEXPLAINED"
        print(f"{group}: {name}: {mutant.operator}: {mutant.change}\n    {reason}", flush=True)


def _report(results: dict[str, list[Result]]) -> None:
    every = [result for found in results.values() for result in found]
    print()
    for operator in Counter(mutant.operator for mutant, _ in every):
        print(f"{operator:14} {_score([r for r in every if r[0].operator == operator])}")
    print()
    for group, found in results.items():
        print(f"{group:14} {_score(found)}")
    print(f"\nmutation score: {_score(every).strip()}")


def _run(bench: Bench, groups: list[str], jobs: int) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for group in groups:
            start = time.monotonic()
            rules = bench.mutants(group).items()
            found = pool.map(lambda rule, group=group: _of_rule(bench, group, *rule), rules)
            results[group] = [result for of_rule in found for result in of_rule]
            _survivors(bench, group, results[group])
            print(
                f"{group:14} {_score(results[group])} in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True
            )
    return results


def main() -> int:
    """Run and print the score; 0 when it reaches the bar."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=(__doc__ or "").splitlines()[0])
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--config", type=Path, metavar="DECLARATION", help="generate from it into a temporary folder")
    source.add_argument("--out", type=Path, default=Path(__file__).parent.parent, help="a folder of outputs")
    parser.add_argument("--group", action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fail-under", type=float, default=95.0)
    args = parser.parse_args()
    with ExitStack() as stack:
        out = args.out
        if args.config:
            out = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            command = [sys.executable, "-m", "asynq_mon_codegen", "generate", "--config", str(args.config)]
            command += ["--out", str(out), "--only", "rules", "--only", "tests"]
            if code := subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                return code
        bench = Bench(out)
    if unknown := sorted(set(args.group or ()) - set(bench.groups)):
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(bench.groups) or 'none'}")
    results = _run(bench, args.group or list(bench.groups), args.jobs)
    _report(results)
    every = [noticed for found in results.values() for _, noticed in found]
    return 0 if 100 * sum(every) >= args.fail_under * len(every) else 1


if __name__ == "__main__":
    sys.exit(main())
