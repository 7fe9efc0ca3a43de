"""Where the line length of a declaration comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynq_mon_codegen.tune.style import line_length_for


@pytest.mark.parametrize(
    ("name", "text", "length"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 120\n", 120),
        ("pyproject.toml", "[tool.black]\nline-length = 79\n", 79),
        ("pyproject.toml", "[tool.ruff.lint]\nselect = []\n", 88),
        ("ruff.toml", "line-length = 99\n", 99),
        (".ruff.toml", "", 88),
    ],
)
def test_the_nearest_configuration(tmp_path: Path, name: str, text: str, length: int) -> None:
    """One that says nothing of ruff or black, or cannot be read, is passed over."""
    (tmp_path / "ruff.toml").write_text("line-length = 70\n")
    inner = tmp_path / "a"
    (inner / "b" / "c").mkdir(parents=True)
    (inner / name).write_text(text)
    (inner / "b" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (inner / "b" / "c" / "ruff.toml").write_text("line-length = \n")
    assert line_length_for(inner / "b" / "c" / "monitoring.py") == length
