"""The committed outputs, judged by the real promtool and amtool (PROMTOOL and AMTOOL choose which)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
AMTOOL = os.environ.get("AMTOOL", "amtool")

pytestmark = pytest.mark.outputs


def committed(pattern: str) -> list[str]:
    """The files that match, relative to the repository; there must be some."""
    found = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))
    assert found, f"no file matches {pattern}"
    return found


def accepts(*command: str) -> None:
    """Run a checker in the repository; its complaint is the test's."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_are_valid() -> None:
    """Prometheus loads every rule file, and its linter has nothing to say."""
    accepts(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *committed("rules/*.yaml"))


def test_rule_tests_pass() -> None:
    """Every generated rule test passes."""
    accepts(PROMTOOL, "test", "rules", *committed("rules/tests/*.yaml"))


def test_alertmanager_config_is_valid() -> None:
    """Alertmanager loads the configuration and its message templates."""
    accepts(AMTOOL, "check-config", *committed("alertmanager/alertmanager.yaml"))
