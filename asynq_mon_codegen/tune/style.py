"""The line length that a project has chosen for its Python files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

__all__ = ["line_length_for"]

_DEFAULT = 88
"""What ruff and black take where a project uses them and says nothing."""


def line_length_for(path: Path) -> int | None:
    """The line length of the nearest configuration of ruff or black above the file; None where there is none."""
    for folder in path.absolute().parents:
        for name in (".ruff.toml", "ruff.toml", "pyproject.toml"):
            length = _length(folder / name)
            if length is not None:
                return length
    return None


def _length(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            found: dict[str, Any] = tomllib.load(file)
    except (OSError, ValueError):
        return None
    if path.name == "pyproject.toml":
        tools = found.get("tool", {})
        found = tools.get("ruff", tools.get("black"))
        if found is None:
            return None
    length = found.get("line-length", _DEFAULT)
    return length if isinstance(length, int) else None
