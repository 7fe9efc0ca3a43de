"""Every example is a declaration without findings, and the tools accept what it makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from asynq_mon_codegen.build import build
from asynq_mon_codegen.verify import verify

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = [*sorted((ROOT / "examples").glob("*.py")), ROOT / "examples" / "fleet"]
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
AMTOOL = os.environ.get("AMTOOL", "amtool")


def test_there_are_examples() -> None:
    """The README points at them."""
    assert [e.stem for e in EXAMPLES] == ["dynamic", "high_traffic", "orders", "simple", "slo", "fleet"]


@pytest.mark.outputs
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example: Path, tmp_path: Path) -> None:
    """No findings; promtool tests and amtool checks pass."""
    bundle = build(example)
    assert bundle.problems == ()
    assert verify(bundle.plan, bundle.artifacts) == ()
    for artifact in bundle.artifacts:
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    rules = sorted(map(str, (tmp_path / "rules").glob("*.yaml")))
    tests = sorted(map(str, (tmp_path / "rules" / "tests").glob("*.yaml")))
    for command in (
        [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *rules],
        [PROMTOOL, "test", "rules", *tests],
        [AMTOOL, "check-config", str(tmp_path / "alertmanager" / "alertmanager.yaml")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[:3]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
