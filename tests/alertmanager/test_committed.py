"""The committed Alertmanager configuration routes as its own table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from asynq_mon_codegen.generators.alertmanager import CONFIG, ROUTE_TESTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.outputs
def test_routes(amtool: Any) -> None:
    """amtool sends the labels of every row to the receivers of that row."""
    rows = yaml.safe_load((ROOT / ROUTE_TESTS).read_text(encoding="utf-8"))
    wrong = []
    for row in rows:
        labels = [f'{name}="{value}"' for name, value in row["labels"].items()]
        verify = f"--verify.receivers={','.join(row['receivers'])}"
        done = amtool("config", "routes", "test", f"--config.file={ROOT / CONFIG}", verify, *labels)
        if done.returncode:
            wrong.append((row, done.stdout, done.stderr))

    assert rows
    assert not wrong
