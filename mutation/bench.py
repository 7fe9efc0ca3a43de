"""The tests that could notice that a rule is broken, and promtool's run of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

from asynq_mon_codegen.duration import duration
from mutation.operators import Mutant, mutants_of

__all__ = ["Bench", "Trial"]

PROMTOOL = os.environ.get("PROMTOOL", "promtool")

Yaml = dict[str, Any]

_BATCHES = (0.1, 0.4, 1.0)
"""Up to which share of the whole cost a batch goes: most mutants are noticed by the first, so the rest is not run."""


class Bench:
    """The rules and rule tests of an output folder."""

    def __init__(self, out: Path) -> None:
        self.groups = {p.stem: _read(p)["groups"][0] for p in sorted((out / "rules").glob("*.yaml"))}
        self.tests = {p.stem: _read(p) for p in sorted((out / "rules" / "tests").glob("*.yaml"))}

    def rules(self, group: str) -> list[Yaml]:
        """The rules of a group."""
        found: list[Yaml] = self.groups[group]["rules"]
        return found

    def mutants(self, group: str) -> dict[int, list[Mutant]]:
        """Every mutant of a group, by the index of its rule."""
        found: dict[int, list[Mutant]] = {i: [] for i in range(len(self.rules(group)))}
        for mutant in mutants_of(self.rules(group)):
            found[mutant.index].append(mutant)
        return found

    def trial(self, group: str, index: int, folder: Path) -> Trial:
        """Lay out, in an empty folder, what could notice that a rule is broken.

        Those are the tests of alerts that read the rule, and the tests of the rule itself, with the rules that they
        read: promtool looks at one alert name per check, so no other test could notice.
        """
        rule = self.rules(group)[index]
        alerts = {rule["alert"]} if "alert" in rule else self._readers(rule["record"])
        names = alerts | ({rule["record"]} if "record" in rule else set())
        own = [(file, test) for file in self.tests for test in self.tests[file]["tests"] if _concerns(test, names)]
        needed = self._needed(alerts, names, [test for _, test in own])
        (folder / "tests").mkdir()
        for name, found in self.groups.items():
            _write(
                folder / f"{name}.yaml", {"groups": [{**found, "rules": [r for r in found["rules"] if r in needed]}]}
            )
        costs = {}
        for number, (file, test) in enumerate(own):
            path = folder / "tests" / f"{number}.yaml"
            _write(path, {**self.tests[file], "tests": [test]})
            costs[path] = _cost(test, self.tests[file]["evaluation_interval"])
        return Trial(group=self.groups[group], index=index, needed=needed, path=folder / f"{group}.yaml", costs=costs)

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

    def _needed(self, alerts: set[str], names: set[str], tests: list[Yaml]) -> list[Yaml]:
        """The alerts, and every recording rule that they, or the tests, read, directly or through another."""
        every = [rule for group in self.groups for rule in self.rules(group)]
        found = [r for r in every if r.get("alert") in alerts or r.get("record") in names]
        read = [check["expr"] for test in tests for check in test.get("promql_expr_test", ())]
        read += [rule["expr"] for rule in found]
        while read:
            text = read.pop()
            more = [r for r in every if "record" in r and r["record"] in text and r not in found]
            found += more
            read += [rule["expr"] for rule in more]
        return found


@frozen(kw_only=True)
class Trial:
    """What could notice that one rule is broken, in a folder of its own: one file for each test, cheap ones first."""

    group: Yaml
    index: int
    needed: list[Yaml]
    path: Path
    """The file of the rule's group."""
    costs: dict[Path, int]
    """Of each test's file: the evaluations, times the series that they look at."""
    kills: Counter[Path] = field(factory=Counter)
    """How many mutants each test has noticed so far; who has noticed one is asked first about the next."""

    def failing(self) -> list[Path]:
        """The tests that fail although the rule is whole."""
        return self._failing(self.costs)

    def noticed(self, mutant: Mutant) -> bool:
        """Whether a test fails with the mutant in place of its rule."""
        rules = [(i, r) for i, r in enumerate(self.group["rules"]) if i == self.index or r in self.needed]
        broken = [mutant.rule if i == self.index else r for i, r in rules]
        _write(self.path, {"groups": [{**self.group, "rules": [r for r in broken if r is not None]}]})
        for batch in self._batches():
            failed = self._failing(batch)
            self.kills.update(failed)
            if failed:
                return True
        return False

    def _batches(self) -> Iterator[list[Path]]:
        left = sorted(self.costs, key=lambda p: (self.costs[p] / (1 + self.kills[p]), p.name))
        whole, spent = sum(self.costs.values()), 0
        for share in _BATCHES:
            batch: list[Path] = []
            while left and (not batch or spent + self.costs[left[0]] <= share * whole):
                spent += self.costs[left[0]]
                batch.append(left.pop(0))
            if batch:
                yield batch

    def _failing(self, files: Iterable[Path]) -> list[Path]:
        paths = [str(p) for p in files]
        if not paths:
            return []
        command = [PROMTOOL, "test", "rules", *paths]
        run = subprocess.run(command, capture_output=True, check=False, text=True)
        if run.returncode == 0:
            return []
        said = re.findall(r"Unit Testing: +(\S+)\n +(?!SUCCESS)", run.stdout + run.stderr)
        return [Path(p) for p in said] or [Path(p) for p in paths]


def _concerns(test: Yaml, names: set[str]) -> bool:
    whole, first = test["name"].rpartition(": ")[0], test["name"].split(":")[0]
    return whole in names or bool(names & set(first.split(", ")))


def _cost(test: Yaml, interval: str) -> int:
    checks = [*test.get("alert_rule_test", ()), *test.get("promql_expr_test", ())]
    latest = max((duration(check["eval_time"]).milliseconds for check in checks), default=0)
    return (1 + latest // duration(interval).milliseconds) * (1 + len(test["input_series"]))


def _read(path: Path) -> Yaml:
    data: Yaml = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return data


def _write(path: Path, data: Yaml) -> None:
    """JSON is YAML, and far faster to write."""
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
