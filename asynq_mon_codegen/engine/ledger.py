"""What has been done already, in a file: a second run goes on where the first one ended."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import Any

from asynq_mon_codegen.files import replace_file

__all__ = ["Ledger"]


class Ledger:
    """The names of finished parts and some numbers; each addition replaces the file at once. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._parts: set[str] = set()
        self._numbers: dict[str, int] = {}
        try:
            data: Any = json.loads(path.read_text(encoding="utf-8"))
            self._parts = set(data["parts"])
            self._numbers = {str(k): int(v) for k, v in data["numbers"].items()}
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            pass  # nothing was finished, as far as anybody can tell

    def __contains__(self, part: str) -> bool:
        return part in self._parts

    def number(self, name: str, default: int) -> int:
        """A number that was noted before."""
        return self._numbers.setdefault(name, default)

    def add(self, *parts: str, **counts: int) -> None:
        """Note that parts are finished; counts are added to the numbers of these names."""
        with self._lock:
            self._parts.update(parts)
            for name, count in counts.items():
                self._numbers[name] = self._numbers.get(name, 0) + count
            self._write()

    def _write(self) -> None:
        data = {"parts": sorted(self._parts), "numbers": self._numbers}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, json.dumps(data))
