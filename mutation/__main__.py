"""Break the generated rules one place at a time and count what promtool's run of their tests notices.

    python -m mutation [--group waiting] [--out DIR] [--jobs N] [--fail-under 95]

Without --out, the committed outputs of this repository are tested.
"""

from __future__ import annotations

import argparse
import os
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


Yaml = dict[str, Any]


class Bench:
    """Copies of the rules in which one place is broken.

    Only the tests of alerts that read the broken rule are run, and only with the rules that they
    read: promtool looks at one alert name per check, so no other test could notice.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.groups = {p.stem: _read(p) for p in sorted((out / "rules").glob("*.yaml"))}
        self.tests = {p.stem: _read(p) for p in sorted((out / "rules" / "tests").glob("*.yaml"))}

    def rules(self, group: str) -> list[Yaml]:
        """The rules of a group."""
        found: list[Yaml] = self.groups[group]["groups"][0]["rules"]
        return found

    def mutants(self, group: str) -> list[Mutant]:
        """Every mutant of a group."""
        return list(mutants_of(self.rules(group)))

    def noticed(self, group: str, mutant: Mutant) -> bool:
        """Whether a test fails with the mutant in place of its rule."""
        rules = list(self.rules(group))
        rules[mutant.index : mutant.index + 1] = [] if mutant.rule is None else [mutant.rule]
        original = self.rules(group)[mutant.index]
        alerts = {original["alert"]} if "alert" in original else self._readers(original["record"])
        names = alerts | ({original["record"]} if "record" in original else set())
        broken = {**self.groups, group: {"groups": [{**self.groups[group]["groups"][0], "rules": rules}]}}
        return any(
            not self._passes(broken, name, alerts, names) for name in sorted(self.tests, key=lambda t: t != group)
        )

    def _readers(self, record: str) -> set[str]:
        """The alerts that read a recorded series, directly or through another."""
        names, found = {record}, set[str]()
        every = [rule for group in self.groups for rule in self.rules(group)]
        for _ in every:  # as often as a chain could be long; ends when nothing is new
            before = len(names) + len(found)
            for rule in every:
                if any(name in rule["expr"] for name in names):
                    names |= {rule["record"]} if "record" in rule else set()
                    found |= {rule["alert"]} if "alert" in rule else set()
            if len(names) + len(found) == before:
                break
        return found

    def _passes(self, groups: dict[str, Yaml], name: str, alerts: set[str], names: set[str]) -> bool:
        test = self.tests[name]
        own = [
            t
            for t in test["tests"]
            if t["name"].rpartition(": ")[0] in names or alerts & set(t["name"].split(":")[0].split(", "))
        ]
        if not own:
            return True
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "tests").mkdir()
            for path in test["rule_files"]:
                group = Path(path).stem
                first = groups[group]["groups"][0]
                read = [r for r in first["rules"] if "record" in r or r["alert"] in alerts]
                _write(root / f"{group}.yaml", {"groups": [{**first, "rules": read}]})
            _write(root / "tests" / f"{name}.yaml", {**test, "tests": own})
            run = subprocess.run(
                [PROMTOOL, "test", "rules", str(root / "tests" / f"{name}.yaml")], capture_output=True, check=False
            )
        return run.returncode == 0


def _read(path: Path) -> Yaml:
    data: Yaml = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return data


def _write(path: Path, data: Yaml) -> None:
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")


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
            rule = bench.rules(group)[mutant.index]
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
