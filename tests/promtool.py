"""What a plan makes, put through the real promtool (PROMTOOL chooses which)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.plan import Plan

PROMTOOL = os.environ.get("PROMTOOL", "promtool")


def written(plan: Plan, folder: Path) -> list[Path]:
    """Rules and their generated tests as files; the tests."""
    for artifact in (*rules.generate(plan), *rule_tests.generate(plan)):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    return sorted((folder / "rules" / "tests").glob("*.yaml"))


def checked(plan: Plan, folder: Path, *groups: str) -> None:
    """promtool takes the rules, and the tests of these groups pass."""
    written(plan, folder)
    files = sorted(map(str, (folder / "rules").glob("*.yaml")))
    tests = [str(folder / "rules" / "tests" / f"{group}.yaml") for group in groups]
    for command in (
        [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *files],
        [PROMTOOL, "test", "rules", *tests],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
