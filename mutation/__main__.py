"""Break the generated rules one place at a time and count what promtool's run of their tests notices.

    python -m mutation [--group waiting] [--out DIR] [--jobs N] [--fail-under 95]

Without --out, the committed outputs of this repository are tested.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from mutation.explained import why_survives
from mutation.operators import Mutant, mutants_of

PROMTOOL = os.environ.get("PROMTOOL", "promtool")


class Bench:
    """A copy of the rules in which one group at a time is broken."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.groups = {p.stem: yaml.safe_load(p.read_text()) for p in sorted((out / "rules").glob("*.yaml"))}
        self.tests = {p.stem: p.read_text() for p in sorted((out / "rules" / "tests").glob("*.yaml"))}

    def mutants(self, group: str) -> list[Mutant]:
        """Every mutant of a group."""
        return list(mutants_of(self.groups[group]["groups"][0]["rules"]))

    def noticed(self, group: str, mutant: Mutant) -> bool:
        """Whether a test that reads the group fails with the mutant in it."""
        data = yaml.safe_load(yaml.safe_dump(self.groups[group]))
        rules: list[Any] = data["groups"][0]["rules"]
        if mutant.rule is None:
            del rules[mutant.index]
        else:
            rules[mutant.index] = mutant.rule
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            shutil.copytree(self.out / "rules", root / "rules")
            (root / "rules" / f"{group}.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
            return any(not self._passes(root, name) for name in self._readers(group, mutant))

    def _readers(self, group: str, mutant: Mutant) -> list[str]:
        name = self.groups[group]["groups"][0]["rules"][mutant.index].get("record")
        readers = [t for t, text in self.tests.items() if f'"../{group}.yaml"' in text or f"../{group}.yaml" in text]
        if name:
            readers = [
                t
                for t in readers
                if t == group or name in (self.out / "rules" / f"{t}.yaml").read_text() or name in self.tests[t]
            ]
        return sorted(readers, key=lambda t: (t != group, len(self.tests[t])))

    @staticmethod
    def _passes(root: Path, name: str) -> bool:
        run = subprocess.run(
            [PROMTOOL, "test", "rules", str(root / "rules" / "tests" / f"{name}.yaml")],
            capture_output=True,
            check=False,
        )
        return run.returncode == 0


def main() -> int:
    """Run and print the score; 0 when it reaches the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--group", action="append")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fail-under", type=float, default=95.0)
    args = parser.parse_args()
    bench = Bench(args.out)
    work = [(g, m) for g in (args.group or bench.groups) for m in bench.mutants(g)]
    with ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda w: bench.noticed(*w), work))
    total: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    survivors = []
    for (group, mutant), noticed in zip(work, results, strict=True):
        total[mutant.operator] += 1
        killed[mutant.operator] += noticed
        if not noticed:
            rule = bench.groups[group]["groups"][0]["rules"][mutant.index]
            name = rule.get("alert") or rule.get("record")
            severity = rule.get("labels", {}).get("severity", "")
            survivors.append((group, f"{name} {severity}".strip(), mutant))
    for operator in total:
        print(f"{operator:14} {killed[operator]:4} of {total[operator]:4} noticed")
    print("\nSurvivors:" if survivors else "\nNo survivors.")
    for group, name, mutant in survivors:
        reason = why_survives(name, mutant.change) or "UNEXPLAINED"
        print(f"  {group}: {name}: {mutant.operator}: {mutant.change}\n      {reason}")
    every, dead = sum(total.values()), sum(killed.values())
    score = 100 * dead / every if every else 100.0
    print(f"\nmutation score: {dead} of {every} = {score:.1f} %")
    return 0 if score >= args.fail_under else 1


if __name__ == "__main__":
    sys.exit(main())
